"""Questions and what answers them, from the train parts of public sets and of our own writing.

A part of the groups (product, passage, entry) is kept for choosing: `is_kept`. Dev is never read.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
import zlib
from pathlib import Path
from typing import Any, NamedTuple

KEPT_SHARE = {"own_faq": 4, "own_products": 4}  # one group in so many is kept for choosing
KEPT_ELSE = 8
OWN = Path(__file__).parents[1] / "data" / "faq_own.jsonl"
OWN_PRODUCTS = Path(__file__).parents[1] / "data" / "product_questions_zh.txt"
PRODUCTS_EACH = 24  # pairs of one line of it
ANSWER_CHARACTERS_MIN = {"en": 12, "zh": 6}
# What an agent says whatever was asked.
_JDDC_EMPTY = (
    "请问",
    "有什么",
    "您好",
    "稍等",
    "感谢",
    "谢谢",
    "不客气",
    "嗯",
    "祝您",
    "抱歉",
    "再见",
)


class Pair(NamedTuple):
    """A question and a text that answers it."""

    question: str
    answer: str
    source: str
    group: str  # pairs of one group are never parted

    @property
    def is_kept(self) -> bool:
        """Whether it is for choosing and not for training."""
        every = KEPT_SHARE.get(self.source, KEPT_ELSE)
        return zlib.crc32(f"{self.source} {self.group}".encode()) % every == 0


def rows(path: Path) -> list[dict[str, Any]]:
    """Rows of gzipped JSON lines or CSV."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        if path.name.endswith(".csv.gz"):
            return list(csv.DictReader(file))
        return [json.loads(line) for line in file]


def own(language: str) -> list[Pair]:
    """Of our own writing; each way to ask is a pair."""
    found = []
    for number, line in enumerate(OWN.read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        if row["language"] == language:
            found += [
                Pair(question, answer, "own_faq", str(number))
                for question in row["questions"]
                for answer in row["answers"]
            ]
    return found


def own_products() -> list[Pair]:
    """Of our own phrases in Chinese: a way to ask about a thing, and an answer to such a question.

    Lines: `T kind: things`, then `Q kind: ways to ask | ... => answers || ...`.
    """
    chance = random.Random(0)
    things: dict[str, list[str]] = {}
    found = []
    for number, line in enumerate(OWN_PRODUCTS.read_text(encoding="utf-8").splitlines()):
        head, _, rest = line.partition(": ")
        kind = head[2:]
        if line.startswith("T "):
            things[kind] = rest.split()
            continue
        asked, answers = rest.split(" => ")
        for _ in range(PRODUCTS_EACH):
            way = chance.choice(asked.split(" | "))
            question = way.replace("{p}", chance.choice(things[kind]))
            answer = chance.choice(answers.split(" || "))
            found.append(Pair(question, answer, "own_products", str(number)))
    return found


def pairs(data: Path, language: str) -> list[Pair]:
    """All of a language. data: the folder of public sets."""
    qa = data / "qa"
    found = own(language)
    if language == "en":
        found += [
            Pair(row["question"], row["answer"], "amazon", row["asin"])
            for row in rows(qa / "amazon_qa_appliances" / "train.jsonl.gz")
            if len(row["answer"]) >= ANSWER_CHARACTERS_MIN["en"]
        ]
        found += [
            Pair(row["question"], row["context"], "subjqa", row["item_id"])
            for row in rows(qa / "subjqa_products" / "train.jsonl.gz")
            if row["answerable"]
        ]
        return found
    found += own_products()
    for name in ("cmrc2018", "drcd"):
        found += [
            Pair(row["question"], row["context"], name.removesuffix("2018"), row["context"][:60])
            for row in rows(qa / name / "train.jsonl.gz")
        ]
    for row in rows(qa / "jddc_sample" / "train.jsonl.gz"):
        question, answer = row["context"][-1], row["answer"]
        if (
            len(question) >= 5
            and len(answer) >= ANSWER_CHARACTERS_MIN["zh"]
            and not any(word in answer for word in _JDDC_EMPTY)
            and "[" not in question
        ):
            found.append(Pair(question, answer, "jddc", answer))
    return found


def intents(data: Path) -> dict[str, list[str]]:
    """Utterances by intent, of the sets of customers' questions."""
    found: dict[str, list[str]] = {}
    for name in ("bitext_customer_support", "banking77"):
        for row in rows(data / "intent" / name / "train.csv.gz"):
            found.setdefault(f"{name} {row['intent']}", []).append(row["text"])
    chance = random.Random(0)
    for texts in found.values():
        chance.shuffle(texts)
    return found
