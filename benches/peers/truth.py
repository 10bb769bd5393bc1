"""The line beside the truth: how far the scores of a generated world are from the best that is possible.

    propensity generate --accounts 100000 --seed 3030 --out WORLD
    propensity run WORLD --as-of 2025-10-01 --out RUN
    propensity features WORLD --as-of 2025-07-01,2025-10-01 --out STORE
    python benches/peers/truth.py WORLD RUN STORE --out benches/record/truth.json

What is compared, on the day of the run, all by the AUC that is expected where every account buys within the horizon with its
true probability, month by month (so that the luck of the draws plays no part):

- truth: the probabilities of the day. They know latent traits that no table holds.
- tables: the same without the latent traits: all that rows tell directly, those too that the traps hide.
- told: the best that could be made of the tables: a boosted model of `tables` and of all features, which was taught the true
  chances of an earlier day and its horizon, in log-odds. Beside what rows tell directly it has learned what they betray of the latent traits.
- taught: the same of the features alone. No chance is in what it learned, so that it shows what the features can tell.
- ours: the line, which has learned from purchases.
"""

import argparse
import json
from datetime import date
from pathlib import Path

import lightgbm
import numpy as np
import polars as pl
from calibration import calibration_error
from sklearn.metrics import roc_auc_score

HORIZON = 3
ORDER = {"truth": "truth", "told": "told", "tables": "tables", "taught": "taught", "ours": "probability_said"}
FAMILIES = ("firmographic", "technographic", "transaction", "opportunity", "intent")


def months_after(day: date, months: int) -> date:
    return date(day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1, 1)


class World:
    """The truth of a world, and what was bought in it."""

    def __init__(self, folder: Path):
        self.probabilities = pl.read_parquet(folder / "truth/probabilities.parquet")
        self.traits = pl.read_parquet(folder / "truth/traits.parquet")
        paid = pl.read_parquet(folder / "transactions.parquet").filter(pl.col("amount") > 0)
        self.bought = paid.group_by("account_id", "product").agg(pl.col("date").cast(pl.Date).min().alias("bought"))

    def on(self, day: date, product: str) -> pl.DataFrame:
        """Every account that does not own the product: its true log-odds, with and without latent traits, and whether it buys
        within the horizon."""
        of_product = pl.col("product") == product
        there = of_product & (pl.col("month") == day) & pl.col("probability").is_not_null()
        rows = self.probabilities.filter(there).select("account_id", "probability")
        rows = rows.join(self.traits.filter(of_product).drop("product"), on="account_id", how="left")
        rows = rows.join(self.bought.filter(of_product).drop("product"), on="account_id", how="left")
        rows = rows.filter(~(pl.col("bought") < day).fill_null(False))
        log_odds = (pl.col("probability") / (1 - pl.col("probability"))).log()
        within = (pl.col("bought") < months_after(day, HORIZON)).fill_null(False)
        rows = rows.with_columns(truth=log_odds, tables=log_odds - pl.col("latent_fit"), outcome=within)
        return rows.with_columns(buys=self.chance(rows, day, product))

    def chance(self, rows: pl.DataFrame, day: date, product: str) -> pl.Series:
        """The true probability of each account to buy within the horizon. Who has bought in one of its months has none in those
        that follow: the last one it had counts on."""
        latest, misses = rows["probability"], 1 - rows["probability"].cast(pl.Float64)
        for month in range(1, HORIZON):
            there = (pl.col("product") == product) & (pl.col("month") == months_after(day, month))
            then = self.probabilities.filter(there).select("account_id", then="probability")
            then = rows.select("account_id").join(then, on="account_id", how="left", maintain_order="left")["then"]
            latest = then.zip_with(then.is_not_null(), latest)
            misses = misses * (1 - latest.cast(pl.Float64))
        return 1 - misses


def expected_auc(buys: np.ndarray, score: np.ndarray) -> float:
    """The AUC to expect where each account buys with its probability."""
    order = np.argsort(score, kind="stable")
    buys, score = buys[order], score[order]
    # Equal scores count one half.
    _, start, count = np.unique(score, return_index=True, return_counts=True)
    lost = np.add.reduceat(1 - buys, start)
    before = np.repeat(np.cumsum(lost) - lost / 2, count)
    return float((buys * before).sum() / (buys.sum() * (1 - buys).sum()))


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    ranks = [pl.Series(values).rank().to_numpy() for values in (a, b)]
    return float(np.corrcoef(*ranks)[0, 1])


def matrix(frames: list[pl.DataFrame], product: str) -> tuple[list[np.ndarray], list[int]]:
    """The features of several dates that an intent model may read, texts as the same numbers on all of them."""
    names = [name for name in frames[0].columns if name.split("__")[0] in FAMILIES]
    # Nobody who is asked about owns the product.
    names = [name for name in names if not (name.startswith("transaction__") and f"_{product}__" in name)]
    whole = pl.concat([frame.select(names) for frame in frames])
    texts = [at for at, name in enumerate(names) if whole[name].dtype == pl.String]
    coded = whole.with_columns(pl.col(names[at]).rank("dense") for at in texts).cast(pl.Float32).to_numpy()
    ends = np.cumsum([len(frame) for frame in frames])
    return np.split(coded, ends[:-1]), texts


def taught(world: World, store: Path, product: str, days: tuple[date, date]) -> pl.DataFrame:
    """What models say on the later day that were taught the truth on the earlier one, with and without `tables`."""
    frames = [
        world.on(day, product).join(pl.read_parquet(store / f"features/as_of={day}/*.parquet"), on="account_id")
        for day in days
    ]
    (known, asked), texts = matrix(frames, product)
    rows = [np.column_stack([of_day, frame["tables"].to_numpy()]) for of_day, frame in zip((known, asked), frames)]
    chance, said = frames[0]["buys"].to_numpy(), {}
    for name, (known, asked) in {"taught": (known, asked), "told": rows}.items():
        model = lightgbm.LGBMRegressor(num_leaves=31, learning_rate=0.1, n_estimators=500, verbose=-1, random_state=1)
        model.fit(known, np.log(chance / (1 - chance)), categorical_feature=texts)
        said[name] = pl.Series(model.predict(asked))
    return frames[1].select("account_id").with_columns(**said)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("world", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("store", type=Path)
    parser.add_argument("--day", type=date.fromisoformat, default=date(2025, 10, 1))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    world = World(options.world)
    scores = pl.read_parquet(options.run / f"scores/as_of={options.day}/*.parquet")
    earlier = months_after(options.day, -HORIZON)
    products = {}
    for product in world.traits["product"].unique(maintain_order=True):
        said = scores.filter(pl.col("product") == product)
        rows = world.on(options.day, product).join(said.drop("product"), on="account_id", suffix="_said")
        rows = rows.join(taught(world, options.store, product, (earlier, options.day)), on="account_id")
        chance = rows["probability"].to_numpy().astype(float)
        outcomes, ours = rows["outcome"].to_numpy(), rows["probability_said"].to_numpy()
        expected = {
            name: round(expected_auc(rows["buys"].to_numpy(), rows[column].to_numpy()), 4)
            for name, column in ORDER.items()
        }
        every = world.traits.filter(pl.col("product") == product).join(said, on="account_id", suffix="_said")
        products[product] = {
            "accounts": len(rows),
            "purchases": int(outcomes.sum()),
            "expected_auc": expected,
            "auc": {"truth": round(roc_auc_score(outcomes, chance), 4), "ours": round(roc_auc_score(outcomes, ours), 4)},
            "calibration_error": round(calibration_error(outcomes, ours), 4),
            "fit_rank_correlation": round(rank_correlation(every["fit"].to_numpy(), every["fit_score"].to_numpy()), 3),
        }
        print(f"{product:11}", products[product], flush=True)
    mean = {
        name: round(float(np.mean([of["expected_auc"][name] for of in products.values()])), 4)
        for name in ORDER
    }
    print("mean       ", mean)
    record = {"what": "intent on a generated world beside its truth", "day": str(options.day), "mean": mean, "products": products}
    if options.out:
        options.out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
