"""Answers in a large model's words where these hold, and in the worker's own where they do not."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from ..core.phrasing.breaker import STATES
from ..core.phrasing.check import check
from ..core.phrasing.prompt import prompt_of
from .endpoint import FAILURES, Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

    from ..core.question import Answer, Question
    from .endpoint import Reply
    from .settings import PhrasingSettings

REQUESTS_MAX = 10_000  # measured between two observations; further ones are counted only
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)


class Phraser:
    """The state thread's side. Batches of one trip share the time that there is."""

    def __init__(
        self, settings: PhrasingSettings, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        """clock_s: seconds, never going back."""
        self.endpoint = Endpoint(settings)
        self._model, self._timeout_s, self._clock_s = settings.model, settings.timeout_s, clock_s
        self._until: float | None = None  # of this trip
        self.outcomes: Counter[str] = Counter()
        self._tokens: Counter[str] = Counter()
        self._seconds: dict[str, list[float]] = {"replied": [], "failed": []}

    def refresh(self) -> None:
        """A trip of the state thread begins: its batches have the whole time."""
        self._until = None

    def phrase_all(self, questions: Sequence[Question], answers: Sequence[Answer]) -> list[Answer]:
        """The answers, each in other words where its route allows and the model's reply holds."""
        phrased = list(answers)
        prompts = [prompt_of(q, a) for q, a in zip(questions, answers, strict=True)]
        asked = [(at, prompt) for at, prompt in enumerate(prompts) if prompt is not None]
        if not asked:
            return phrased
        now = self._clock_s()
        if self._until is None:
            self._until = now + self._timeout_s
        left = max(0.0, self._until - now)
        replies = self.endpoint.ask_all([prompt for _, prompt in asked], left)
        for (at, prompt), reply in zip(asked, replies, strict=True):
            self._measure(reply)
            if reply.outcome != "replied":
                self.outcomes[reply.outcome] += 1
                continue
            checked = check(reply.text, prompt.passages, prompt.language, quotes=prompt.quotes)
            self.outcomes[checked.reason or "phrased"] += 1
            if checked.text is not None:
                phrased[at] = answers[at]._replace(
                    text=checked.text, phrased_by=self._model, local_text=answers[at].text
                )
        return phrased

    def _measure(self, reply: Reply) -> None:
        self._tokens["prompt"] += reply.tokens_in
        self._tokens["completion"] += reply.tokens_out
        if reply.seconds is not None:
            seconds = self._seconds["failed" if reply.outcome in FAILURES else "replied"]
            if len(seconds) < REQUESTS_MAX:
                seconds.append(reply.seconds)

    def metrics(self, registry: Registry) -> Observer:
        """Declare the metrics; returns what adds to them what is new."""
        phrasings = registry.counter("llm_phrasings", "Answers by what became of them.", "outcome")
        tokens = registry.counter("llm_tokens", "Tokens that the endpoint counted.", "kind")
        duration = registry.histogram(
            "llm_request_duration_seconds", "One request.", "outcome", BUCKETS
        )
        breaker = registry.gauge("llm_breaker_state", "1: the breaker is in this state.", "state")

        def observe() -> None:
            for outcome, count in self.outcomes.items():
                phrasings.labels(outcome).inc(count)
            for kind, count in self._tokens.items():
                tokens.labels(kind).inc(count)
            for outcome, seconds in self._seconds.items():
                if seconds:
                    duration.observe(outcome, np.array(seconds))
                    seconds.clear()
            self.outcomes.clear()
            self._tokens.clear()
            for state in STATES:
                breaker.labels(state).set(state == self.endpoint.breaker_state)

        return observe
