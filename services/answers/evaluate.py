"""How well passages are found: `shopkeeper evaluate retrieval FILE`."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import click
import numpy as np
import orjson

from shopkeeper.shared.contracts.events.shop import KnowledgePublished

from .core.entries import entry_of
from .core.ranking import LexicalRanker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import IO

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


def ranks(ranker: Ranker, cases: Sequence[Case], passages: Sequence[str]) -> list[int | None]:
    """Of each case its passage's place, from 1; None where it was not found at all.

    passages: the pool, distinct; all of the cases' are among them.
    """
    number = {passage: str(place) for place, passage in enumerate(passages)}
    entries = [
        entry_of(KnowledgePublished(knowledge_id=name, text=passage, kind="page"))
        for passage, name in number.items()
    ]
    for first in range(0, len(entries), PUT_AT_ONCE):
        ranker.put(entries[first : first + PUT_AT_ONCE])
    found: list[int | None] = []
    for first in range(0, len(cases), PUT_AT_ONCE):
        asked = cases[first : first + PUT_AT_ONCE]
        questions = [case.question for case in asked]
        rankings = ranker.rank_all(questions, len(entries), [None] * len(asked))
        for case, ranking in zip(asked, rankings, strict=True):
            places = {hit.id: place for place, hit in enumerate(ranking.hits, 1)}
            found.append(places.get(number[case.passage]))
    return found


def figures(found: Sequence[int | None], pool: int) -> dict[str, Any]:
    """recall@1, recall@5 and MRR, the first and last with 95 % intervals over questions."""
    places = np.array([np.inf if place is None else place for place in found])
    draws = np.random.default_rng(0).integers(len(places), size=(DRAWS, len(places)))
    first, reciprocal = places == 1, 1 / places

    def interval(values: np.ndarray[Any, Any]) -> list[float]:
        return [round(float(q), 4) for q in np.quantile(values[draws].mean(axis=1), (0.025, 0.975))]

    return {
        "questions": len(places),
        "pool": pool,
        "recall@1": round(float(first.mean()), 4),
        "recall@1_interval": interval(first),
        "recall@5": round(float((places <= 5).mean()), 4),
        "mrr": round(float(reciprocal.mean()), 4),
        "mrr_interval": interval(reciprocal),
    }


def evaluated(
    cases: Sequence[Case],
    passages: Sequence[str],
    make: Callable[[], Ranker] = LexicalRanker,
) -> dict[str, Any]:
    """Figures of one ranker over one pool. passages: further ones; duplicates are one."""
    pool = list(dict.fromkeys([*(case.passage for case in cases), *passages]))
    return figures(ranks(make(), cases, pool), len(pool))


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
    every distinct passage of FILE and of the --pool files, without their questions.

    Example: shopkeeper evaluate retrieval dev.jsonl.gz --pool train.jsonl.gz
    """
    others = [case.passage for pool in pools for case in read_cases(pool)]
    return evaluated(read_cases(file), others)
