"""New items: a tenth of all is kept out of what is learned, then clicks on them are predicted.

    python benchmarks/bench_cold.py FOLDER [--hold-out]

FOLDER holds the data sets online-retail, retailrocket and amazon-beauty; one line of JSON each, as
`shopkeeper evaluate recommender --cold-items` prints. Without --hold-out the test parts are opened.

online-retail is cleaned as its index says: lines that are sold (quantity and price above 0, no
cancellation) of products whose code begins with five digits, of a basket the first 20 products,
each once. What the catalogue says of products there is their first line's title and price.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
import tempfile
from pathlib import Path

import orjson

from shopkeeper.services.recommender.evaluation.cold_start import measure_cold
from shopkeeper.shared.datasets.products import load
from shopkeeper.shared.datasets.readers import open_text

BASKET_MAX = 20
SETS = {  # train, test, catalogues, further columns
    "online-retail": ("lines_train.csv.gz", "lines_test.csv.gz", (), ()),
    "retailrocket": (
        "sessions_train.csv.gz", "sessions_test.csv.gz", ("items.csv.gz",), ("parent_category_id",)
    ),
    "amazon-beauty": ("user_sequences.csv.gz", None, ("items.csv.gz",), ("attribute_ids",)),
}  # fmt: skip


def cleaned(path: Path, to: Path, basket_max: int | None) -> Path:
    """A copy with the lines that count; of each basket the first `basket_max` products."""
    basket: tuple[str, set[str]] = ("", set())
    with open_text(path) as source, to.open("w", newline="") as file:
        reader = csv.DictReader(source)
        writer = csv.DictWriter(file, reader.fieldnames or ())
        writer.writeheader()
        for row in reader:
            if (
                row["invoice_no"].startswith("C")
                or float(row["unit_price_gbp"]) <= 0
                or float(row["quantity"]) <= 0
                or not re.match(r"\d{5}", row["stock_code"])
            ):
                continue
            if row["invoice_no"] != basket[0]:
                basket = row["invoice_no"], set()
            new = row["stock_code"] not in basket[1]
            if new and (basket_max is None or len(basket[1]) < basket_max):
                basket[1].add(row["stock_code"])
                writer.writerow(row)
    return to


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hold-out", action="store_true", help="the last tenth of the train part")
    asked = parser.parse_args()
    for name, (train_name, test_name, catalogues, attributes) in SETS.items():
        folder = asked.folder / name
        if not folder.exists():
            sys.stderr.write(f"{name}: not there, skipped\n")
            continue
        with tempfile.TemporaryDirectory() as scratch:
            train = folder / train_name
            test = None if test_name is None else folder / test_name
            known = [folder / each for each in catalogues]
            if name == "online-retail":
                assert test is not None
                # Baskets are whole where they are learned from.
                most = BASKET_MAX if asked.hold_out else None
                train = cleaned(train, Path(scratch) / "train.csv", most)
                known = [train]
                if not asked.hold_out:
                    test = cleaned(test, Path(scratch) / "test.csv", BASKET_MAX)
                    known = [train, test]
            products = {
                p.product_id: p for path in reversed(known) for p in load(path, False, attributes)
            }
            held = asked.hold_out
            figures = measure_cold(
                train,
                None if held else test,
                list(products.values()),
                hold_out=0.1 if held else None,
            )
            print(orjson.dumps({"data": name, "hold_out": held, **figures}).decode(), flush=True)


if __name__ == "__main__":
    main()
