"""How well a pack's guards and intents do on texts that are none of its examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.services.answers.core.guarding import Guards
from shopkeeper.services.intent.decision import Decision
from shopkeeper.services.intent.model import load_cascade, thresholds_of
from shopkeeper.services.intent.own_labels import own_labels
from shopkeeper.shared.domains import pack
from shopkeeper.shared.domains.examples import examples_of, read_examples, read_file
from shopkeeper.shared.domains.pack import PackError
from shopkeeper.shared.text.embedder import load_embedders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from shopkeeper.shared.domains.examples import Example
    from shopkeeper.shared.domains.pack import Guard, Pack


class Share(NamedTuple):
    """Some of all."""

    some: int
    of: int

    def __str__(self) -> str:
        return f"{self.some} of {self.of} ({self.some / max(1, self.of):.3f})"


def figures(domain: str, file: Path) -> Iterator[str]:
    """Lines of figures of a pack on a file of labelled texts. Raises PackError, ModelError."""
    said, texts = pack.load(domain), read_file(file)
    known = {each.text for each in read_examples(domain)}
    if learned := next((each.text for each in texts if each.text in known), None):
        raise PackError(f"{file}: {learned!r} is an example of the pack: it can judge nothing")
    encoders = load_embedders()
    guards = Guards(said.guards, examples_of(domain), encoders)
    sentences = guards.answers([each.text for each in texts], [each.language for each in texts])
    for guard in said.guards:
        struck = [
            answer is not None and answer.text == guard.of(each.language)
            for each, answer in zip(texts, sentences, strict=True)
        ]
        yield from of_guard(guard, texts, struck)
    if said.intents.like:
        yield from of_intents(said, domain, texts)


def of_guard(guard: Guard, texts: Sequence[Example], struck: Sequence[bool]) -> Iterator[str]:
    """struck: (texts,) whether each was given the guard's sentence."""
    for language in ("en", "zh"):
        rows = [
            (each.intent in guard.intents, each.near, hit)
            for each, hit in zip(texts, struck, strict=True)
            if each.language == language
        ]
        caught = [hit for own, _, hit in rows if own]
        others = [hit for own, _, hit in rows if not own]
        near = [hit for own, close, hit in rows if close and not own]
        yield (
            f"guard {guard.name} ({language}): caught {Share(sum(caught), len(caught))}; "
            f"false alarms {Share(sum(others), len(others))}, "
            f"of near misses {Share(sum(near), len(near))}"
        )


def of_intents(said: Pack, domain: str, texts: Sequence[Example]) -> Iterator[str]:
    """Right labels: the pack's own, and those of the shop's model at what they are like."""
    shop, like = load_cascade(), said.intents.like
    own = own_labels(domain, said.intents)("", 1)
    for language in ("en", "zh"):
        mine = [each for each in texts if each.language == language]
        wanted = [each.intent for each in mine]
        for name, model, truth in (
            ("intents of the pack", own, wanted),
            ("the shop's labels that they are like", shop, [like.get(w, w) for w in wanted]),
        ):
            decision = Decision(model.labels, *thresholds_of(model.parameters))
            rows = model.probabilities([each.text for each in mine])
            found = [model.labels[column] for column in decision.columns(rows)]
            right = sum(one == other for one, other in zip(found, truth, strict=True))
            yield f"{name} ({language}): right {Share(right, len(mine))}"
