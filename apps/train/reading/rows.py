"""Questions with passages of a user's files, each row checked.

A row has `question`, `context` and `answers` (words of the context; none: it does not answer), or
`answer`, and may have `answer_start`, `split` and `source`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from shopkeeper.shared.datasets.base import DEFAULTS, Options
from shopkeeper.shared.text.language import detect
from shopkeeper.shared.text.normalisation import normalise
from shopkeeper.shared.text.reading.reader import PASSAGE_CHARACTERS_MAX, QUESTION_CHARACTERS_MAX

from ..files import BadFile, BadRows, numbered
from ..rows import SPLITS, TEST, TOLD_MAX, TRAIN, held_out
from .pieces import Row

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NEEDED = (("question",), ("context",), ("answers", "answer"))


class Questions(NamedTuple):
    """Rows of one language. leaked: of train, left out since their passage is in test too."""

    train: list[Row]
    test: list[Row]
    leaked: int
    bad: int


def read(
    paths: Sequence[Path],
    held: Sequence[Path],
    language: str,
    skip_bad: bool,
    options: Options = DEFAULTS,
) -> Questions:
    """Rows of this language, by passage in one part alone. Raises BadRows."""
    told: list[str] = []
    bad = 0
    found: list[tuple[Row, str]] = []
    for path, part in [*((p, "") for p in paths), *((p, TEST) for p in held)]:
        for line, row in numbered(path, NEEDED, options):
            made = row if isinstance(row, str) else _row(row, path)
            if isinstance(made, str):
                bad += 1
                told += [f"{path}:{line}: {made}"] if len(told) < TOLD_MAX else []
            elif _language(made[0]) == language:
                found.append((made[0], part or made[1]))
    if told and not skip_bad:
        raise BadRows(told, bad)
    if not found:
        raise BadFile(f"{paths[0]}: holds no question in {language!r}")
    named = any(part == TEST for _, part in found)
    train: list[tuple[str, Row]] = []
    test: list[tuple[str, Row]] = []
    for each, part in found:
        key = normalise(each.passage)
        is_test = part == TEST if named else held_out(key)
        (test if is_test else train).append((key, each))
    tested = {key for key, _ in test}
    kept = [row for key, row in train if key not in tested]
    return Questions(kept, [row for _, row in test], len(train) - len(kept), bad)


def _language(row: Row) -> str:
    return "zh" if detect(row.passage) == "zh" else "en"


def _row(found: dict[str, Any], path: Path) -> tuple[Row, str] | str:
    """The row and its split, or what is wrong with it."""
    question, passage = found.get("question"), found.get("context")
    if not isinstance(question, str) or not question.strip():
        return "no `question`"
    if not isinstance(passage, str) or not passage.strip():
        return "no `context`"
    if len(question) > QUESTION_CHARACTERS_MAX or len(passage) > PASSAGE_CHARACTERS_MAX:
        return (
            f"more than {QUESTION_CHARACTERS_MAX} characters of `question` or "
            f"{PASSAGE_CHARACTERS_MAX} of `context`"
        )
    given = found["answers"] if "answers" in found else [found.get("answer")]
    if isinstance(given, str):  # of a table's cell
        given = [given]
    if not isinstance(given, list) or not all(isinstance(a, str) or a is None for a in given):
        return "`answers` is no list of texts"
    answers = [answer for answer in given if answer] if found.get("answerable", True) else []
    span = None
    if answers:
        start = found.get("answer_start")
        if not isinstance(start, int) or passage[start : start + len(answers[0])] != answers[0]:
            start = passage.find(answers[0])
        if start < 0:
            return "the first answer does not stand in `context`"
        span = (start, start + len(answers[0]))
    split = found.get("split") or ""
    if split and split not in SPLITS:
        return f"`split` is {split!r}, not one of {', '.join(SPLITS)}"
    name = str(found.get("source") or path.name.partition(".")[0])
    return Row(question, passage, span, name, "", answers), SPLITS.get(
        split, TRAIN if split else ""
    )
