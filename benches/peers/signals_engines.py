"""The engines: each turns a folder of signals into features per account and topic, Parquet in to Parquet out.

The long form has the columns account_id, topic, n_<d>d for every window, decayed and recency; the wide form
has one row per account and the column names of the propensity command. Each rival is written the way that was
fastest of those tried (see README.md).
"""

import math
import resource
from datetime import datetime
from pathlib import Path

from signals_task import (
    AS_OF, GROUPS, HALF_LIFE_DAYS, MICROS_PER_DAY, OTHER, TOPICS, WINDOWS_DAYS, wide_columns,
)

# exp(rate * age) is 2^(-age / half-life) for an age in microseconds; exp is cheaper than pow in both rivals.
DECAY_RATE = -math.log(2) / (HALF_LIFE_DAYS * MICROS_PER_DAY)


def duckdb_select(source: str, wide: bool) -> str:
    """The query in SQL. Topics are grouped as small numbers and named only in the result."""
    date = f"TIMESTAMP '{AS_OF}'"
    codes = " ".join(f"WHEN '{topic}' THEN {code}::UTINYINT" for code, topic in enumerate(TOPICS))
    rows = f"""
        SELECT account_id, CASE topic {codes} ELSE {len(TOPICS)}::UTINYINT END AS code,
               epoch_us({date}) - epoch_us(observed_at) AS age, intensity
        FROM read_parquet('{source}')
        WHERE known_at < {date} AND observed_at < {date}"""

    def measures(*of_group: str) -> dict[str, str]:
        def of(*conditions: str) -> str:
            return f" FILTER ({' AND '.join(conditions)})" if conditions else ""

        counts = {
            f"n_{days}d": "count(*)" + of(*of_group, f"age <= {days * MICROS_PER_DAY}")
            for days in WINDOWS_DAYS
        }
        decayed = f"sum(intensity * exp(age * {DECAY_RATE!r}))" + of(*of_group)
        return counts | {"decayed": decayed, "recency": f"min(age){of(*of_group)} // {MICROS_PER_DAY}"}

    if wide:
        columns = ", ".join(
            f"{formula} AS {wide_columns(group)[measure]}"
            for code, group in enumerate(GROUPS)
            for measure, formula in measures(f"code = {code}").items()
        )
        return f"SELECT account_id, {columns} FROM ({rows}) GROUP BY account_id"
    columns = measures()
    formulas = ", ".join(f"{formula} AS {measure}" for measure, formula in columns.items())
    names = " ".join(f"WHEN {code} THEN '{topic}'" for code, topic in enumerate(TOPICS))
    return f"""
        SELECT account_id, CASE code {names} ELSE '{OTHER}' END AS topic, {", ".join(columns)}
        FROM (SELECT account_id, code, {formulas} FROM ({rows}) GROUP BY account_id, code)"""


def run_duckdb(folder: Path, out: Path, threads: int, memory_gb: float | None, wide: bool) -> None:
    """DuckDB, with its default memory limit unless one is given; what does not fit is spilled beside OUT."""
    import duckdb

    settings = {"threads": threads, "preserve_insertion_order": False, "temp_directory": f"{out}.spill"}
    if memory_gb is not None:
        settings["memory_limit"] = f"{memory_gb}GB"
    query = duckdb_select(f"{folder}/signals/*.parquet", wide)
    copy = f"COPY ({query}) TO '{out}' (FORMAT parquet, COMPRESSION snappy)"
    duckdb.connect(config=settings).execute(copy)


def run_polars(folder: Path, out: Path, memory_gb: float | None, wide: bool) -> None:
    """polars, streaming from scan to sink; without a memory limit of its own, so one binds its process."""
    if memory_gb is not None:
        most = int(memory_gb * 1e9)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    import polars as pl

    date = datetime.fromisoformat(AS_OF)
    micros = int((date - datetime(1970, 1, 1)).total_seconds()) * 1_000_000
    topic = pl.col("topic").cast(pl.Enum(GROUPS), strict=False).fill_null(OTHER)
    age, strength = pl.col("age"), pl.col("intensity") * (pl.col("age") * DECAY_RATE).exp()
    rows = (
        pl.scan_parquet(folder / "signals" / "*.parquet")
        .filter((pl.col("known_at") < date) & (pl.col("observed_at") < date))
        .select("account_id", "intensity", topic=topic, age=micros - pl.col("observed_at").to_physical())
    )
    measures = {f"n_{days}d": (age <= days * MICROS_PER_DAY).sum() for days in WINDOWS_DAYS}
    measures |= {"decayed": strength.sum(), "recency": age.min() // MICROS_PER_DAY}
    features = rows.group_by("account_id", "topic").agg(**measures)
    if wide:
        columns = {}
        for group in GROUPS:
            for measure, name in wide_columns(group).items():
                of_group = pl.when(pl.col("topic") == group).then(pl.col(measure))
                columns[name] = of_group.min() if measure == "recency" else of_group.sum()
        features = features.group_by("account_id").agg(**columns)
    features.sink_parquet(
        out, compression="snappy", statistics=False, maintain_order=False, engine="streaming"
    )


def propensity_command(binary: Path, spec: Path, folder: Path, out: Path, threads: int) -> list[str]:
    """The propensity command on the same folder; its features are always wide."""
    arguments = ["--as-of", AS_OF, "--out", out, "--spec", spec, "--threads", threads, "--overwrite", "-q"]
    return [str(word) for word in [binary, "features", folder, *arguments]]


def propensity_features(out: Path) -> str:
    """The files that the propensity command leaves in its output folder."""
    return f"{out}/features/as_of={AS_OF}/part-*.parquet"
