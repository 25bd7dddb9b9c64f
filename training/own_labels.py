"""Texts that we labelled ourselves: queries and reviews of our own writing, and others' texts.

Of others' (utterances of JDDC, Chinese reviews) only labels lie here, each with its text's SHA-256;
the texts are in DATA.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from pathlib import Path

LABELLED = Path(__file__).with_name("data")
QUERIES, CHAT, JDDC = "queries", "chat", "jddc"
REVIEWS = "own_reviews"  # with positive, neutral and negative


def rows(data: Path, language: str, split: str = "train") -> dict[str, list[tuple[str, str]]]:
    """(text, intent) of each source. data: the folder that holds `qa/jddc_sample/`; without it
    there are no utterances."""
    found = {
        QUERIES: [
            (row["text"], row["label"])
            for row in _lines(LABELLED / f"queries_{language}.jsonl")
            if row["split"] == split
        ],
        CHAT: [
            (row["text"], row["label"])
            for row in _lines(LABELLED / "chat.jsonl")
            if row["split"] == split and row["language"] == language
        ],
    }
    path = data / "qa" / "jddc_sample" / "train.jsonl.gz"
    if language == "zh" and path.exists():
        labels = {
            row["sha256"]: row["label"]
            for row in _lines(LABELLED / "jddc_labels.jsonl")
            if row["split"] == split
        }
        with gzip.open(path, "rt", encoding="utf-8") as file:
            texts = {text: None for line in file for text in json.loads(line)["context"]}
        hashed = ((key_of(text), text) for text in texts)
        found[JDDC] = [(text, labels[key]) for key, text in hashed if key in labels]
    return found


def reviews(
    data: Path, language: str, split: str = "train", others: bool = True
) -> list[tuple[str, str]]:
    """(text, sentiment) of reviews. data: the folder that holds `sentiment/`; others: with the
    reviews of others that we labelled, whose licences are their sets'."""
    found = [
        (row["text"], row["label"])
        for row in _lines(LABELLED / "reviews_own.jsonl")
        if row["language"] == language and row["split"] == split
    ]
    labels = reviews_labelled() if others and language == "zh" else {}
    read: set[str] = set()
    for name in sorted({row["set"] for row in labels.values()}):
        for part in ("train", "unlabeled"):
            path = data / "sentiment" / name / f"{part}.csv.gz"
            if not path.exists():
                continue
            with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    key = key_of(row["text"])
                    if key in labels and key not in read and labels[key]["split"] == split:
                        read.add(key)
                        found.append((row["text"], labels[key]["label"]))
    return found


def reviews_labelled() -> dict[str, dict[str, str]]:
    """What we say of others' reviews, by `key_of` their text: of `train`, it stands for what their
    set says of them; of `judge`, no model is fitted to them."""
    return {row["sha256"]: row for row in _lines(LABELLED / "reviews_zh_labels.jsonl")}


def key_of(text: str) -> str:
    """What a text's label is kept by."""
    return hashlib.sha256(text.encode()).hexdigest()


def _lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
