"""What an encoder says of Chinese reviews that nobody labelled: `pseudo_labels.py MODEL STATE OUT`.

OUT gets `text,negative,neutral,positive`, gzipped CSV: the n-grams learn from it (distillation,
Hinton et al. 2015), for they know no neutral in Chinese otherwise.
"""

from __future__ import annotations

import csv
import gzip
import sys
from pathlib import Path

from texts import SENTIMENT, Row, Texts, cut, rows_of, tokenizer
from train import MODELS, arguments, encoder, predicted

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.normalisation import normalise

sys.path.insert(0, str(Path(__file__).parents[1]))
import own_labels

SET = "eprstmt"
DIGITS = 3


def unlabelled(data: Path, tokens: Path, pieces_max: int) -> list[Row]:
    """Chinese reviews without a label; those that we labelled ourselves are not among them."""
    ours = own_labels.reviews_labelled()
    raw = rows_of(data / "sentiment" / SET / "unlabeled.csv.gz")
    texts = list(dict.fromkeys(r["text"] for r in raw if own_labels.key_of(r["text"]) not in ours))
    found = tokenizer(tokens).encode_batch([simplified(normalise(text)) for text in texts])
    return [
        Row(text, cut(each.ids, pieces_max), {}, False, SET)
        for text, each in zip(texts, found, strict=True)
    ]


def main() -> None:
    parser = arguments()
    parser.add_argument("model", choices=sorted(MODELS))
    parser.add_argument("state", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    tokens = given.weights / f"{given.model}-tokenizer.json"
    labels = Texts(given.data, "zh", tokens, given.pieces).labels
    tasks = {task: len(names) for task, names in labels.items()}
    model = encoder(given, given.model, tasks, first=given.state)
    rows = unlabelled(given.data, tokens, given.pieces)[: given.limit or None]
    probabilities = predicted(model, rows)["sentiment"]
    with gzip.open(given.out, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", *SENTIMENT])
        for row, p in zip(rows, probabilities, strict=True):
            writer.writerow([row.text, *(round(float(each), DIGITS) for each in p)])


if __name__ == "__main__":
    main()
