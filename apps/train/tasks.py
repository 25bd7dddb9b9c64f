"""The two text services as `train` sees them: labels, features, and what each says of a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from shopkeeper.services.intent import model as intent
from shopkeeper.services.intent.decision import OUT_OF_SCOPE, Decision
from shopkeeper.services.sentiment import model as sentiment
from shopkeeper.services.sentiment.judgement import LABELS as SENTIMENTS
from shopkeeper.shared.text import features

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH_TEXTS = 1024


class Answers(NamedTuple):
    """What a model as it is served says of texts. probabilities: (texts, labels of the model)."""

    version: str
    labels: tuple[str, ...]
    probabilities: NDArray[Any]
    decided: list[str]  # as published: abstentions included
    tiers: list[str]  # who answered each


@dataclass(frozen=True)
class Task:
    """One service's labels and features."""

    name: str
    labels: tuple[str, ...]  # the only ones there may be; none: any
    must: tuple[str, ...]  # labels that a model has, whether rows have them or not
    alias: dict[str, str]
    bits: int
    sizes: dict[int, features.Sizes]
    answers: Callable[[str, Sequence[str]], Answers]  # of a folder of models, to texts

    def named(self, label: str) -> str:
        """The label as models have it: of a few fixed ones in any case."""
        found = self.alias.get(label, label)
        return found.casefold() if found.casefold() in self.labels else found

    def wrong(self, label: str) -> str | None:
        """What is wrong with a label; None: nothing."""
        if self.labels and self.named(label) not in self.labels:
            return f"label {label!r} is not one of {', '.join(self.labels)}: write these instead"
        return None


def _intents(model_dir: str, texts: Sequence[str]) -> Answers:
    model, thresholds = intent.load_model(model_dir)
    p, tiers = _asked(model, texts)
    decided = Decision(model.labels, *thresholds).of_all(texts, p, 1)
    return Answers(model.version, model.labels, p, [each.label for each in decided], tiers)


def _sentiments(model_dir: str, texts: Sequence[str]) -> Answers:
    model = sentiment.load_model(model_dir)
    p, tiers = _asked(model, texts)
    decided = [model.labels[best] for best in p.argmax(axis=1).tolist()]
    return Answers(model.version, model.labels, p, decided, tiers)


def _asked(model: Any, texts: Sequence[str]) -> tuple[NDArray[Any], list[str]]:
    import numpy as np

    rows, tiers = [np.zeros((0, len(model.labels)), np.float32)], []
    for first in range(0, len(texts), BATCH_TEXTS):
        found, who = model.answered(texts[first : first + BATCH_TEXTS])
        rows.append(found)
        tiers += [model.tier_names[number] for number in who.tolist()]
    return np.concatenate(rows), tiers


# Features as the models that are shipped have them (their entries in the manifest).
TASKS = {
    "intent": Task(
        name="intent",
        labels=(),
        must=(OUT_OF_SCOPE,),
        alias={"oos": OUT_OF_SCOPE},
        bits=18,
        # Chinese queries and chat lines are short: three characters in a row rarely come back.
        sizes={
            features.EN: features.Sizes((1, 2), (2, 3, 4, 5)),
            features.ZH: features.Sizes((), (1, 2)),
        },
        answers=_intents,
    ),
    "sentiment": Task(
        name="sentiment",
        labels=SENTIMENTS,
        must=SENTIMENTS,
        alias={},
        bits=19,
        sizes={
            features.EN: features.Sizes((1, 2, 3), (2, 3, 4, 5)),
            features.ZH: features.Sizes((), (1, 2, 3)),
        },
        answers=_sentiments,
    ),
}
