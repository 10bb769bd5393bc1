#!/usr/bin/env python3
"""Matches two generated account lists with `propensity match` and with Splink on DuckDB, and checks both.

    match.py make FOLDER --accounts 1000000
    match.py run FOLDER --propensity target/release/propensity --out ../record/match-1000000.json
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import threading
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SHARED = 0.7
SUFFIXES = ["", " Inc", ", Inc.", " LLC", " Ltd", " Corp.", " Company", " GmbH", " S.A."]
WORDS = (
    "Solutions Systems Group Services Consulting Partners Holdings Technologies Industries Bank Insurance Foods Energy "
    "Logistics Construction Medical Software Design Supply Electric Capital Properties Media Transport Motors Plastics"
).split()
SHORT = {"Solutions": "Solns", "Systems": "Sys", "Services": "Svcs", "Technologies": "Tech", "Industries": "Inds"}
SYLLABLES = [a + b for a in "b br c ch d f g h k l m n p r s st t tr v w z".split() for b in "a e i o u an en or il".split()]


def make(folder: Path, n: int, seed: int) -> None:
    """Two lists of n accounts; 70 % of the second are companies of the first, written by other people."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    n_cities = 5000
    cities = [word.title() for word in made_up(rng, n_cities, 3)]
    n_shared = int(n * SHARED)
    total = 2 * n - n_shared
    # A surname is shared by some companies, as it is in the world: a long tail over a quarter as many as companies.
    surnames = [word.title() for word in made_up(rng, total // 4, 4)]
    owner = np.minimum((rng.pareto(1.2, total) * total / 40).astype(int), len(surnames) - 1)
    second = rng.integers(0, len(surnames), total)
    word = rng.integers(0, len(WORDS), total)
    kind = rng.random(total)
    names = []
    for i in range(total):
        name = f"{surnames[owner[i]]} {WORDS[word[i]]}"
        if kind[i] < 0.5:
            name = f"{surnames[owner[i]]} {surnames[second[i]]} {WORDS[word[i]]}"
        names.append(name)
    city = (rng.beta(0.6, 3.0, total) * n_cities).astype(int)
    has_domain = rng.random((2, total)) < 0.4
    zips = (city * 17 + rng.integers(0, 17, total)) % 99000 + 1000

    def table(prefix: str, who: np.ndarray, dirty: bool) -> pa.Table:
        draws = rng.random((len(who), 4))
        out = {"account_id": [], "name": [], "domain": [], "city": [], "postal_code": []}
        for place, company in enumerate(who):
            name = names[company]
            if dirty:
                name = soil(rng, name, draws[place])
            out["account_id"].append(f"{prefix}{company:08d}")
            out["name"].append(name + SUFFIXES[rng.integers(0, len(SUFFIXES))])
            known = has_domain[1 if dirty else 0][company]
            out["domain"].append(f"{names[company].lower().replace(' ', '')}{company % 97}.com" if known else None)
            out["city"].append(cities[city[company]] if draws[place][3] > 0.2 else None)
            out["postal_code"].append(f"{zips[company]:05d}" if draws[place][2] > 0.4 else None)
        return pa.table(out)

    pq.write_table(table("R", rng.permutation(n), False), folder / "right.parquet")
    pq.write_table(table("L", n - n_shared + rng.permutation(n), True), folder / "left.parquet")


def made_up(rng: np.random.Generator, n: int, syllables: int) -> list[str]:
    draws = rng.integers(0, len(SYLLABLES), (n, syllables))
    length = rng.integers(2, syllables + 1, n)
    return ["".join(SYLLABLES[j] for j in row[:k]) for row, k in zip(draws, length)]


def soil(rng: np.random.Generator, name: str, draws: np.ndarray) -> str:
    words = name.split(" ")
    if draws[0] < 0.15:
        at = int(rng.integers(1, max(2, len(words[0]) - 1)))
        words[0] = words[0][:at] + "abcdefghijklmnopqrstuvwxyz"[rng.integers(0, 26)] + words[0][at + 1 :]
    elif draws[0] < 0.25:
        words = words[::-1]
    if draws[1] < 0.5:
        words = [SHORT.get(word, word) for word in words]
    return " ".join(words)


def measured(command: list[str], log: Path, limit: int) -> dict:
    """Wall and processor seconds and peak resident memory of a process; on a busy machine only the last two mean anything.

    A process that runs longer than `limit` seconds is stopped, and `stopped` says so.
    """
    start = time.perf_counter()
    with log.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT)
        alarm = threading.Timer(limit, process.terminate)
        alarm.start()
        _, status, usage = os.wait4(process.pid, 0)
        alarm.cancel()
    seconds = time.perf_counter() - start
    stopped = seconds >= limit
    if status != 0 and not stopped:
        sys.exit(f"{command[0]} failed, see {log}")
    cpu = usage.ru_utime + usage.ru_stime
    cost = {"seconds": round(seconds, 1), "cpu_seconds": round(cpu, 1), "peak_mb": round(usage.ru_maxrss / 1024)}
    return cost | ({"stopped": "not done in time"} if stopped else {})


def quality(pairs: list[tuple[str, str]], shared: set[str]) -> dict:
    right = sum(left[1:] == other[1:] for left, other in pairs)
    return {
        "pairs": len(pairs),
        "precision": round(right / max(1, len(pairs)), 4),
        "recall": round(right / len(shared), 4),
    }


def splink(folder: Path, out: Path, threads: int, memory: str) -> None:
    """Runs in a process of its own: settings as the documentation of Splink advises for company names."""
    import duckdb
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    con = duckdb.connect()
    con.execute(f"SET threads = {threads}")
    con.execute(f"SET memory_limit = '{memory}'")
    con.execute(f"SET temp_directory = '{out.parent / 'spilled'}'")
    clean = r"trim(regexp_replace(regexp_replace(lower(name), '[^a-z0-9 ]', '', 'g'), ' (inc|llc|ltd|corp|company|gmbh|sa)$', ''))"
    for side in ("left", "right"):
        con.execute(
            f"CREATE TABLE {side}_accounts AS SELECT account_id AS unique_id, {clean} AS name, "
            f"split_part({clean}, ' ', 1) AS first_word, split_part({clean}, ' ', 2) AS second_word, domain, city, postal_code "
            f"FROM '{folder / (side + '.parquet')}'"
        )
    rules = [
        block_on("domain"),
        block_on("name"),
        block_on("first_word", "city"),
        block_on("first_word", "postal_code"),
        block_on("first_word", "second_word"),
        block_on("second_word", "city"),
    ]
    settings = SettingsCreator(
        link_type="link_only",
        blocking_rules_to_generate_predictions=rules,
        comparisons=[
            cl.JaroWinklerAtThresholds("name", [0.95, 0.88]).configure(term_frequency_adjustments=True),
            cl.ExactMatch("domain"),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.ExactMatch("postal_code"),
        ],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )
    api = DuckDBAPI(con)
    tables = [api.register(f"{side}_accounts", dataset_display_name=side) for side in ("left", "right")]
    linker = Linker(tables, settings)
    linker.training.estimate_probability_two_random_records_match([block_on("domain")], recall=0.16)
    linker.training.estimate_u_using_random_sampling(max_pairs=5e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("name"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("domain"))
    predictions = linker.inference.predict(threshold_match_probability=0.5)
    con.execute(
        f"COPY (SELECT unique_id_l, unique_id_r, match_probability, match_weight FROM {predictions.physical_name}) "
        f"TO '{out}' (FORMAT parquet)"
    )


def best_of_each(path: Path) -> list[tuple[str, str]]:
    """One to one, the surest pair first, as the command does."""
    rows = pq.read_table(path).to_pandas().sort_values(["match_weight", "unique_id_l", "unique_id_r"], ascending=False)
    left, right, pairs = set(), set(), []
    for one, two in zip(rows["unique_id_l"], rows["unique_id_r"]):
        one, two = (one, two) if one.startswith("L") else (two, one)
        if one not in left and two not in right:
            left.add(one)
            right.add(two)
            pairs.append((one, two))
    return pairs


def run(folder: Path, binary: Path, out: Path, threads: int, rivals: bool, limit: int) -> None:
    ids = lambda side: {row[1:] for row in pq.read_table(folder / f"{side}.parquet", columns=["account_id"])[0].to_pylist()}
    shared = ids("left") & ids("right")
    answers = folder / "answers.parquet"
    command = [str(binary), "match", str(folder / "left.parquet"), str(folder / "right.parquet"), "--out", str(answers)]
    ours = measured([*command, "--overwrite", "--quiet", "--threads", str(threads)], folder / "propensity.log", limit)
    table = pq.read_table(answers, columns=["left_id", "answer", "right_id"]).to_pandas()
    matched = table[table["answer"] == "matched"]
    ours |= quality(list(zip(matched["left_id"], matched["right_id"])), shared)
    ours["ambiguous"] = int(table[table["answer"] == "ambiguous"]["left_id"].nunique())
    record = {
        "accounts": [pq.read_metadata(folder / f"{side}.parquet").num_rows for side in ("left", "right")],
        "companies_in_both": len(shared),
        "threads": threads,
        "machine": platform.machine(),
        "propensity": ours,
    }
    print(json.dumps(ours))
    if rivals:
        pairs = folder / "splink.parquet"
        command = [sys.executable, __file__, "splink", str(folder), "--out", str(pairs), "--threads", str(threads)]
        theirs = measured(command, folder / "splink.log", limit)
        if "stopped" not in theirs:
            theirs |= quality(best_of_each(pairs), shared)
        theirs |= {"splink": version("splink"), "duckdb": version("duckdb")}
        record["splink_on_duckdb"] = theirs
        print(json.dumps(theirs))
    out.write_text(json.dumps(record, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    making = verbs.add_parser("make")
    making.add_argument("folder", type=Path)
    making.add_argument("--accounts", type=int, default=1_000_000)
    making.add_argument("--seed", type=int, default=0)
    running = verbs.add_parser("run")
    running.add_argument("folder", type=Path)
    running.add_argument("--propensity", type=Path, required=True)
    running.add_argument("--out", type=Path, required=True)
    running.add_argument("--threads", type=int, default=2)
    running.add_argument("--limit", type=int, default=1800, help="seconds after which a side is stopped")
    running.add_argument("--alone", action="store_true", help="leave the rival out")
    rival = verbs.add_parser("splink")
    rival.add_argument("folder", type=Path)
    rival.add_argument("--out", type=Path, required=True)
    rival.add_argument("--threads", type=int, default=2)
    rival.add_argument("--memory", default="16GB", help="memory that DuckDB may hold before it goes to disk")
    args = parser.parse_args()
    if args.verb == "make":
        make(args.folder, args.accounts, args.seed)
    elif args.verb == "run":
        run(args.folder, args.propensity, args.out, args.threads, not args.alone, args.limit)
    else:
        splink(args.folder, args.out, args.threads, args.memory)


if __name__ == "__main__":
    main()
