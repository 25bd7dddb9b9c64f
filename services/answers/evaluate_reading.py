"""How well passages are read: `shopkeeper evaluate reading FILE`."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import click
import numpy as np
import orjson

from shopkeeper.shared.runtime import settings
from shopkeeper.shared.text.embedder import load_embedders
from shopkeeper.shared.text.language import detect
from shopkeeper.shared.text.reading.reader import SpanReaders
from shopkeeper.shared.text.reading.scores import Score, auroc, score

from .core.fused import FusedRanker
from .evaluate import filled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import IO

    from .core.fused import Embeds
    from .core.span_reading import SpanModel

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
AT_ONCE = 64  # questions


class Case(NamedTuple):
    """A question, a passage, and every right answer; none: the passage does not answer."""

    question: str
    passage: str
    answers: tuple[str, ...]


def read_cases(path: Path) -> list[Case]:
    """Of JSON lines (also .gz) with `question`, `context` and `answers`, a list, or `answer`, null
    where there is none. Raises ValueError, OSError."""
    opened = gzip.open if path.name.endswith(".gz") else open
    cases: list[Case] = []
    with cast("IO[str]", opened(path, "rt", encoding="utf-8-sig")) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                cases.append(_case_of(orjson.loads(line)))
            except (orjson.JSONDecodeError, KeyError, TypeError) as error:
                raise ValueError(
                    f"{path}: line {number}: no question with `context` and `answers`: {error!r}"
                ) from None
    if not any(case.answers for case in cases):
        raise ValueError(f"{path}: no question that has an answer")
    return cases


def _case_of(row: dict[str, Any]) -> Case:
    question, passage = row["question"], row["context"]
    answers = row["answers"] if "answers" in row else [row["answer"]]
    if not isinstance(question, str) or not isinstance(passage, str):
        raise TypeError("`question` and `context` are texts")
    known = tuple(str(each) for each in answers if each) if row.get("answerable", True) else ()
    return Case(question, passage, known)


def retrieved(
    cases: Sequence[Case], passages: Iterable[str], embedders: Mapping[str, Embeds]
) -> list[Case]:
    """The same questions with the passage that ranks first in the pool as the worker ranks it, of
    those that have an answer. A passage other than the question's own counts as one without the
    answer for `answerable_auroc`, but a right answer out of it is right.

    passages: further ones of the pool; duplicates are one. embedders: by language; none: by words.
    """
    asked = [case for case in cases if case.answers]
    pool = list(dict.fromkeys([*(case.passage for case in asked), *passages]))
    ranker = FusedRanker(embedders)
    filled(ranker, pool)
    rankings = ranker.rank_all([case.question for case in asked], 1, [None] * len(asked))
    return [
        case._replace(passage=pool[int(ranking.hits[0].id)] if ranking.hits else "")
        for case, ranking in zip(asked, rankings, strict=True)
    ]


def evaluated(
    model: SpanModel, cases: Sequence[Case], found: Sequence[Case] | None = None
) -> dict[str, Any]:
    """EM and F1 over the questions that have an answer; of passages that have none, how well
    `answerable` tells them (AUROC, the share of pairs that it puts in the right order).

    found: the cases to read instead, of questions with an answer, see `retrieved`.
    """
    asked = cases if found is None else [case for case in cases if case.answers]
    scores: list[Score] = []
    yes: list[float] = []
    no: list[float] = []
    unread = 0
    for first in range(0, len(asked), AT_ONCE):
        own = asked[first : first + AT_ONCE]
        some = own if found is None else found[first : first + AT_ONCE]
        spans = model.read_all([(case.question, case.passage) for case in some])
        for right, case, span in zip(own, some, spans, strict=True):
            unread += span is None
            has_answer = bool(case.answers) and case.passage == right.passage
            (yes if has_answer else no).append(span.answerable if span else 0.0)
            if case.answers:
                quote = case.passage[span.begin : span.end] if span else ""
                scores.append(score(quote, case.answers, detect(right.passage)))
    figures: dict[str, Any] = {
        "em": round(float(np.mean([each.exact for each in scores])), 4),
        "f1": round(float(np.mean([each.f1 for each in scores])), 4),
        "questions": len(scores),
    }
    if unread:
        figures["unread"] = unread
    if yes and no:
        figures |= {"unanswerable": len(no), "answerable_auroc": round(auroc(yes, no), 4)}
    return figures


@click.command("reading")
@click.argument("file", type=FILE)
@click.option(
    "--retrieve", is_flag=True, help="Read the passage that ranks first, not the question's own."
)
@click.option(
    "--pool",
    "pools",
    type=FILE,
    multiple=True,
    help="With --retrieve: a further file whose passages are searched; may be repeated.",
)
def reading(file: Path, retrieve: bool, pools: tuple[Path, ...]) -> dict[str, Any]:
    """How well the answers of FILE are found in their passages.

    FILE is JSON lines with `question`, `context` and `answers` (or `answer`, null where the passage
    has none). Exact match and F1 are those of SQuAD, in Chinese those of CMRC 2018.

    Example: shopkeeper evaluate reading dev.jsonl.gz
    """
    cases = read_cases(file)
    readers = SpanReaders.load(settings.model_dir_of(os.environ))
    if not readers.readers:
        raise click.ClickException("the folder of models has no span model")
    if pools and not retrieve:
        raise click.UsageError("--pool is searched with --retrieve alone")
    if not retrieve:
        return evaluated(readers, cases)
    others = [case.passage for pool in pools for case in read_cases(pool)]
    embedders = load_embedders(settings.model_dir_of(os.environ))
    return evaluated(readers, cases, retrieved(cases, others, embedders))
