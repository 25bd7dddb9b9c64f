"""How well passages are found: `shopkeeper evaluate retrieval FILE`."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import click
import numpy as np
import orjson

from shopkeeper.shared.contracts.events.shop import KnowledgePublished
from shopkeeper.shared.runtime.settings import model_dir_of
from shopkeeper.shared.text.embedder import load_embedders

from .core.entries import entry_of
from .core.fused import Blend, FusedRanker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import IO

    from numpy.typing import NDArray

    from .core.fused import Embeds
    from .core.ranking import Ranker

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
DRAWS = 2000  # of the bootstrap
PUT_AT_ONCE = 500


class Case(NamedTuple):
    """A question and the one passage of the pool that answers it."""

    question: str
    passage: str


def read_cases(path: Path) -> list[Case]:
    """Questions with their passages, of JSON lines (also .gz): `question` and `context`, of those
    with an answer; `question` and `answer`; or a dialogue's turns as `context` and the `answer`,
    where the last turn asks. Raises ValueError, OSError."""
    opened = gzip.open if path.name.endswith(".gz") else open
    cases: list[Case] = []
    with cast("IO[str]", opened(path, "rt", encoding="utf-8-sig")) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = orjson.loads(line)
                cases += _cases_of(row)
            except (orjson.JSONDecodeError, KeyError, TypeError, IndexError) as error:
                raise ValueError(
                    f"{path}: line {number}: no question with `context` or `answer`: {error!r}"
                ) from None
    if not cases:
        raise ValueError(f"{path}: no question that has an answer")
    return cases


def _cases_of(row: dict[str, Any]) -> Iterator[Case]:
    context = row.get("context")
    if isinstance(context, list):
        yield Case(context[-1], row["answer"])
    elif context is None:
        yield Case(row["question"], row["answer"])
    elif row.get("answerable", True):
        yield Case(row["question"], context)


def filled(ranker: Ranker, passages: Sequence[str]) -> None:
    """Put a pool in, each passage under its place. passages: distinct."""
    entries = [
        entry_of(KnowledgePublished(knowledge_id=str(place), text=passage, kind="page"))
        for place, passage in enumerate(passages)
    ]
    for first in range(0, len(entries), PUT_AT_ONCE):
        ranker.put(entries[first : first + PUT_AT_ONCE])
    if isinstance(ranker, FusedRanker):
        ranker.catch_up()


def ranks(ranker: Ranker, cases: Sequence[Case], passages: Sequence[str]) -> list[int | None]:
    """Of each case its passage's place, from 1; None where it was not found at all.

    ranker: filled with `passages`, which are distinct; all of the cases' are among them.
    """
    number = {passage: str(place) for place, passage in enumerate(passages)}
    found: list[int | None] = []
    for first in range(0, len(cases), PUT_AT_ONCE):
        asked = cases[first : first + PUT_AT_ONCE]
        questions = [case.question for case in asked]
        rankings = ranker.rank_all(questions, len(passages), [None] * len(asked))
        for case, ranking in zip(asked, rankings, strict=True):
            places = {hit.id: place for place, hit in enumerate(ranking.hits, 1)}
            found.append(places.get(number[case.passage]))
    return found


class Figures:
    """recall and MRR with 95 % intervals over questions, of one ranker or of two in pairs."""

    def __init__(self, found: Sequence[int | None]) -> None:
        self.places = np.array([np.inf if place is None else place for place in found])
        size = (DRAWS, len(found))
        self._draws = np.random.default_rng(0).integers(len(found), size=size)

    def told(self) -> dict[str, Any]:
        """recall@1, recall@5 and MRR, the first and last with intervals."""
        first, reciprocal = self.places == 1, 1 / self.places
        return {
            "recall@1": round(float(first.mean()), 4),
            "recall@1_interval": self._interval(first),
            "recall@5": round(float((self.places <= 5).mean()), 4),
            "mrr": round(float(reciprocal.mean()), 4),
            "mrr_interval": self._interval(reciprocal),
        }

    def over(self, other: Figures) -> dict[str, Any]:
        """By how much it is better than another ranker on the same questions."""
        first = (self.places == 1) * 1.0 - (other.places == 1)
        reciprocal = 1 / self.places - 1 / other.places
        return {
            "recall@1": round(float(first.mean()), 4),
            "recall@1_interval": self._interval(first),
            "mrr": round(float(reciprocal.mean()), 4),
            "mrr_interval": self._interval(reciprocal),
        }

    def _interval(self, values: NDArray[Any]) -> list[float]:
        means = values[self._draws].mean(axis=1)
        return [round(float(q), 4) for q in np.quantile(means, (0.025, 0.975))]


def evaluated(
    cases: Sequence[Case], passages: Sequence[str], embedders: Mapping[str, Embeds]
) -> dict[str, Any]:
    """Figures over one pool; with encoders also those of words and of vectors alone, and by how
    much both together are better. passages: further ones; duplicates are one."""
    pool = list(dict.fromkeys([*(case.passage for case in cases), *passages]))
    ranker = FusedRanker(embedders)
    filled(ranker, pool)
    both = Figures(ranks(ranker, cases, pool))
    told = {"questions": len(cases), "pool": len(pool), **both.told()}
    if embedders:
        words = Figures(ranks(ranker.lexical, cases, pool))
        ranker.blends = dict.fromkeys(embedders, Blend(0.0))
        vectors = Figures(ranks(ranker, cases, pool))
        told |= {"words": words.told(), "vectors": vectors.told()}
        told |= {"over_words": both.over(words), "over_vectors": both.over(vectors)}
    return told


@click.command("retrieval")
@click.argument("file", type=FILE)
@click.option(
    "--pool",
    "pools",
    type=FILE,
    multiple=True,
    help="A further file whose passages are in the pool; may be repeated.",
)
def retrieval(file: Path, pools: tuple[Path, ...]) -> dict[str, Any]:
    """How often the right passage comes first for the questions of FILE.

    FILE is JSON lines with `question` and `context` (or `answer`). The pool that is searched is
    every distinct passage of FILE and of the --pool files, without their questions. Figures of
    words and of vectors alone come beside, with paired intervals.

    Example: shopkeeper evaluate retrieval dev.jsonl.gz --pool train.jsonl.gz
    """
    others = [case.passage for pool in pools for case in read_cases(pool)]
    return evaluated(read_cases(file), others, load_embedders(model_dir_of(os.environ)))
