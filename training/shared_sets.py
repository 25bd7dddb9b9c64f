"""The data of the committed n-gram models as one file for `shopkeeper train`, with the split that
their cards report: `python training/shared_sets.py intent|sentiment DATA FILE.jsonl`.

DATA is the folder that holds `intent/`, `sentiment/` and `qa/`. Rows of `train` are what
train_intent.py and train_sentiment.py learn from; those of `test` are `dev`, and the judge part of
our own labels. In Chinese the second tier of MODEL_DIR reads the unlabelled reviews (`pseudo`).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import own_labels
from linear import read_rows
from phrases import rows as own_phrases
from train_intent import OWN_WEIGHT
from train_sentiment import CHINESE, ENGLISH, GROUPS, LABELS, OWN, PSEUDO

from shopkeeper.shared.text.language import detect
from shopkeeper.shared.text.transformer import Transformer

UNLABELLED = 18_000
PSEUDO_WEIGHT = 0.1


def intents(data: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    folder = data / "intent" / "ecommerce_unified"
    for name, split in (("train", "train"), ("dev", "test"), ("dev_zh_hand", "test")):
        for row in read_rows(folder / f"{name}.csv.gz"):
            source = row["source"] if split == "train" else name
            found.append(_row(row["text"], row["intent"], source, split, row["lang"]))
    for language in ("en", "zh"):
        for part, split in (("train", "train"), ("judge", "test")):
            for source, pairs in own_labels.rows(data, language, part).items():
                found += [_row(text, label, source, split, language) for text, label in pairs]
    for text, label in own_phrases():
        language = "zh" if detect(text) == "zh" else "en"
        row = _row(text, label, "phrases", "train", language)
        found.append(row | {"weight": OWN_WEIGHT})
    return found


def sentiments(data: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    ours = own_labels.reviews_labelled()
    for spoken, language in (("en", ENGLISH), ("zh", CHINESE)):
        for name in language.sets:
            if name in (OWN, PSEUDO):
                continue
            for part, split in (("train", "train"), ("dev", "test")):
                rows = read_rows(data / "sentiment" / name / f"{part}.csv.gz")
                for number, row in enumerate(rows):
                    if split == "train" and own_labels.key_of(row["text"]) in ours:
                        continue
                    group = f"{name} {row[GROUPS[name]] if name in GROUPS else number}"
                    titled = [row["text"], row.get("title") or ""][: 1 + (split == "train")]
                    for text in titled:
                        if text.strip():
                            made = _row(text, row["label"], name, split, spoken)
                            found.append(made | {"group": group})
        for part, split in (("train", "train"), ("judge", "test")):
            for text, label in own_labels.reviews(data, spoken, part):
                found.append(_row(text, label, OWN, split, spoken))
    unlabelled = [
        row["text"] for row in read_rows(data / "sentiment" / "eprstmt" / "unlabeled.csv.gz")
    ][:UNLABELLED]
    found += pseudo([text for text in unlabelled if own_labels.key_of(text) not in ours])
    return found


def pseudo(texts: list[str]) -> list[dict[str, object]]:
    """Texts as the Chinese Transformer reads them."""
    model = Transformer.load("text-zh")
    found = []
    for first in range(0, len(texts), 256):
        part = texts[first : first + 256]
        for text, best in zip(part, model.log_odds(part, "sentiment").argmax(axis=1), strict=True):
            made = _row(text, LABELS[int(best)], PSEUDO, "train", "zh")
            found.append(made | {"weight": PSEUDO_WEIGHT})
        print(f"{first + len(part)}/{len(texts)}", flush=True)
    return found


def _row(text: str, label: str, source: str, split: str, language: str) -> dict[str, object]:
    return {
        "text": text, "label": label, "source": source, "split": split, "language": language,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=["intent", "sentiment"])
    parser.add_argument("data", type=Path)
    parser.add_argument("file", type=Path)
    given = parser.parse_args()
    rows = {"intent": intents, "sentiment": sentiments}[given.task](given.data)
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    given.file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{given.file}: {len(rows)} rows")


if __name__ == "__main__":
    main()
