#!/usr/bin/env python3
"""Time and peak memory of the six reports of one run, by format. Needs Linux.

    reports.py make FOLDER --accounts N [--copies K] --propensity BINARY
    reports.py run FOLDER --accounts N --propensity BINARY --out RECORD
"""

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPORTS = ("renewal", "azure", "d365", "m365", "security", "surface")
AS_OF = "2026-01-01"
MODEL = Path(__file__).resolve().parents[2] / "models/reference/cloudascent.json"


def measured(command: list[str]) -> tuple[float, int]:
    """Seconds of wall time and peak resident memory in megabytes of a command that must succeed."""
    began = time.monotonic()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"failed: {' '.join(command)}")
    return round(time.monotonic() - began, 1), usage.ru_maxrss // 1024


def make(args: argparse.Namespace) -> None:
    """A run of a generated world; one of many accounts is that run again and again, every time under other ids."""
    base = args.accounts // args.copies
    world, run = args.folder / f"world-{base}", args.folder / f"run-{base}"
    quiet = ["--quiet", "--progress", "never"]
    if not run.exists():
        subprocess.run([args.propensity, "generate", "--accounts", str(base), "--out", world, *quiet], check=True)
        subprocess.run([args.propensity, "run", world, "--as-of", AS_OF, "--model", MODEL, "--out", run, *quiet], check=True)
    if args.copies > 1:
        copied(run, args.folder / f"run-{args.accounts}", args.copies)


def copied(source: Path, target: Path, copies: int) -> None:
    import polars as pl

    shutil.copytree(source, target)
    record = json.loads((source / "run.json").read_text())
    for output in record["outputs"]:
        if output["file"].endswith(".parquet"):
            file = target / output["file"]
            rows = pl.scan_parquet(source / output["file"])
            parts = [rows.with_columns(pl.lit(f"{copy:04}-") + pl.col("account_id")) for copy in range(copies)]
            # Row groups as the command writes them.
            pl.concat(parts).sink_parquet(file, compression="zstd", row_group_size=65_536, maintain_order=True)
            output["bytes"] = file.stat().st_size
            with file.open("rb") as opened:
                output["sha256"] = hashlib.file_digest(opened, "sha256").hexdigest()
    record["accounts"] *= copies
    (target / "run.json").write_text(json.dumps(record, indent=2) + "\n")


def run(args: argparse.Namespace) -> None:
    folder = args.folder / f"run-{args.accounts}"
    record = {
        "what": "the six reports of one run, native profile, executive viewer",
        "accounts": args.accounts,
        "threads": args.threads,
        "machine": platform.machine(),
        "run_files_mb": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) >> 20,
    }
    with tempfile.TemporaryDirectory(dir=args.folder) as scratch:
        for form in args.formats:
            reports = {}
            for report in REPORTS:
                out = Path(scratch) / f"{report}.{form}"
                seconds, peak = measured([
                    args.propensity, "report", str(folder), "--report", report, "--format", form, "--viewer", "executive",
                    "--threads", str(args.threads), "--out", str(out), "--quiet", "--progress", "never",
                ])
                reports[report] = {"seconds": seconds, "peak_mb": peak, "file_mb": out.stat().st_size >> 20}
                print(form, report, reports[report], flush=True)
                out.unlink()
            record[form] = {
                "seconds": round(sum(of["seconds"] for of in reports.values()), 1),
                "peak_mb": max(of["peak_mb"] for of in reports.values()),
                "reports": reports,
            }
    if args.out:
        args.out.write_text(json.dumps(record, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=("make", "run"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--copies", type=int, default=1, help="times that a smaller run is in a large one")
    parser.add_argument("--propensity", default="propensity")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--formats", nargs="+", default=["csv", "parquet"], choices=("csv", "tsv", "parquet", "xlsx"))
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    make(args) if args.verb == "make" else run(args)


if __name__ == "__main__":
    main()
