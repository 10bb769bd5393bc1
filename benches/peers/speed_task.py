"""A made table of 40 columns whose truth is known: the input of the comparison of training speed.

Half of what is known comes from single columns, bent and cut; the rest from pairs: products, agreements of two cuts,
slopes that differ by level. Twelve of the columns are missing in 15 % of rows, and two of these say so by being missing.
"""

import json

import numpy as np

NUMBERS, COUNTS, FLAGS, LEVELS = 16, 8, 8, [4, 5, 8, 12, 20, 30, 40, 60]
MISSING = 0.15
SEED = 20_240


def draw(rows, seed=SEED):
    """Columns (float32, missing is NaN; levels as whole numbers), names and kinds, outcomes, and the true probabilities."""
    random = np.random.default_rng(seed)
    shape = np.random.default_rng(SEED)
    numbers = random.standard_normal((NUMBERS, rows)).astype(np.float32)
    counts = random.poisson(shape.uniform(0.5, 6, COUNTS)[:, None], (COUNTS, rows)).astype(np.float32)
    flags = (random.random((FLAGS, rows)) < shape.uniform(0.1, 0.6, FLAGS)[:, None]).astype(np.float32)
    levels = np.stack([np.floor(size * random.random(rows) ** 1.6) for size in LEVELS]).astype(np.float32)
    weights = [shape.standard_normal(size) for size in LEVELS]
    level = lambda index: weights[index][levels[index].astype(int)]
    gaps = np.zeros((NUMBERS + COUNTS + FLAGS + len(LEVELS), rows), bool)
    for index in [*range(2, 12), NUMBERS + 1, NUMBERS + 6]:
        gaps[index] = random.random(rows) < MISSING
    # What is missing counts as 0 in the truth, so that the best possible is within reach of who sees the table.
    numbers[gaps[:NUMBERS]], counts[gaps[NUMBERS:NUMBERS + COUNTS]] = 0, 0
    odds = -3.6 + 0.4 * gaps[4] + 0.4 * gaps[9]
    for index in range(10):
        x = numbers[index]
        odds += 0.5 * [x, np.sin(1.5 * x), np.abs(x) - 0.8, np.where(x > 0.7, 1.2, -0.4), np.tanh(3 * x)][index % 5]
    for index in range(5):
        odds += 0.4 * (np.log1p(counts[index]) - 1)
        odds += (0.5 - 0.2 * index) * flags[index]
        odds += 0.4 * level(index)
    for a, b in [(0, 1), (2, 10), (3, 4)]:
        odds += 0.22 * numbers[a] * numbers[b]
    for a, b in [(5, 11), (6, 7)]:
        odds += np.where((numbers[a] > 0) == (numbers[b] > 0.3), 0.25, -0.25)
    odds += 0.2 * level(2) * np.tanh(numbers[8]) + 0.2 * level(5) * (flags[0] - 0.3)
    odds += np.where((counts[5] > 3) & (numbers[9] > 0), 0.5, 0) + 0.25 * (flags[5] - 0.4) * numbers[12]
    odds += 0.12 * np.maximum(numbers[13], 0) * (counts[0] - 2)
    columns = np.concatenate([numbers, counts, flags, levels])
    columns[gaps] = np.nan
    truth = 1 / (1 + np.exp(-1.1 * odds))
    names = [f"{kind}_{i}" for kind, n in (("number", NUMBERS), ("count", COUNTS), ("flag", FLAGS), ("level", len(LEVELS)))
             for i in range(n)]
    kinds = ["level" if name.startswith("level") else "number" for name in names]
    return columns, names, kinds, random.random(rows) < truth, truth


def write(folder, columns, names, kinds, outcomes):
    """The table as one file a column (float32, little-endian), `outcomes.u8`, and `columns.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, column in zip(names, columns):
        column.astype("<f4").tofile(folder / f"{name}.f32")
    outcomes.astype(np.uint8).tofile(folder / "outcomes.u8")
    listed = [{"name": name, "kind": kind} for name, kind in zip(names, kinds)]
    (folder / "columns.json").write_text(json.dumps({"rows": len(outcomes), "columns": listed}))


def read(folder):
    """What `write` wrote: columns, names, kinds and outcomes."""
    known = json.loads((folder / "columns.json").read_text())
    names = [column["name"] for column in known["columns"]]
    columns = np.stack([np.fromfile(folder / f"{name}.f32", "<f4") for name in names])
    kinds = [column["kind"] for column in known["columns"]]
    return columns, names, kinds, np.fromfile(folder / "outcomes.u8", np.uint8).astype(bool)
