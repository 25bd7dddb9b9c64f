"""Labelled texts of a language, as pieces, with what each says of the tasks.

`select` is a part of the training rows that no model is fitted to: settings, temperatures and
thresholds are chosen on it. `dev` is opened for a report only.
"""

from __future__ import annotations

import csv
import gzip
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.normalisation import normalise

sys.path.insert(0, str(Path(__file__).parents[1]))
import own_labels
from phrases import rows as own_phrases
from selection import is_selected

SENTIMENT = ("negative", "neutral", "positive")
SETS = {
    "zh": ("online_shopping_10_cats", "waimai_10k", "eprstmt"),
    "en": ("pros_cons", "amazon_multi_domain", "vader_amazon_snippets", "product_sentences"),
}
# Their texts are labelled positive or negative alone: they say nothing of what neutral is.
TWO_CLASS = {"online_shopping_10_cats", "waimai_10k", "eprstmt", "pros_cons", "amazon_multi_domain"}
GROUPS = {"amazon_multi_domain": "product", "vader_amazon_snippets": "review"}  # never parted
TIMES = {  # a text of these is seen more often: small sets, and dear
    **dict.fromkeys(
        ("vader_amazon_snippets", "product_sentences", "eprstmt", "queries", "jddc"), 2
    ),
    "own_reviews": 3,
    "chat": 2,
}
OUT_OF_SCOPE = "out_of_scope"
INTENTS = "intent/ecommerce_unified"


@dataclass
class Row:
    """One text as it was written: ids of its pieces, and by task the label."""

    text: str
    ids: list[int]
    labels: dict[str, int]
    two_class: bool
    source: str


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a gzipped CSV file with a header."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def tokenizer(path: Path) -> Tokenizer:
    """WordPiece that neither pads nor cuts."""
    found = Tokenizer.from_file(str(path))
    found.no_truncation()
    found.no_padding()
    found.encode_special_tokens = True  # "[SEP]" in a text is text
    return found


def cut(ids: list[int], pieces_max: int) -> list[int]:
    """Head and tail of a long text."""
    if len(ids) <= pieces_max:
        return ids
    head = pieces_max // 2
    return ids[:head] + ids[head - pieces_max :]


class Texts:
    """Reads the labelled texts of one language."""

    def __init__(self, data: Path, language: str, tokens: Path, pieces_max: int) -> None:
        """data: the folder with `intent/` and `sentiment/`."""
        self._data, self._language, self._pieces_max = data, language, pieces_max
        self._tokenizer = tokenizer(tokens)
        # Both languages' labels: the two encoders' heads are alike.
        intents = {row["intent"] for row in rows_of(data / INTENTS / "train.csv.gz")}
        named = sorted(OUT_OF_SCOPE if name == "oos" else name for name in intents)
        self.labels = {"sentiment": list(SENTIMENT), "intent": named}

    def parts(self) -> dict[str, list[Row]]:
        """`train`, `select` and one `dev:<set>` for each set."""
        parts: dict[str, list[Row]] = {"train": [], "select": []}
        ours = own_labels.reviews_labelled()
        for source in SETS[self._language]:
            folder = self._data / "sentiment" / source
            raw = [
                r
                for r in rows_of(folder / "train.csv.gz")
                if own_labels.key_of(r["text"]) not in ours
            ]
            for r, row in zip(raw, self._rows(raw, "sentiment", "label", source), strict=True):
                self._part(parts, row, r.get(GROUPS.get(source, ""), ""))
            dev = rows_of(folder / "dev.csv.gz")
            parts[f"dev:{source}"] = self._rows(dev, "sentiment", "label", source)
        reviews = [
            {"text": text, "label": label}
            for text, label in own_labels.reviews(self._data, self._language)
        ]
        for row in self._rows(reviews, "sentiment", "label", own_labels.REVIEWS):
            self._part(parts, row)
        for source, raw in self._intent_sets().items():
            for row in self._rows(raw, "intent", "intent", source):
                self._part(parts, row)
        parts["dev:intent"] = self._rows(self._intents("dev"), "intent", "intent", "dev:intent")
        if self._language == "zh":
            hand = self._intents("dev_zh_hand")
            parts["dev:intent_hand"] = self._rows(hand, "intent", "intent", "dev:intent_hand")
        return parts

    def _part(self, parts: dict[str, list[Row]], row: Row, group: str = "") -> None:
        if is_selected(row.source, row.text, group):
            parts["select"].append(row)
        else:
            parts["train"] += [row] * TIMES.get(row.source, 1)

    def _intents(self, part: str) -> list[dict[str, str]]:
        rows = rows_of(self._data / INTENTS / f"{part}.csv.gz")
        return [
            {"text": r["text"], "intent": OUT_OF_SCOPE if r["intent"] == "oos" else r["intent"]}
            for r in rows
            if r["lang"] == self._language
        ]

    def _intent_sets(self) -> dict[str, list[dict[str, str]]]:
        """Of the data, of our own phrases, and of our own labels."""
        own = [
            {"text": text, "intent": intent}
            for text, intent in own_phrases()
            if any("\u4e00" <= c <= "\u9fff" for c in text) == (self._language == "zh")
        ]
        sets = {"ecommerce_unified": self._intents("train"), "phrases": own}
        for source, found in own_labels.rows(self._data, self._language).items():
            sets[source] = [{"text": text, "intent": intent} for text, intent in found]
        return sets

    def _rows(self, raw: list[dict[str, str]], task: str, column: str, source: str) -> list[Row]:
        texts = [simplified(normalise(r["text"])) for r in raw]
        return [
            Row(
                r["text"],
                cut(each.ids, self._pieces_max),
                {task: self.labels[task].index(r[column])},
                source in TWO_CLASS,
                source,
            )
            for r, each in zip(raw, self._tokenizer.encode_batch(texts), strict=True)
        ]


def batch(rows: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """(ids, mask), both (texts, longest)."""
    longest = max(map(len, rows))
    ids = np.zeros((len(rows), longest), np.int64)
    mask = np.zeros((len(rows), longest), np.int64)
    for number, each in enumerate(rows):
        ids[number, : len(each)], mask[number, : len(each)] = each, 1
    return ids, mask
