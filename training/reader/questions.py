"""Questions with passages, of the shared sets, of XQuAD and of our own writing, as pieces.

A twelfth, `select`, is kept for choosing: by passage, of our own questions by entry, so that
neither is in two parts. `dev` is opened for the report alone.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from shopkeeper.apps.train.reading.pieces import Read, Reading, Row

SELECT_OF = 12
SETS = {"zh": ("cmrc2018", "drcd"), "en": ("subjqa_products",)}
ANSWERS = "amazon_qa_appliances"  # English; passages are put together of its answers
XQUAD = "xquad"  # Artetxe et al. 2020: 1,190 questions of SQuAD 1.1, in both languages
OWN = Path(__file__).parents[1] / "data" / "faq_own.jsonl"
OWN_NAME = "own_pages"
TOGETHER = (3, 7)  # answers in a passage that is put together, at least and below
TELLING = (25, 200)  # characters of an answer: "Yes." could be anybody's, an essay is no answer


def lines(path: Path) -> Iterator[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def rows_of(data: Path, source: str, part: str) -> list[Row]:
    """The rows of one set: part is `train` or `dev`."""
    found = []
    for row in lines(data / "qa" / source / f"{part}.jsonl.gz"):
        answers = row["answers"] if "answers" in row else [row["answer"]] * row["answerable"]
        start = row["answer_start"]
        span = (start, start + len(answers[0])) if answers else None
        found.append(Row(row["question"], row["context"], span, source, row["id"], answers))
    return found


def put_together(data: Path, part: str, seed: int = 0) -> list[Row]:
    """Answers of customers, some of one product in a row, as a passage for one of its questions."""
    chance = np.random.default_rng(seed)
    of_product: dict[str, list[dict]] = {}
    for row in lines(data / "qa" / ANSWERS / f"{part}.jsonl.gz"):
        of_product.setdefault(row["asin"], []).append(row)
    found = []
    for product, rows in of_product.items():
        order = chance.permutation(len(rows))
        size = int(chance.integers(*TOGETHER))
        for first in range(0, len(order), size):
            some = [rows[n] for n in order[first : first + size]]
            if len(some) < 2:
                continue
            passage, spans = "", []
            for row in some:
                text = " ".join(row["answer"].split())
                text += "" if text.endswith((".", "!", "?")) else "."
                passage += " " * bool(passage)
                spans.append((len(passage), len(passage) + len(text)))
                passage += text
            told = [
                Row(row["question"], passage, (begin, end), ANSWERS, product, [passage[begin:end]])
                for row, (begin, end) in zip(some, spans, strict=True)
                if TELLING[0] <= end - begin < TELLING[1]
            ]
            found += told[:1]
    return found


def xquad(file: Path) -> list[Row]:
    """The questions of one language: a file of SQuAD's format."""
    return [
        Row(
            asked["question"],
            paragraph["context"],
            (answer["answer_start"], answer["answer_start"] + len(answer["text"])),
            XQUAD,
            asked["id"],
            [answer["text"]],
        )
        for article in json.loads(file.read_text(encoding="utf-8"))["data"]
        for paragraph in article["paragraphs"]
        for asked in paragraph["qas"]
        for answer in asked["answers"][:1]
    ]


def own_pages(language: str, seed: int = 0) -> Iterator[tuple[str, Row]]:
    """(part, row) of each of our own questions: a page that answers it among others' answers."""
    chance = np.random.default_rng(seed)
    entries: dict[str, list[dict]] = {"train": [], "select": []}
    for line in OWN.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["language"] == language:
            part = "select" if is_selected(row["questions"][0]) else "train"
            entries[part].append(row)
    space = " " if language == "en" else ""
    for part, rows in entries.items():
        for number, row in enumerate(rows):
            for question in row["questions"]:
                size = int(chance.integers(*TOGETHER))
                beside = [n for n in chance.permutation(len(rows))[:size].tolist() if n != number]
                texts = [
                    rows[n]["answers"][chance.integers(len(rows[n]["answers"]))] for n in beside
                ]
                answer = row["answers"][chance.integers(len(row["answers"]))]
                at = int(chance.integers(len(texts) + 1))
                texts.insert(at, answer)
                begin = sum(len(text) + len(space) for text in texts[:at])
                answers = [answer, *(each for each in row["answers"] if each != answer)]
                span = begin, begin + len(answer)
                yield part, Row(question, space.join(texts), span, OWN_NAME, str(number), answers)


def is_selected(passage: str) -> bool:
    return int(hashlib.md5(passage.encode()).hexdigest(), 16) % SELECT_OF == 0


def rows_to_learn(data: Path, language: str, also: Path | None) -> dict[str, list[Row]]:
    """`train` and `select`. also: the folder of XQuAD; None: without it."""
    rows = [row for source in SETS[language] for row in rows_of(data, source, "train")]
    if language == "en":
        rows += put_together(data, "train")
    if also is not None:
        rows += xquad(also / f"xquad.{language}.json")
    found: dict[str, list[Row]] = {"train": [], "select": []}
    for row in rows:
        found["select" if is_selected(row.passage) else "train"].append(row)
    for part, row in own_pages(language):
        found[part].append(row)
    return found


def parts(
    rows: dict[str, list[Row]], language: str, vocabulary: Sequence[str]
) -> tuple[dict[str, list[Read]], Reading]:
    """The same as pieces, without rows whose answers have none; `train`, where it is among them,
    with wrong passages."""
    reading = Reading(language, vocabulary)
    found: dict[str, list[Read]] = {}
    for part, some in rows.items():
        reads = [reading.read(row) for row in some]
        found[part] = [read for read in reads if read.answer or not read.row.span]
    if "train" in found:
        reading.with_others(found["train"])
    return found, reading
