"""The topic of corrected labels as a text worker reads it: whole, as a table."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from .corrections import Corrected, Correction, readable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue
    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

log = logging.getLogger(__name__)
KEY_BYTES_MAX = 256


class CorrectedLabel(msgspec.Struct, frozen=True, kw_only=True):
    """A record's value; its key names the correction, and a tombstone of that key withdraws it."""

    task: str  # the model that it is for: intent or sentiment
    text: str
    label: str
    time_ms: int = 0  # when it was made: of two for one text the later counts
    by: str = ""  # who made it, for the log alone
    note: str = ""  # why, for whoever lists them


_decoder = msgspec.json.Decoder(CorrectedLabel)


def unusable(said: CorrectedLabel, labels: Sequence[str]) -> str:
    """Why a model with these labels cannot use a correction; "" where it can."""
    if said.label not in labels:
        return f"{said.label!r} is none of the labels {', '.join(labels)}"
    return "" if readable([said.text])[0] else "its text is empty"


def decoded(value: bytes) -> CorrectedLabel:
    """Raises msgspec.MsgspecError, ValueError."""
    return _decoder.decode(value)


class CorrectionTable:
    """Takes records of `topics.CORRECTIONS` in, for one model; counts what became of them."""

    def __init__(self, model: Corrected) -> None:
        self._model = model
        self.outcomes: Counter[str] = Counter()

    def apply(self, records: Sequence[KeyValue]) -> None:
        """On the state thread. What cannot be used is logged, counted and withdrawn by its key."""
        for key, value in records:
            name = (key or b"")[:KEY_BYTES_MAX].decode("utf-8", "replace")
            if not value:
                if self._model.corrections.remove(name):
                    self._told("withdrawn", name)
                continue
            try:
                self._put(name, decoded(value))
            except (msgspec.MsgspecError, ValueError) as error:
                # A newer record of this key stands there now, whatever it says.
                self._model.corrections.remove(name)
                self.outcomes["refused"] += 1
                log.warning(
                    "correction %r of %s is not used: %s", name, self._model.name, str(error)[:200]
                )

    def _put(self, name: str, said: CorrectedLabel) -> None:
        if said.task != self._model.name:
            self._model.corrections.remove(name)
            return
        if not name:
            raise ValueError("its record has no key; give one, by which it can be withdrawn")
        if reason := unusable(said, self._model.labels):
            raise ValueError(reason)
        text = readable([said.text])[0]
        correction = Correction(said.time_ms, name, text, said.label)
        self.outcomes["evicted"] += self._model.corrections.put(correction)
        self._told("applied", name, f"{said.label} by {said.by[:80] or 'unknown'}")

    def _told(self, outcome: str, name: str, what: str = "") -> None:
        self.outcomes[outcome] += 1
        log.info(
            "correction %r of %s %s: %s; version %s",
            name,
            self._model.name,
            outcome,
            what or "its text is the model's again",
            self._model.version,
        )

    def metrics(self, registry: Registry) -> Observer:
        """Declare the metrics; returns what adds to them what is new, and forgets it."""
        held = registry.gauge("corrections", "Corrected labels held.", "model")
        records = registry.counter(
            "corrections_received",
            "Corrected labels applied, withdrawn, refused or evicted.",
            "model",
            "outcome",
        )
        answers = registry.counter(
            "answers_corrected",
            "Answers moved by a correction of the same text or a near one; whether the label "
            "changed.",
            "model",
            "how",
            "changed",
        )
        name = self._model.name

        def observe() -> None:
            held.labels(name).set(len(self._model.corrections))
            for outcome, count in self.outcomes.items():
                records.labels(name, outcome).inc(count)
            for (how, changed), count in self._model.changed.items():
                answers.labels(name, how, "yes" if changed else "no").inc(count)
            self.outcomes.clear()
            self._model.changed.clear()

        return observe
