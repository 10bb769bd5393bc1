"""Compares what two engines wrote, in bounded memory.

Whole outputs are compared topic by topic by sums, which need no join: the number of rows, the sums of counts
and of recency, and the sum of a hash of every row's keys, counts and recency. The hash shows a single
differing, missing or swapped row. Decayed sums are floats that depend on the order of summation, so they are
compared within a tolerance: in sum, and row by row for a hundredth of the accounts.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from signals_task import GROUPS, WINDOWS_DAYS, wide_columns

TOLERANCE = 1e-5  # relative, of decayed sums
SAMPLED = 100  # one account in so many
MOST_MESSAGES = 10

COUNTS = [f"n_{days}d" for days in WINDOWS_DAYS]
WHOLE = [*COUNTS, "recency"]


@dataclass(frozen=True)
class Output:
    """Where an engine wrote (a path or pattern of Parquet files), and in which form."""

    engine: str
    files: str
    wide: bool

    def rows(self) -> str:
        """Its rows in the long form, as SQL; wide rows leave out the groups an account has no signal of."""
        source = f"read_parquet('{self.files}', hive_partitioning = false)"
        if not self.wide:
            whole = ", ".join(f"{name}::BIGINT AS {name}" for name in WHOLE)
            columns = f"account_id, topic::VARCHAR AS topic, {whole}, decayed::DOUBLE AS decayed"
            return f"SELECT {columns} FROM {source}"
        parts = []
        for group in GROUPS:
            names = wide_columns(group)
            whole = ", ".join(f"{names[name]}::BIGINT AS {name}" for name in WHOLE)
            columns = f"account_id, '{group}' AS topic, {whole}, {names['decayed']}::DOUBLE AS decayed"
            parts.append(f"SELECT {columns} FROM {source} WHERE {names['recency']} IS NOT NULL")
        return " UNION ALL ".join(parts)


def topic_sums(connection: duckdb.DuckDBPyConnection, output: Output) -> dict[str, dict]:
    """The sums of every topic."""
    sums = ", ".join(f"sum({name})::BIGINT AS {name}" for name in WHOLE)
    keys = ", ".join(["account_id", "topic", *WHOLE])
    rows = connection.execute(
        f"SELECT topic, count(*) AS rows, {sums}, sum(decayed) AS decayed, "
        f"sum(hash({keys})::HUGEINT) AS fingerprint FROM ({output.rows()}) GROUP BY topic"
    )
    names = [column[0] for column in rows.description]
    return {row[0]: dict(zip(names, row)) for row in rows.fetchall()}


def close(found: float, expected: float) -> bool:
    """Whether two decayed sums agree; never when one of them is NaN."""
    return abs(found - expected) <= TOLERANCE * abs(expected)


def sample_faults(
    connection: duckdb.DuckDBPyConnection, output: Output, reference: Output
) -> tuple[int, int]:
    """Rows of the sampled accounts in the reference, and how many differ or are in one output only."""

    def sampled(of: Output) -> str:
        return f"(SELECT * FROM ({of.rows()}) WHERE hash(account_id) % {SAMPLED} = 0)"

    equal = " AND ".join(f"found.{name} = expected.{name}" for name in WHOLE)
    near = f"abs(found.decayed - expected.decayed) <= {TOLERANCE} * abs(expected.decayed)"
    return connection.execute(
        f"SELECT count(expected.account_id), count(*) FILTER (({equal} AND {near}) IS NOT true) "
        f"FROM {sampled(output)} found FULL JOIN {sampled(reference)} expected USING (account_id, topic)"
    ).fetchone()


def compare(output: Output, reference: Output, memory_gb: float, spill: Path) -> dict:
    """What was compared, and in what the output differs from the reference: in nothing when they agree."""
    settings = {"threads": 2, "memory_limit": f"{memory_gb}GB", "temp_directory": str(spill)}
    connection = duckdb.connect(config=settings)
    found, expected = topic_sums(connection, output), topic_sums(connection, reference)
    differences = []
    if found.keys() != expected.keys():
        differences.append(f"topics are {sorted(found)}; expected {sorted(expected)}")
    for topic in sorted(found.keys() & expected.keys()):
        ours, theirs = found[topic], expected[topic]
        for name in ["rows", *WHOLE, "fingerprint"]:
            if ours[name] != theirs[name]:
                differences.append(f"{topic}: {name} is {ours[name]}; expected {theirs[name]}")
        if not close(ours["decayed"], theirs["decayed"]):
            differences.append(f"{topic}: decayed adds up to {ours['decayed']}; expected {theirs['decayed']}")
    rows, wrong = sample_faults(connection, output, reference)
    if wrong or not rows:
        differences.append(f"{wrong} rows of the sampled accounts differ, of {rows} expected")
    return {
        "engine": output.engine,
        "reference": reference.engine,
        "rows": sum(sums["rows"] for sums in expected.values()),
        "sampled_rows": rows,
        "differences": differences[:MOST_MESSAGES],
    }


def input_facts(folder: Path) -> dict:
    """Rows and bytes of the input."""
    facts = {}
    for table in ("accounts", "signals"):
        files = f"{folder}/{table}/*.parquet"
        counted = f"SELECT sum(num_rows)::BIGINT FROM parquet_file_metadata('{files}')"
        (rows,) = duckdb.execute(counted).fetchone()
        sizes = (file.stat().st_size for file in (folder / table).glob("*.parquet"))
        facts[table] = {"rows": rows, "bytes": sum(sizes)}
    return facts
