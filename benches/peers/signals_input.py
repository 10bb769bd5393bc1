"""Makes the input of the signals comparison: a folder of accounts and signals in Parquet.

Every row group is drawn from the seed and its own number, so the same arguments give the same rows for any
number of processes, and memory holds one row group a process, whatever the number of signals.
"""

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.special import ndtr

from signals_task import AS_OF, KINDS, OTHER_TOPICS, TOPICS

ROW_GROUP = 262_144
GROUPS_PER_FILE = 95  # 24.9 million rows
SPREAD = 1.2  # standard deviation of the logarithm of an account's activity
MOST_ACCOUNTS = 1_000_000_000  # an id has nine digits
DAY = 86_400  # seconds

SOURCES = ("web_analytics", "job_boards", "technology_scan", "news_feed", "event_lists")
SOURCE_SHARES = (1, 1, 1, 1, 1)
KIND_SHARES = (0.42, 0.16, 0.12, 0.05, 0.07, 0.10, 0.04, 0.04)
ALL_TOPICS = TOPICS + OTHER_TOPICS
TOPIC_SHARES = (0.20, 0.18, 0.12, 0.10, 0.08, 0.08, 0.07, 0.05, 0.05, 0.04, 0.03)

# The three digits of every number below 1000, as text.
TRIPLES = np.array([list(f"{number:03}".encode()) for number in range(1000)], dtype=np.uint8)


def account_ids(numbers: np.ndarray) -> pa.StringArray:
    """The ids of accounts, such as A000001234."""
    text = np.empty((len(numbers), 10), dtype=np.uint8)
    text[:, 0] = ord("A")
    text[:, 1:4] = TRIPLES[numbers // 1_000_000]
    text[:, 4:7] = TRIPLES[numbers // 1_000 % 1_000]
    text[:, 7:10] = TRIPLES[numbers % 1_000]
    offsets = np.arange(0, 10 * len(numbers) + 1, 10, dtype=np.int32)
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(text))


def active_accounts(rng: np.random.Generator, rows: int, accounts: int) -> np.ndarray:
    """Accounts drawn in proportion to their activity, which is log-normal over accounts.

    Weighting a log-normal quantity by itself moves the mean of its logarithm by its variance. So the
    standardised logarithm of a drawn account is normal with mean SPREAD, and no table of weights is needed.
    The multiplier, a prime, scatters neighbours in activity over all ids.
    """
    quantile = ndtr(rng.normal(SPREAD, 1.0, rows))
    rank = np.minimum((quantile * accounts).astype(np.int64), accounts - 1)
    return rank * 2_654_435_761 % accounts


def words(rng: np.random.Generator, choices: tuple, shares: tuple, rows: int) -> pa.DictionaryArray:
    """Words drawn in proportion to their shares."""
    bounds = np.cumsum(shares)
    places = np.searchsorted(bounds / bounds[-1], rng.random(rows, dtype=np.float32), side="right")
    places = np.minimum(places, len(choices) - 1).astype(np.int8)
    return pa.DictionaryArray.from_arrays(places, pa.array(choices))


def signal_rows(seed: int, group: int, rows: int, accounts: int) -> pa.Table:
    """The rows of one row group."""
    rng = np.random.default_rng([seed, group])
    now = np.datetime64(AS_OF, "s").astype(np.int64)
    observed = now + rng.integers(-365 * DAY, 10 * DAY, rows)
    # Some sources name only the day; their rows fall on the edges of the windows.
    observed = np.where(rng.random(rows) < 0.02, observed // DAY * DAY, observed)
    late = np.where(rng.random(rows) < 0.1, rng.integers(0, 3 * DAY, rows, endpoint=True), 0)
    moment = pa.timestamp("us")
    return pa.table({
        "account_id": account_ids(active_accounts(rng, rows, accounts)),
        "kind": words(rng, KINDS, KIND_SHARES, rows),
        "topic": words(rng, ALL_TOPICS, TOPIC_SHARES, rows),
        "observed_at": pa.array(observed * 1_000_000, moment),
        "known_at": pa.array((observed + late) * 1_000_000, moment),
        "intensity": rng.integers(2, 12, rows, endpoint=True) * 0.25,
        "source": words(rng, SOURCES, SOURCE_SHARES, rows),
    })


def writer(path: Path, schema: pa.Schema, coded: list[str] | bool) -> pq.ParquetWriter:
    """A writer without the Arrow schema, so that dictionaries are read back as the text they stand for."""
    return pq.ParquetWriter(
        path, schema, compression="zstd", compression_level=1, use_dictionary=coded, store_schema=False
    )


def write_signals_file(path: Path, seed: int, first_group: int, rows: int, accounts: int) -> None:
    """Writes one file, a row group at a time."""
    coded = ["kind", "topic", "intensity", "source"]
    file = None
    for group, start in enumerate(range(0, rows, ROW_GROUP), first_group):
        table = signal_rows(seed, group, min(ROW_GROUP, rows - start), accounts)
        file = file or writer(path, table.schema, coded)
        file.write_table(table, row_group_size=ROW_GROUP)
    if file:
        file.close()


def write_accounts_file(path: Path, accounts: range) -> None:
    """Writes the accounts of a range of numbers."""
    with writer(path, pa.schema([("account_id", pa.string())]), coded=False) as file:
        for start in range(accounts.start, accounts.stop, ROW_GROUP):
            numbers = np.arange(start, min(start + ROW_GROUP, accounts.stop))
            file.write_table(pa.table({"account_id": account_ids(numbers)}), row_group_size=ROW_GROUP)


def make(folder: Path, signals: int, accounts: int, seed: int, processes: int) -> None:
    """Writes part-*.parquet to FOLDER/accounts and FOLDER/signals; refuses folders that are there."""
    if not 1 <= accounts <= MOST_ACCOUNTS:
        raise SystemExit(f"there can be 1 to {MOST_ACCOUNTS} accounts, not {accounts}")
    for table in ("accounts", "signals"):
        (folder / table).mkdir(parents=True)
    rows_per_file = ROW_GROUP * GROUPS_PER_FILE
    with ProcessPoolExecutor(processes) as pool:
        work = []
        for part, start in enumerate(range(0, accounts, rows_per_file)):
            path = folder / "accounts" / f"part-{part:04}.parquet"
            numbers = range(start, min(start + rows_per_file, accounts))
            work.append(pool.submit(write_accounts_file, path, numbers))
        for part, start in enumerate(range(0, signals, rows_per_file)):
            path = folder / "signals" / f"part-{part:04}.parquet"
            rows = min(rows_per_file, signals - start)
            first_group = part * GROUPS_PER_FILE
            work.append(pool.submit(write_signals_file, path, seed, first_group, rows, accounts))
        for done in work:
            done.result()
