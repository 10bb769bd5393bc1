"""The task every engine is given: what is counted, for which topics, in which windows, on which date."""

import tomllib
from pathlib import Path

SPEC = Path(__file__).with_name("signals.toml")
FEATURES = tomllib.loads(SPEC.read_text())["features"]

AS_OF = "2026-01-01"
TOPICS = tuple(FEATURES["topics"])
KINDS = tuple(FEATURES["kinds"])
WINDOWS_DAYS = tuple(FEATURES["windows_days"])
(HALF_LIFE_DAYS,) = FEATURES["half_lives_days"]

# Topics that occur in the signals and are not listed; they are counted together, as the last group.
OTHER_TOPICS = ("devices", "networking", "printing")
OTHER = "other"
GROUPS = (*TOPICS, OTHER)

MICROS_PER_DAY = 86_400_000_000


def wide_columns(group: str) -> dict[str, str]:
    """What each column of the long form is called in the wide one: the names of docs/features.md."""
    columns = {f"n_{days}d": f"intent__topic_{group}__{days}d" for days in WINDOWS_DAYS}
    columns["decayed"] = f"intent__topic_{group}_decayed__{HALF_LIFE_DAYS}d"
    columns["recency"] = f"intent__topic_{group}_recency__ever"
    return columns
