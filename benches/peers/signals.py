"""Signals to features: the propensity command, DuckDB and polars on the same folder, at the same aggregation.

    python signals.py make FOLDER --signals 10000000 --accounts 1000000
    python signals.py run FOLDER --out OUT --propensity target/release/propensity

See README.md for what is compared. Engines run in processes of their own; this one stays small, because on
Linux the peak memory of a child starts at what its parent held when it was started.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from signals_task import AS_OF, SPEC

RIVALS = ("duckdb", "polars")
OURS = "propensity"
RECORD = Path(__file__).resolve().parent.parent / "record"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)

    make = verbs.add_parser("make", help="write a folder of accounts and signals")
    make.add_argument("folder", type=Path)
    make.add_argument("--signals", type=int, default=10_000_000)
    make.add_argument("--accounts", type=int, default=1_000_000)
    make.add_argument("--seed", type=int, default=20260101)
    make.add_argument("--processes", type=int, default=2)

    run = verbs.add_parser("run", help="run every engine once after the other, compare, print and record")
    run.add_argument("folder", type=Path)
    run.add_argument("--out", type=Path, required=True, help="folder for what the engines write")
    run.add_argument("--propensity", type=Path, help="the binary; without it only the rivals run")
    run.add_argument("--spec", type=Path, default=SPEC)
    run.add_argument("--engines", nargs="+", choices=[*RIVALS, OURS], default=[*RIVALS, OURS])
    run.add_argument("--rounds", type=int, default=1, help="runs of each engine; the fastest counts")
    run.add_argument("--record", type=Path, default=RECORD, help="folder for signals-<N>.json, or signals-<N>-wide.json")
    shared(run)

    engine = verbs.add_parser("engine", help="run one rival in this process")
    engine.add_argument("name", choices=RIVALS)
    engine.add_argument("folder", type=Path)
    engine.add_argument("out", type=Path)
    shared(engine)

    compare = verbs.add_parser("compare", help="compare outputs with the first of them, as JSON")
    compare.add_argument("task", help="JSON: folder of the input, outputs, spill folder, memory limit")
    return parser.parse_args()


def shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory-gb", type=float, help="memory limit of the rivals; none by default")
    parser.add_argument("--wide", action="store_true", help="rivals write one row per account, as ours does")


def warm(folder: Path) -> None:
    """Reads all input once, so that no engine pays for the disk alone."""
    buffer = bytearray(1 << 22)
    for path in sorted(folder.glob("*/*.parquet")):
        with path.open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass


def measured(command: list[str], environment: dict[str, str]) -> dict:
    """Runs a command; its wall time, processor time and peak resident memory."""
    start = time.perf_counter()
    child = subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    return {
        "seconds": round(seconds, 3),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_mb": round(usage.ru_maxrss / 1024, 1),
        "exit_code": child.returncode,
    }


def command_of(engine: str, run: argparse.Namespace) -> tuple[list[str], dict[str, str]]:
    """The command line of an engine and what it needs in its environment."""
    if engine == OURS:
        from signals_engines import propensity_command

        return propensity_command(run.propensity, run.spec, run.folder, run.out / OURS, run.threads), {}
    command = [sys.executable, __file__, "engine", engine, run.folder, output_of(engine, run)]
    command += ["--threads", run.threads] + (["--wide"] if run.wide else [])
    command += ["--memory-gb", run.memory_gb] if run.memory_gb is not None else []
    return [str(word) for word in command], {"POLARS_MAX_THREADS": str(run.threads)}


def output_of(engine: str, run: argparse.Namespace) -> Path:
    return run.out / engine if engine == OURS else run.out / f"{engine}.parquet"


def clear(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def run_engines(run: argparse.Namespace, engines: list[str]) -> dict[str, list[dict]]:
    """Every engine once after the other, as many rounds as asked for."""
    run.out.mkdir(parents=True, exist_ok=True)
    results = {engine: [] for engine in engines}
    for _ in range(run.rounds):
        for engine in engines:
            clear(output_of(engine, run))
            warm(run.folder)
            results[engine].append(measured(*command_of(engine, run)))
            print(f"{engine}: {results[engine][-1]}", file=sys.stderr)
    return results


def compared(run: argparse.Namespace, engines: list[str]) -> dict:
    """Facts of the input, and every output against that of the first engine, found in another process."""
    from signals_engines import propensity_features

    outputs = [
        [engine, propensity_features(run.out / OURS), True]
        if engine == OURS
        else [engine, str(output_of(engine, run)), run.wide]
        for engine in engines
    ]
    spill = str(run.out / "spill")
    task = {"folder": str(run.folder), "outputs": outputs, "spill": spill, "memory_gb": 2}
    child = [sys.executable, __file__, "compare", json.dumps(task)]
    return json.loads(subprocess.run(child, check=True, stdout=subprocess.PIPE, text=True).stdout)


def input_and_comparisons(task: dict) -> dict:
    from signals_compare import Output, compare, input_facts

    outputs = [Output(*output) for output in task["outputs"]]
    return {
        "input": input_facts(Path(task["folder"])),
        "comparisons": [
            compare(output, outputs[0], task["memory_gb"], Path(task["spill"])) for output in outputs[1:]
        ],
    }


def machine() -> dict:
    """What the figures depend on; no names."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = (line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cores = len(os.sched_getaffinity(0))
    return {
        "processor": next(models, "unknown"),
        "cores": cores,
        "memory_gb": round(memory / 1e9, 1),
        "system": platform.system(),
    }


def versions(run: argparse.Namespace, engines: list[str]) -> dict[str, str]:
    found = {"python": platform.python_version()}
    found |= {name: version(name) for name in RIVALS if name in engines}
    if OURS in engines:
        answer = subprocess.run([run.propensity, "--version"], check=True, stdout=subprocess.PIPE, text=True)
        found[OURS] = answer.stdout.split()[-1]
    return found


def print_table(results: dict[str, dict]) -> None:
    """Seconds, memory and their ratios to ours; without ours the ratios are left open."""
    base = results.get(OURS)
    print(f"{'engine':<12}{'seconds':>10}{'cpu s':>10}{'peak MB':>10}{'time':>8}{'memory':>8}")
    for engine, best in results.items():
        ratios = [f"{best[key] / base[key]:.2f}x" if base else "-" for key in ("seconds", "peak_mb")]
        print(
            f"{engine:<12}{best['seconds']:>10.2f}{best['cpu_seconds']:>10.2f}{best['peak_mb']:>10.0f}"
            f"{ratios[0]:>8}{ratios[1]:>8}"
        )


def run_all(run: argparse.Namespace) -> int:
    engines = [engine for engine in run.engines if engine != OURS or run.propensity]
    rounds = run_engines(run, engines)
    whole = [engine for engine in engines if all(once["exit_code"] == 0 for once in rounds[engine])]
    best = {engine: min(rounds[engine], key=lambda once: once["seconds"]) for engine in whole}
    record = {
        "task": {"as_of": AS_OF, "rival_form": "wide" if run.wide else "long", "threads": run.threads},
        "rival_memory_limit_gb": run.memory_gb,
        "machine": machine(),
        "versions": versions(run, engines),
        **compared(run, whole),
        "rounds": rounds,
        "best": best,
    }
    signals = record["input"]["signals"]["rows"]
    run.record.mkdir(parents=True, exist_ok=True)
    form = "-wide" if run.wide else ""
    (run.record / f"signals-{signals}{form}.json").write_text(json.dumps(record, indent=2) + "\n")

    print_table(best)
    failed = [engine for engine in engines if engine not in whole]
    for engine in failed:
        print(f"{engine} failed: {rounds[engine]}")
    for comparison in record["comparisons"]:
        verdict = "; ".join(comparison["differences"]) or "agrees"
        pair = f"{comparison['engine']} against {comparison['reference']}"
        print(f"{pair}, {comparison['rows']} rows: {verdict}")
    return 1 if failed or any(comparison["differences"] for comparison in record["comparisons"]) else 0


def main() -> int:
    arguments = parse()
    match arguments.verb:
        case "make":
            from signals_input import make

            make(arguments.folder, arguments.signals, arguments.accounts, arguments.seed, arguments.processes)
        case "run":
            return run_all(arguments)
        case "engine":
            from signals_engines import run_duckdb, run_polars

            folder, out, memory_gb = arguments.folder, arguments.out, arguments.memory_gb
            if arguments.name == "duckdb":
                run_duckdb(folder, out, arguments.threads, memory_gb, arguments.wide)
            else:
                run_polars(folder, out, memory_gb, arguments.wide)
        case "compare":
            print(json.dumps(input_and_comparisons(json.loads(arguments.task))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
