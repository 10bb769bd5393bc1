"""Recency, frequency and monetary value per customer of the UCI "Online Retail" data, by pandas and exact decimals.

Writes tests/oracle/online_retail_rfm.csv, which tests/it/families.rs compares with the features of this library for
every customer. Only derived figures are written, none of the data. Versions used: Python 3.11.7, pandas 3.1.1.

    PROPENSITY_SHARED=/path/to/shared python tests/oracle/online_retail_rfm.py

The definitions are those of docs/features.md, computed another way: calendar arithmetic of pandas, money as decimals.
"""

import csv
import os
import sys
from decimal import Decimal
from pathlib import Path

import pandas as pd

AS_OF = pd.Timestamp("2011-12-10")
HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("PROPENSITY_SHARED", HERE.parent.parent.parent / "shared"))


def main() -> None:
    print(f"Python {sys.version.split()[0]}, pandas {pd.__version__}", file=sys.stderr)
    lines = pd.read_parquet(SHARED / "data" / "online_retail" / "online_retail.parquet")
    lines = lines[lines["CustomerID"].notna()].drop_duplicates()
    lines = lines[lines["InvoiceDate"] < AS_OF].copy()
    # Prices have at most three digits after the point; their shortest text is the decimal that was meant.
    lines["amount"] = [Decimal(str(p)) * int(q) for p, q in zip(lines["UnitPrice"], lines["Quantity"])]
    lines["bought"] = [amount > 0 for amount in lines["amount"]]
    windows = {
        "90d": lines["InvoiceDate"] >= AS_OF - pd.Timedelta(days=90),
        "365d": lines["InvoiceDate"] >= AS_OF - pd.Timedelta(days=365),
        "ever": lines["InvoiceDate"] >= pd.Timestamp.min,
    }
    table = pd.DataFrame(index=sorted(lines["CustomerID"].astype(int).unique()))
    bought = lines[lines["bought"]].groupby("CustomerID")["InvoiceDate"]
    table["recency"] = (AS_OF - bought.max()).dt.days.reindex(table.index).astype("Int64")
    table["tenure"] = (AS_OF - bought.min()).dt.days.reindex(table.index).astype("Int64")
    for name, inside in windows.items():
        rows = lines[inside]
        counts = rows[rows["bought"]].groupby("CustomerID").size()
        sums = rows.groupby("CustomerID")["amount"].agg(lambda amounts: sum(amounts, Decimal(0)))
        table[f"frequency_{name}"] = counts.reindex(table.index).fillna(0).astype(int)
        table[f"monetary_{name}"] = [sums.get(customer, Decimal(0)) for customer in table.index]
    with open(HERE / "online_retail_rfm.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["customer", *table.columns])
        for customer, row in zip(table.index, table.itertuples(index=False)):
            cells = ["" if value is pd.NA else format(value, "f") if isinstance(value, Decimal) else value for value in row]
            writer.writerow([customer, *cells])


if __name__ == "__main__":
    main()
