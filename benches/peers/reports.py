#!/usr/bin/env python3
"""Time and peak memory of the six reports of one run, by format. Needs Linux.

    reports.py make FOLDER --accounts N [--copies K] --propensity BINARY
    reports.py run FOLDER --accounts N --propensity BINARY --out RECORD [--formats F ...] [--reports R ...]

What is in RECORD already stays, so that one record can be made in several goes.
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


def measured(command: list[str]) -> dict:
    """Wall and processor seconds and peak resident memory of a command that must succeed; on a busy machine only the last two
    mean anything."""
    began = time.monotonic()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"failed: {' '.join(command)}")
    seconds, cpu = time.monotonic() - began, usage.ru_utime + usage.ru_stime
    return {"seconds": round(seconds, 1), "cpu_seconds": round(cpu, 1), "peak_mb": usage.ru_maxrss // 1024}


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
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    shutil.copytree(source, target)
    record = json.loads((source / "run.json").read_text())
    for output in record["outputs"]:
        if not output["file"].endswith(".parquet"):
            continue
        rows, file = pq.ParquetFile(source / output["file"]), target / output["file"]
        with pq.ParquetWriter(file, rows.schema_arrow, compression="zstd", store_schema=False) as writer:
            for copy in range(copies):
                for group in range(rows.num_row_groups):
                    # Row groups as the command writes them.
                    table = rows.read_row_group(group)
                    place = table.schema.get_field_index("account_id")
                    field = table.schema.field(place)
                    ids = pc.binary_join_element_wise(f"{copy:04}", table.column(place).cast(pa.string()), "-")
                    writer.write_table(table.set_column(place, field, ids.cast(field.type)), row_group_size=table.num_rows)
        output["bytes"] = file.stat().st_size
        with file.open("rb") as opened:
            output["sha256"] = hashlib.file_digest(opened, "sha256").hexdigest()
    record["accounts"] *= copies
    (target / "run.json").write_text(json.dumps(record, indent=2) + "\n")


def run(args: argparse.Namespace) -> None:
    folder = args.folder / f"run-{args.accounts}"
    record = json.loads(args.out.read_text()) if args.out and args.out.exists() else {}
    record |= {
        "what": "the six reports of one run, native profile, executive viewer",
        "accounts": args.accounts,
        "threads": args.threads,
        "machine": platform.machine(),
        "run_files_mb": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) >> 20,
    }
    with tempfile.TemporaryDirectory(dir=args.folder) as scratch:
        for form in args.formats:
            reports = record.get(form, {}).get("reports", {})
            for report in args.reports:
                out = Path(scratch) / f"{report}.{form}"
                reports[report] = measured([
                    args.propensity, "report", str(folder), "--report", report, "--format", form, "--viewer", "executive",
                    "--threads", str(args.threads), "--out", str(out), "--quiet", "--progress", "never",
                ])
                reports[report]["file_mb"] = out.stat().st_size >> 20
                print(form, report, reports[report], flush=True)
                out.unlink()
            total = lambda what: round(sum(of[what] for of in reports.values()), 1)
            record[form] = {
                "seconds": total("seconds"),
                "cpu_seconds": total("cpu_seconds"),
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
    parser.add_argument("--reports", nargs="+", default=REPORTS, choices=REPORTS)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    make(args) if args.verb == "make" else run(args)


if __name__ == "__main__":
    main()
