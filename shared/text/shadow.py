"""A second model beside the one that answers: it judges the same texts, and nobody hears it.

It runs in a process of its own (`judge.py`), and a thread compares and counts. The state thread
only leaves texts in a queue; where that is full, because the shadow is the slower one, they are
dropped and counted.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .agreement import Agreement, Compared, sampled
from .language import detect
from .manifest import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.runtime.reloading import Reloadable
    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

    from .judge import Judge
    from .served_model import ServedModel

log = logging.getLogger(__name__)

QUEUE_CHARACTERS_MAX = 1_000_000  # of all texts that wait; a batch of reviews has about 400,000
QUEUE_TEXTS_MAX = 20_000
CALL_TEXTS = 64  # judged at once: between two calls the thread heeds a stop
WAIT_S = 0.2
LOG_S = 300.0
END_S = 1.0


class Waiting(NamedTuple):
    """Texts that wait for the shadow, and what was answered: columns of labels, and their
    probabilities; both (texts,)."""

    texts: list[str]
    columns: NDArray[np.intp]
    probabilities: NDArray[np.float32]
    version: str  # of the model that answered
    characters: int


class Shadow:
    """A `Component`, beside one `ServedModel`. `offer` is for the state thread."""

    def __init__(
        self,
        served: ServedModel,
        files: Reloadable[Judge],
        columns: Callable[[NDArray[np.float32], Mapping[str, float]], NDArray[np.intp]],
        share: float,
    ) -> None:
        """files: of the second model, whose labels are the served model's. columns: of rows of
        probabilities, (texts, labels), and a model's parameters: the columns of the labels that
        the service would publish. share: of the texts that are compared, from 0 to 1."""
        self._served, self._files, self._columns, self._share = served, files, columns, share
        self._model: Judge | None = None  # until it is loaded, no text is left
        self._carried = 0.0
        self._queue: deque[Waiting] = deque()
        self._characters = self._texts = 0
        self._changed = threading.Condition()
        self._stopping = False
        # Of the two models as they are now, for ratios; and what the metrics have not yet taken.
        self._pair: tuple[str, str] | None = None
        self._of_pair = Agreement(served.labels)
        self._fresh = Agreement(served.labels)
        self._dropped: Counter[str] = Counter()
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)

    # -- on the state thread

    def offer(self, texts: Sequence[str], rows: NDArray[np.float32]) -> None:
        """Leave a sample of the texts, and of their answers, for the shadow; never waits."""
        taken, self._carried = sampled(len(texts), self._share, self._carried)
        if not len(taken) or self._model is None:
            return
        chosen = [texts[row] for row in taken.tolist()]
        columns = self._columns(rows[taken], self._served.parameters)
        probabilities = rows[taken, columns]
        characters = np.cumsum(np.fromiter(map(len, chosen), np.int64, len(chosen)))
        with self._changed:
            # What fits of them: a batch of long texts alone may have more than the queue.
            room = QUEUE_CHARACTERS_MAX - self._characters
            fit = int(np.searchsorted(characters, room, side="right"))
            fit = min(fit, QUEUE_TEXTS_MAX - self._texts)
            self._dropped["busy"] += len(chosen) - fit
            if not fit:
                return
            size = int(characters[fit - 1])
            self._queue.append(
                Waiting(
                    chosen[:fit], columns[:fit], probabilities[:fit], self._served.version, size
                )
            )
            self._characters += size
            self._texts += fit
            self._changed.notify()

    # -- on the thread of its own

    async def start(self) -> None:
        self._thread.start()

    async def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()
        model = self._model
        if model is not None:
            await asyncio.to_thread(model.close)  # ends the call that the thread waits for
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join, END_S)

    def _run(self) -> None:
        logged = time.monotonic()
        while not self._stopping:
            self._take_newer()
            waiting = self._next()
            if waiting is not None:
                self._judge(waiting)
            if time.monotonic() - logged > LOG_S:
                logged = time.monotonic()
                self._tell()
        self._tell()

    def _take_newer(self) -> None:
        newer = self._files.take()
        if newer is not None:
            old, self._model = self._model, newer
            if old is not None:
                old.close()
            log.info("%s: the shadow is version %s now", newer.name, newer.version)

    def _next(self) -> Waiting | None:
        with self._changed:
            if not self._queue and not self._stopping:
                self._changed.wait(WAIT_S)
            if not self._queue:
                return None
            waiting = self._queue.popleft()
            self._characters -= waiting.characters
            self._texts -= len(waiting.texts)
            return waiting

    def _judge(self, waiting: Waiting) -> None:
        model = self._model
        if model is None:
            return
        if self._pair != (waiting.version, model.version):
            self._tell()
            with self._changed:
                self._pair = (waiting.version, model.version)
                self._of_pair = Agreement(self._served.labels)
        for first in range(0, len(waiting.texts), CALL_TEXTS):
            if self._stopping:
                return
            part = slice(first, first + CALL_TEXTS)
            texts = waiting.texts[part]
            try:
                rows = model.probabilities(texts)
            except ModelError as error:
                if self._stopping:
                    return
                # The service goes on without.
                log.error(
                    "%s: the shadow is left out until its files change: %s", model.name, error
                )
                model.close()
                self._files.failing = True
                self._model = None
                with self._changed:
                    self._dropped["failed"] += len(waiting.texts) - first
                return
            columns = waiting.columns[part]
            theirs = rows[np.arange(len(texts)), columns].astype(np.float64)
            compared = Compared(
                [detect(text) for text in texts],
                columns,
                self._columns(rows, model.parameters),
                np.abs(theirs - waiting.probabilities[part]),
            )
            with self._changed:
                self._of_pair.add(compared)
                self._fresh.add(compared)

    def _tell(self) -> None:
        if self._pair is None or not self._of_pair.texts:
            return
        served, shadow = self._pair
        log.info(
            "%s: shadow %s beside %s: %s",
            self._served.name,
            shadow,
            served,
            self._of_pair.summary(),
        )

    # -- metrics

    def metrics(self, registry: Registry) -> Observer:
        """Declare the metrics; returns what brings them up to date."""
        by = "model", "language"
        texts = registry.counter("shadow_texts", "Texts that the shadow has judged as well.", *by)
        differing = registry.counter(
            "shadow_disagreements",
            "Texts that it labels otherwise, by the served label.",
            *by,
            "label",
        )
        dropped = registry.counter(
            "shadow_dropped_texts", "Texts it was to judge and did not.", "model", "reason"
        )
        ratio = registry.gauge(
            "shadow_agreement_ratio", "Share labelled alike, of the two models as they are.", *by
        )
        difference = registry.gauge(
            "shadow_probability_difference_ratio",
            "Mean absolute difference of the served label's probability, of the two models as "
            "they are.",
            *by,
        )
        info = registry.gauge("shadow_model_info", "Always 1.", "name", "version")
        name = self._served.name
        for reason in ("busy", "failed"):
            dropped.labels(name, reason)  # shown as 0

        shown: list[object] = [None]

        def observe() -> None:
            with self._changed:
                fresh, self._fresh = self._fresh, Agreement(self._served.labels)
                missed, self._dropped = self._dropped, Counter()
                of_pair = {
                    language: (self._of_pair.ratio(language), self._of_pair.difference(language))
                    for language in self._of_pair.texts
                }
                pair = self._pair
            for language, count in fresh.texts.items():
                texts.labels(name, language).inc(count)
            for (language, label, _), count in fresh.disagreements.items():
                differing.labels(name, language, label).inc(count)
            for reason, count in missed.items():
                dropped.labels(name, reason).inc(count)
            model = self._model
            now = pair, None if model is None else model.version
            if now != shown[0]:
                shown[0] = now
                for gauge in (ratio, difference, info):
                    gauge.clear()
                if model is not None:
                    info.labels(name, model.version).set(1)
            for language, (alike, apart) in of_pair.items():
                ratio.labels(name, language).set(alike)
                difference.labels(name, language).set(apart)

        return observe
