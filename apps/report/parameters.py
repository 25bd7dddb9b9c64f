"""What decides the order of lists: every parameter in a sentence, and what it weighs now.

The parameters are those of the recommender's code; the weights are what its workers publish on
`personalisation.ranking-parameters.v1` (`services/recommender/publishers/parameters.py` says what a
weight is). Each worker learns a ranker of its own, so there are as many as workers.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

import orjson

from shopkeeper.apps.cli.summaries import printable

from .charts import Chart, Section, Series, written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopkeeper.shared.contracts.events.recommendation import ParametersUpdated

    from .charts import Language, Words

SHOWN_MAX = 20  # parameters
NAME_CHARACTERS = 60


class Weight(NamedTuple):
    """A parameter's weight: mean over the partitions, by users' lists, and the extremes."""

    name: str
    expert: str
    mean: float
    low: float
    high: float


@cache
def _texts() -> dict[str, dict[str, dict[str, str]]]:
    found: dict[str, dict[str, dict[str, str]]] = orjson.loads(
        resources.files(__package__).joinpath("words", "parameters.json").read_bytes()
    )
    return found


def explained(feature: str, language: Language) -> str:
    """A feature in one sentence; its name where it is not known, as that of another version."""
    found = _texts()["features"].get(feature)
    return printable(feature, NAME_CHARACTERS) if found is None else found[language]


def source(expert: str, language: Language) -> str:
    """What an expert looks at, in a few words."""
    found = _texts()["experts"].get(expert)
    return printable(expert, NAME_CHARACTERS) if found is None else found[language]


def weights(said: Sequence[ParametersUpdated]) -> list[Weight]:
    """Of all partitions together, the largest mean size first. Each counts alike: what the users of
    a partition get is decided by its weights, whatever it has learned from."""
    values: dict[tuple[str, str], list[float]] = {}
    for each in said:
        for p in each.parameters:
            values.setdefault((p.name, p.expert), []).append(p.weight)
    found = [
        Weight(name, expert, sum(each) / len(said), min(each), max(each))
        for (name, expert), each in values.items()
    ]
    return sorted(found, key=lambda w: (-abs(w.mean), w.name))


def by_expert(found: Sequence[Weight]) -> list[tuple[str, float]]:
    """Each source of evidence's share: the sizes of its parameters' weights; largest first."""
    sizes: dict[str, float] = {}
    for weight in found:
        sizes[weight.expert] = sizes.get(weight.expert, 0.0) + abs(weight.mean)
    total = sum(sizes.values()) or 1.0
    shares = [(name, size / total) for name, size in sizes.items()]
    return sorted(shares, key=lambda pair: (-pair[1], pair[0]))


def section(said: Mapping[str, ParametersUpdated], words: Words) -> Section:
    """said: newest record of each partition, by key."""
    records = list(said.values())
    found = weights(records)
    problem = "" if found else words("no-parameters")
    shares = by_expert(found)
    experts = Chart(
        "experts",
        words("experts.title"),
        words("experts.text"),
        "rows",
        words("experts.x"),
        words("experts.y"),
        x=[source(name, words.language) for name, _ in shares],
        series=[Series(words("experts.x"), [share for _, share in shares])],
        problem=problem,
    )
    learned = sum(record.model.name == "blend" for record in records)
    text = words("parameters.text", partitions=len(records), learned=learned)
    return Section(
        "parameters",
        words("parameters.title"),
        text if found else words("no-parameters"),
        table(found, words) if found else (),
        [experts] if found else (),
    )


def table(found: Sequence[Weight], words: Words) -> list[tuple[str, ...]]:
    """The main parameters: what each is, and its weight; where partitions differ, from and to."""
    rows: list[tuple[str, ...]] = [(words("parameter-is"), words("parameter"), words("weight"))]
    rows += [
        (explained(w.name, words.language), printable(w.name, NAME_CHARACTERS), _weight(w))
        for w in found[:SHOWN_MAX]
    ]
    if len(found) > SHOWN_MAX:
        rest = sum(abs(w.mean) for w in found[SHOWN_MAX:])
        rows.append(
            (words("parameters-rest", count=len(found) - SHOWN_MAX), "", written(rest, "share"))
        )
    return rows


def _weight(weight: Weight) -> str:
    mean = _signed(weight.mean)
    if weight.high - weight.low < 0.0005:
        return mean
    return f"{mean} ({_signed(weight.low)} – {_signed(weight.high)})"


def _signed(value: float) -> str:
    return f"{100 * value:+.1f} %".replace("-", "−")
