"""The live view where there is no terminal: lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.apps.cli.summaries import printable
from shopkeeper.shared.contracts import reasons

from .live import OUTPUT_TOPICS
from .view import EVENT_NAMES, OUTPUT_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .live import Live


def plain_lines(live: Live, now_s: float) -> Iterator[str]:
    """The same for where there is no terminal: one line of numbers, then the newest examples."""
    p50, p99 = live.latencies.quantiles((0.5, 0.99), now_s)
    counts = " ".join(
        f"{OUTPUT_NAMES[t].replace(' ', '-')}={live.outputs.totals[t]}" for t in OUTPUT_TOPICS
    )
    events_per_s = sum(live.events.per_s(name, now_s) for name in EVENT_NAMES)
    states = " ".join(f"{w.name}={w.state}" for w in live.workers)
    yield (
        f"seconds={now_s - live.started_s:.0f} events={live.events.totals.total()} "
        f"events_per_s={events_per_s:.1f} {counts} lag={'?' if live.lag is None else live.lag} "
        f"dead-letters={live.dead_letters} click_to_list_ms_p50={_plain(p50)} "
        f"click_to_list_ms_p99={_plain(p99)} {states}"
    )
    if live.recommendations:
        data = live.recommendations[-1].data
        for language in ("en", "zh"):
            titles = live.titles(language)
            item = data.items[0]
            title = titles.get(item.product_id, item.product_id)
            reason = reasons.render(item.reason, language, titles)
            yield printable(f"  recommendation for {data.user_id}: {title} ({reason})", 300)
    if live.intents:
        example = live.intents[-1]
        yield printable(f"  intent of “{example.text}”: {example.data.intent}", 300)
    answered = [e for e in live.answers if e.data.sources and e.text]
    if answered:
        data, question = answered[-1].data, answered[-1].text
        yield printable(f"  answer to “{question}”: {data.answer} [{data.sources[0].id}]", 300)
    if live.sentiments:
        example = live.sentiments[-1]
        yield printable(f"  sentiment of “{example.text}”: {example.data.label}", 300)
    if live.similar:
        data, titles = live.similar[-1].data, live.titles("en")
        first, second = (titles.get(i.product_id, i.product_id) for i in data.items[:2])
        name = titles.get(data.product_id, data.product_id)
        yield printable(f"  similar to {name}: {first}; {second}", 300)


def _plain(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f}"
