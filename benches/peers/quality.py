"""Quality on public tables: this project beside LightGBM, explainable boosting and logistic regression.

Every model sees the same columns of the same rows and is measured on the same rows it has not seen. Rivals run with
the settings stated below, ours with its defaults: one setting for all tables. A table that is not there is skipped.

    python benches/peers/quality.py --data DATA --binary target/release/propensity --out benches/record/quality.json

DATA holds one folder per table: ibm_sales_win_loss, online_shoppers, bank_marketing. `--rivals FILE` keeps the
predictions of the rivals, so that a second run only repeats ours; `--only` with no name runs ours alone. A record that is
there is brought forward, model by model. `--speed` measures training speed as well, on 800,000 made
rows of 40 columns (speed.py says how).
"""

import argparse
import hashlib
import json
import pickle
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import speed
from calibration import calibration_error
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

FOLDS = 5
SEED = 7
IBM_AFTERWARDS = ["Elapsed Days In Sales Stage", "Sales Stage Change Count", "Total Days Identified Through Closing",
                  "Total Days Identified Through Qualified", "Ratio Days Identified To Total Days",
                  "Ratio Days Validated To Total Days", "Ratio Days Qualified To Total Days"]


@dataclass
class Task:
    """One question about one table: which columns may be read, and how rows are split."""

    name: str
    file: str
    target: str
    success: str
    separator: str = ","
    drop: list = field(default_factory=list)
    group: str | None = None
    later: float | None = None

    def read(self, data):
        """Features, outcomes and the fold of every row; with `later`, fold 0 is the last share of rows."""
        table = pd.read_csv(data / self.file, sep=self.separator, keep_default_na=False, na_values=[""])
        outcomes = (table[self.target].astype(str).str.lower() == self.success.lower()).to_numpy()
        if self.later:
            folds = np.where(np.arange(len(table)) >= len(table) * (1 - self.later), 0, 1)
        else:
            rows = table.astype(str).agg("|".join, axis=1) if self.group is None else table[self.group].astype(str)
            groups = pd.factorize(rows)[0]
            folds = np.random.default_rng(SEED).permutation(groups.max() + 1)[groups] % FOLDS
        left_out = [self.target, *self.drop, *([self.group] if self.group else [])]
        return table.drop(columns=left_out), outcomes, folds


IBM = {"file": "ibm_sales_win_loss/WA_Fn-UseC_-Sales-Win-Loss.csv", "target": "Opportunity Result", "success": "Won",
       "group": "Opportunity Number"}
SHOPPERS = {"file": "online_shoppers/online_shoppers_intention.csv", "target": "Revenue", "success": "TRUE"}
BANK = {"file": "bank_marketing/bank-full.csv", "separator": ";", "target": "y", "success": "yes"}
TASKS = [
    Task("ibm_sales_win_loss", drop=IBM_AFTERWARDS, **IBM),
    Task("ibm_sales_win_loss, all columns", **IBM),
    Task("online_shoppers, without PageValues", drop=["PageValues"], **SHOPPERS),
    Task("online_shoppers", **SHOPPERS),
    Task("bank_marketing", drop=["duration"], **BANK),
    Task("bank_marketing, last quarter", drop=["duration"], later=0.25, **BANK),
]


def categories(features):
    """Columns of text as categories over all rows, so that every model knows the same levels."""
    text = features.select_dtypes(exclude="number").columns
    return features.assign(**{name: features[name].astype("string").astype("category") for name in text}), list(text)


def lightgbm(train, outcomes, test, threads):
    """150 trees of 31 leaves at a learning rate of 0.05, categories given as such."""
    from lightgbm import LGBMClassifier

    model = LGBMClassifier(n_estimators=150, learning_rate=0.05, num_leaves=31, n_jobs=threads, verbose=-1)
    return model.fit(train, outcomes).predict_proba(test)[:, 1]


def explainable_boosting(train, outcomes, test, threads):
    """interpret's additive model with its default number of pairs."""
    from interpret.glassbox import ExplainableBoostingClassifier

    text = list(train.select_dtypes("category").columns)
    as_text = {name: str for name in text}
    kinds = ["nominal" if name in text else "continuous" for name in train.columns]
    model = ExplainableBoostingClassifier(n_jobs=threads, random_state=SEED, feature_types=kinds)
    return model.fit(train.astype(as_text), outcomes).predict_proba(test.astype(as_text))[:, 1]


def logistic_regression(train, outcomes, test, threads):
    """One-hot categories, medians for what is missing, standardised numbers."""
    del threads
    text = list(train.select_dtypes("category").columns)
    numbers = [name for name in train.columns if name not in text]
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", min_frequency=10), text),
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
    )
    model = make_pipeline(columns, LogisticRegression(max_iter=2000))
    return model.fit(train, outcomes).predict_proba(test)[:, 1]


RIVALS = {"lightgbm": lightgbm, "explainable_boosting": explainable_boosting, "logistic_regression": logistic_regression}


def ours(binary, folder, train, outcomes, test, threads):
    """`table train` on the one file, `table score` on the other; columns are read as it infers them."""
    def write(name, features, known):
        path = folder / name
        features.assign(outcome_=np.where(known, "yes", "no")).to_csv(path, index=False)
        return path

    def run(*arguments):
        command = [str(binary), "table", *map(str, arguments), "--threads", str(threads), "--overwrite", "-q"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    model, scores = folder / "model.json", folder / "scores.csv"
    # Which columns may be read is the question's choice, so the leak gate is told to let the late ones pass.
    allowed = [flag for name in train.columns if name in IBM_AFTERWARDS for flag in ("--allow", name)]
    run("train", "--table", write("train.csv", train, outcomes), "--target", "outcome_=yes", "--folds", 2,
        "--model", model, *allowed)
    run("score", "--table", write("test.csv", test, np.zeros(len(test), bool)), "--model", model, "--out", scores)
    return pd.read_csv(scores)["probability"].to_numpy()


def measures(outcomes, probabilities, folds):
    """AUC as the mean over folds, log loss and calibration error over all rows that were predicted."""
    seen = [fold for fold in np.unique(folds) if fold >= 0]
    rows = folds >= 0
    aucs = [roc_auc_score(outcomes[folds == fold], probabilities[folds == fold]) for fold in seen]
    return {
        "auc": round(float(np.mean(aucs)), 5),
        "log_loss": round(float(log_loss(outcomes[rows], probabilities[rows])), 5),
        "calibration_error": round(calibration_error(outcomes[rows], probabilities[rows]), 5),
    }


def predictions(predict, features, outcomes, folds, later):
    """Predictions for every row of a fold by a model that saw the others, and the seconds it took."""
    found, began = np.full(len(outcomes), np.nan), time.perf_counter()
    for fold in [0] if later else range(FOLDS):
        held = folds == fold
        found[held] = predict(features[~held], outcomes[~held], features[held])
    return found, time.perf_counter() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--binary", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--rivals", type=Path, help="keeps the predictions of the rivals")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="*", choices=RIVALS, default=list(RIVALS), help="the rivals to run")
    parser.add_argument("--tables", nargs="*", default=[], help="only tables whose name holds one of these")
    parser.add_argument("--speed", action="store_true", help="training speed beside LightGBM as well")
    options = parser.parse_args()
    kept = pickle.loads(options.rivals.read_bytes()) if options.rivals and options.rivals.exists() else {}
    record = {"what": "quality on public tables", "folds": FOLDS, "tables": {}}
    if options.out and options.out.exists():
        record = json.loads(options.out.read_text())
    for task in TASKS:
        if options.tables and not any(part in task.name for part in options.tables):
            continue
        if not (options.data / task.file).exists():
            print(f"skipped: {task.file} is not there")
            continue
        features, outcomes, folds = task.read(options.data)
        typed, _ = categories(features)
        judged = np.where(folds == 0, 0, -1) if task.later else folds
        results = {}
        digest = hashlib.sha256(pd.util.hash_pandas_object(features).to_numpy().tobytes()).hexdigest()[:16]
        for name in options.only:
            rival = RIVALS[name]
            key = (task.name, name, digest)
            if key not in kept:
                run = lambda train, known, test: rival(train, known, test, options.threads)
                kept[key] = predictions(run, typed, outcomes, folds, task.later)
                if options.rivals:
                    options.rivals.write_bytes(pickle.dumps(kept))
            results[name] = kept[key]
        if options.binary:
            with tempfile.TemporaryDirectory() as folder:
                run = lambda train, known, test: ours(options.binary, Path(folder), train, known, test, options.threads)
                results["propensity"] = predictions(run, features, outcomes, folds, task.later)
        rows = {"rows": len(outcomes), "outcomes": int(outcomes.sum()), "columns": features.shape[1]}
        for name, (probabilities, seconds) in results.items():
            filled = np.nan_to_num(probabilities)
            rows[name] = measures(outcomes, filled, judged) | {"seconds": round(seconds, 1)}
            print(f"{task.name:38} {name:22} {rows[name]}", flush=True)
        record["tables"].setdefault(task.name, {}).update(rows)
    if options.speed:
        record["training_speed"] = speed.measure(threads=options.threads)
    if options.out:
        options.out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
