"""Training speed: this project beside LightGBM on one made table, each in a process of its own.

    cargo build --release --bench fit
    python benches/peers/speed.py --out benches/record/training-speed.json

Time is that of the fit alone: from columns in memory to a model, bins included (LightGBM: `Dataset.construct` and
`train`), reading and predicting left out. Ours holds out rows for stopping and calibration within it and ends with a
calibrated model and its evidence. Processor seconds, of all threads together, stand beside: they depend less on what else the
machine does. Peak memory is that of the process, with what it held before the fit beside it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import speed_task

TREES, LEAVES = 200, 31


def memory(key):
    """A figure of /proc/self/status, in MB."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(key))
    return int(line.split()[1]) / 1024


def lightgbm(folder, threads):
    """LightGBM with 200 trees of 31 leaves and categories given as such; prints what it measured."""
    import lightgbm as lgb

    columns, names, kinds, outcomes = speed_task.read(folder / "train")
    rows = np.ascontiguousarray(columns.T)
    del columns
    before, began, worked = memory("VmRSS"), time.perf_counter(), time.process_time()
    params = {"objective": "binary", "num_leaves": LEAVES, "num_threads": threads, "verbose": -1}
    levels = [name for name, kind in zip(names, kinds) if kind == "level"]
    data = lgb.Dataset(rows, outcomes, feature_name=names, categorical_feature=levels, params=params)
    model = lgb.train(params, data, num_boost_round=TREES)
    seconds = time.perf_counter() - began
    worked, peak = time.process_time() - worked, memory("VmHWM")
    test = speed_task.read(folder / "test")[0]
    model.predict(np.ascontiguousarray(test.T)).astype("<f8").tofile(folder / "lightgbm.f64")
    print(json.dumps({"seconds": seconds, "processor_seconds": worked, "peak_mb": peak, "before_mb": before}))


def run(command):
    """The last line a command prints, as JSON."""
    done = subprocess.run([*map(str, command)], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def measure(rows=800_000, test_rows=200_000, threads=2, repeats=3, folder=None):
    """Both on the same rows; of several runs the fastest of each."""
    from sklearn.metrics import log_loss, roc_auc_score

    with tempfile.TemporaryDirectory() as made:
        folder = Path(folder or made)
        columns, names, kinds, outcomes, truth = speed_task.draw(rows + test_rows)
        speed_task.write(folder / "train", columns[:, :rows], names, kinds, outcomes[:rows])
        speed_task.write(folder / "test", columns[:, rows:], names, kinds, outcomes[rows:])
        known, truth = outcomes[rows:], truth[rows:]
        del columns
        commands = {
            "propensity": ["cargo", "bench", "--quiet", "--bench", "fit", "--", "--folder", folder, "--threads", threads],
            "lightgbm": [sys.executable, __file__, "--rival", folder, "--threads", threads],
        }
        record = {"rows": rows, "columns": len(names), "test_rows": test_rows, "threads": threads, "repeats": repeats,
                  "lightgbm_trees": TREES, "lightgbm_leaves": LEAVES,
                  "best_possible": {"auc": round(float(roc_auc_score(known, truth)), 5),
                                    "log_loss": round(float(log_loss(known, truth)), 5)}}
        for name, command in commands.items():
            runs = [run(command) for _ in range(repeats)]
            fastest = min(runs, key=lambda one: one["seconds"])
            said = np.fromfile(folder / f"{name}.f64", "<f8")
            record[name] = {key: round(value, 3) for key, value in fastest.items()} | {
                "seconds_of_all": [round(one["seconds"], 3) for one in runs],
                "auc": round(float(roc_auc_score(known, said)), 5),
                "log_loss": round(float(log_loss(known, said)), 5),
            }
            print(f"{name:12} {record[name]}", flush=True)
        record["times_faster"] = round(record["lightgbm"]["seconds"] / record["propensity"]["seconds"], 2)
    return record


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--rows", type=int, default=800_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the table is kept; a temporary place when not given")
    parser.add_argument("--rival", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.rival:
        lightgbm(options.rival, options.threads)
        return
    record = measure(options.rows, threads=options.threads, repeats=options.repeats, folder=options.folder)
    print(json.dumps(record, indent=1))
    if options.out:
        options.out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
