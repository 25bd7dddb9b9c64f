"""What share of a large model's replies may be shown: `shopkeeper evaluate phrasing FILE`."""

from __future__ import annotations

import asyncio
import os
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from shopkeeper.shared.contracts.events.answers import AnswerSource
from shopkeeper.shared.datasets.knowledge import read_knowledge
from shopkeeper.shared.runtime.settings import SettingsError
from shopkeeper.shared.text.language import detect

from ..core.entries import entry_of
from ..core.phrasing.check import check
from ..core.phrasing.prompt import prompt_of
from ..core.question import Answer, Question
from ..core.reading import ANSWER_CHARACTERS_MAX
from .endpoint import Endpoint
from .settings import PhrasingSettings

if TYPE_CHECKING:
    from ..core.phrasing.prompt import Prompt

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEVER = 1_000_000_000  # failures in a row, requests in an hour: nothing is held back here


def prompts_of(path: Path) -> list[Prompt]:
    """Of each entry with a title, its title as the question and its text as the answer.

    Raises FormatError, OSError.
    """
    prompts = []
    for entry in map(entry_of, read_knowledge(path)):
        text = entry.text[:ANSWER_CHARACTERS_MAX]
        source = AnswerSource(id=entry.id, kind=entry.kind, quote=text, title=entry.title or None)
        answer = Answer(text, 1.0, "knowledge", detect(entry.title), (source,))
        prompt = prompt_of(Question(entry.title), answer) if entry.title else None
        if prompt is not None:
            prompts.append(prompt)
    return prompts


@click.command("phrasing")
@click.argument("file", type=FILE)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 3600),
    help="Seconds for one reply; as LLM_TIMEOUT_S if not given.",
)
@click.option("--show", is_flag=True, help="Print each reply and what became of it.")
def phrasing(file: Path, timeout: float | None, show: bool) -> dict[str, Any]:
    """How many answers a large model says in words that may be shown.

    The endpoint is that of LLM_URL and its settings. FILE is one that `shopkeeper knowledge load`
    takes: each entry's title is asked, its text is the answer. Figures: questions by outcome, the
    share that is shown (by language too), seconds per request and tokens.

    Example: LLM_URL=http://localhost:8000/v1 LLM_MODEL=m shopkeeper evaluate phrasing faq.jsonl
    """
    try:
        settings = PhrasingSettings.from_env(os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    if settings is None:
        raise click.ClickException("LLM_URL is not set: there is no large model to ask")
    settings = replace(
        settings,
        timeout_s=settings.timeout_s if timeout is None else timeout,
        requests_per_hour=NEVER,
        breaker_failures=NEVER,
    )
    return asyncio.run(_measured(settings, prompts_of(file), show))


async def _measured(
    settings: PhrasingSettings, prompts: list[Prompt], show: bool
) -> dict[str, Any]:
    endpoint = Endpoint(settings)
    outcomes: Counter[str] = Counter()
    shown: dict[str, list[bool]] = defaultdict(list)
    seconds, tokens = [], Counter[str]()
    await endpoint.start()
    try:
        for first in range(0, len(prompts), settings.concurrency):
            asked = prompts[first : first + settings.concurrency]
            replies = await asyncio.to_thread(endpoint.ask_all, asked, settings.timeout_s)
            for prompt, reply in zip(asked, replies, strict=True):
                outcome = reply.outcome
                if outcome == "replied":
                    outcome = (
                        check(reply.text, prompt.passages, prompt.language).reason or "phrased"
                    )
                outcomes[outcome] += 1
                shown[prompt.language].append(outcome == "phrased")
                seconds.append(reply.seconds or 0.0)
                tokens.update(prompt=reply.tokens_in, completion=reply.tokens_out)
                if show:
                    click.echo(f"{outcome}: {prompt.passages[0]!r} -> {reply.text!r}", err=True)
    finally:
        await endpoint.stop()
    if not prompts:
        raise click.ClickException("no entry in English or Chinese has a title")
    return {
        "questions": len(prompts),
        "outcomes": dict(outcomes.most_common()),
        "shown": _share([each for all_ in shown.values() for each in all_]),
        **{f"shown_{language}": _share(each) for language, each in sorted(shown.items())},
        "seconds_p50": round(float(np.quantile(seconds, 0.5)), 3),
        "seconds_p95": round(float(np.quantile(seconds, 0.95)), 3),
        "prompt_tokens": tokens["prompt"],
        "completion_tokens": tokens["completion"],
    }


def _share(shown: list[bool]) -> float:
    return round(sum(shown) / len(shown), 4)
