"""The live view on the terminal: `Live` in, rich renderables out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from shopkeeper.apps.cli.summaries import printable, summary
from shopkeeper.shared.contracts import reasons, topics

from .live import OUTPUT_TOPICS
from .picture import svg

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.console import RenderableType

    from .live import Example, Live

PICTURE_SIZE = (132, 44)  # columns, lines
EVENT_NAMES = {
    "product.clicked.v1": "clicks",
    "product.added.v1": "adds to cart",
    "order.completed.v1": "orders",
    "products.searched.v1": "searches",
    "question.asked.v1": "questions",
    "product.reviewed.v1": "reviews",
    "product.catalogued.v1": "catalogue",
    "knowledge.published.v1": "knowledge",
}
MOOD_STYLES = {"positive": "green", "neutral": "yellow", "negative": "red"}
SCREEN_MIN = (110, 40)  # columns, lines: below, its panels hold no words any more
COMPACT_MIN = (72, 22)  # of the numbers and the lists alone
STATE_STYLES = {"ready": "green", "starting": "yellow", "waiting": "red", "stopped": "dim"}
EXAMPLES_SHOWN = 3
LANGUAGE_EVERY_S = 4.0  # English and Chinese take turns


def output_name(topic: str) -> str:
    """What people call an output topic: "similar items" for personalisation.similar-items.v1."""
    return topic.split(".")[1].replace("-", " ")


OUTPUT_NAMES = {topic: output_name(topic) for topic in OUTPUT_TOPICS}
NUMBERS_LINES = max(len(EVENT_NAMES), len(OUTPUT_NAMES)) + 3  # a row each, header and borders


def language_at(now_s: float) -> str:
    """The language of the recommendations at this moment."""
    return ("en", "zh")[int(now_s / LANGUAGE_EVERY_S) % 2]


def milliseconds(value: float | None) -> str:
    """A latency, or a dash."""
    return "–" if value is None else f"{value:.1f} ms"


def _count_table(live: Live, live_rates: Any, names: Mapping[str, str], now_s: float) -> Table:
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("", no_wrap=True)
    table.add_column("total", justify="right")
    table.add_column("per s", justify="right")
    for key, name in names.items():
        rate = live_rates.per_s(key, now_s)
        table.add_row(
            live.say(name),
            f"{live_rates.totals[key]:,}",
            f"{rate:.1f}" if rate else Text("–", "dim"),
        )
    return table


def _workers(live: Live, now_s: float) -> Group:
    table = Table(box=None, expand=True, padding=(0, 1), header_style="dim")
    for name in ("worker", "state", "pid", "restarts", "lag"):
        table.add_column(name, justify="right" if name in ("pid", "restarts", "lag") else "left")
    for worker in live.workers:
        table.add_row(
            worker.name,
            Text(worker.state, STATE_STYLES.get(worker.state, "")),
            str(worker.pid or "–"),
            str(worker.restarts),
            "–" if worker.lag is None else f"{worker.lag:,}",
        )
    p50, p99 = live.latencies.quantiles((0.5, 0.99), now_s)
    line = Text.assemble(
        ("\n click → list  ", "dim"),
        "p50 ",
        # Spaces at the end: a picture (SVG) drops those at the beginning.
        (f"{milliseconds(p50)}   ", "bold cyan"),
        "p99 ",
        (milliseconds(p99), "bold cyan"),
    )
    letters = Text.assemble(
        (" dead letters  ", "dim"), (f"{live.dead_letters:,}", "red" if live.dead_letters else "")
    )
    return Group(table, line, letters)


def _newest(examples: Sequence[Example], key: Callable[[Any], str]) -> list[Any]:
    """The data of the newest few examples, one per key."""
    found: dict[str, Any] = {}
    for example in reversed(examples):
        found.setdefault(key(example.data), example.data)
    return list(found.values())[:EXAMPLES_SHOWN]


def _recommendations(live: Live, now_s: float) -> Group:
    language = language_at(now_s)
    titles = live.titles(language)
    blocks: list[RenderableType] = []
    for data in _newest(live.recommendations, lambda data: data.user_id or data.anonymous_id):
        blocks.append(Text.assemble(("for ", "dim"), (data.user_id or data.anonymous_id, "bold")))
        for item in data.items[:4]:
            title = printable(titles.get(item.product_id, item.product_id), 60)
            line = Text.assemble((f"  {item.score:6.3f}  ", "dim"))  # not the whole line
            line.append(title, "bold cyan")
            line.append(f"  {printable(reasons.render(item.reason, language, titles), 120)}")
            line.no_wrap, line.overflow = True, "ellipsis"
            blocks.append(line)
    return Group(*blocks) if blocks else _nothing_yet()


def _nothing_yet() -> Group:
    return Group(Text("nothing yet", "dim"))


def _one_line(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def _intents(live: Live) -> Group:
    lines = [
        _one_line(
            Text.assemble(
                (f"{e.data.intent} ", "bold magenta"),
                (f"{e.data.score:.2f}  ", "dim"),
                printable(e.text, 80) or "–",
            )
        )
        for e in reversed(live.intents)
    ]
    return Group(*lines) if lines else _nothing_yet()


def _sentiments(live: Live) -> Group:
    lines = [
        _one_line(
            Text.assemble(
                (f"{e.data.label:8} ", f"bold {MOOD_STYLES.get(e.data.label, '')}"),
                (f"{e.data.score:.2f}  ", "dim"),
                printable(e.text, 80) or f"rating {e.data.rating}",
            )
        )
        for e in reversed(live.sentiments)
    ]
    return Group(*lines) if lines else _nothing_yet()


def _answers(live: Live) -> Group:
    lines: list[RenderableType] = []
    for example in reversed(live.answers):
        data = example.data
        lines.append(
            _one_line(Text.assemble(("? ", "bold yellow"), printable(example.text, 80) or "–"))
        )
        if data.answer is None:
            lines.append(_one_line(Text("  → a person", "dim")))
            continue
        source = f"  [{', '.join(source.id for source in data.sources)}]"
        line = Text("  ")
        line.append(printable(data.answer, 200))
        line.append(source if data.sources else f"  ({data.route})", "dim")
        lines.append(_one_line(line))
    return Group(*lines) if lines else _nothing_yet()


def _similar(live: Live, now_s: float) -> Group:
    titles = live.titles(language_at(now_s))
    lines: list[RenderableType] = []
    for data in _newest(live.similar, lambda data: data.product_id):
        name = printable(titles.get(data.product_id, data.product_id), 60)
        lines.append(_one_line(Text(name, "bold")))
        for item in data.items[:2]:
            other = printable(titles.get(item.product_id, item.product_id), 60)
            lines.append(_one_line(Text(f"  {item.score:.2f}  {other}")))
    return Group(*lines) if lines else _nothing_yet()


def _trending(live: Live, now_s: float) -> Group:
    titles = live.titles(language_at(now_s))
    lines: list[RenderableType] = []
    for place, item in enumerate(live.trending.items[:4] if live.trending else (), 1):
        name = printable(titles.get(item.product_id, item.product_id), 60)
        lines.append(_one_line(Text.assemble((f"{place}. ", "dim"), name)))
    reviewed = sorted(live.product_sentiments.values(), key=lambda s: s.mean)
    chosen = [reviewed[-1], reviewed[0]] if len(reviewed) > 1 else []
    words = ("best reviewed", "worst reviewed")
    for word, style, data in zip(words, ("green", "red"), chosen, strict=False):
        name = printable(titles.get(data.product_id, data.product_id), 60)
        lines.append(
            _one_line(
                Text.assemble(
                    (f"{live.say(word)} ", "dim"),
                    (f"{data.mean:+.2f} ", style),
                    (f"({data.count}) ", "dim"),
                    name,
                )
            )
        )
    return Group(*lines) if lines else _nothing_yet()


def _others(live: Live, topic: str, now_s: float) -> Group:
    """The newest of an output that has no panel of its own, in one line each."""
    language, [event_type] = language_at(now_s), topics.BY_NAME[topic].types
    titles = live.titles(language)
    return Group(
        *(
            _one_line(Text(summary(event_type, value, language, titles)))
            for value in reversed(live.others[topic])
        )
    )


def screen(live: Live, now_s: float) -> Layout:
    """The whole screen at this moment."""
    layout = Layout()
    rows = [
        Layout(name="head", size=1),
        Layout(name="numbers", size=NUMBERS_LINES),
        Layout(name="lists", ratio=4),
        Layout(name="texts", ratio=3),
        Layout(name="views", ratio=3),
        Layout(name="foot", size=1),
    ]
    if live.others:
        panels = [
            Layout(Panel(_others(live, topic, now_s), title=live.say(output_name(topic))))
            for topic in live.others
        ]
        rows.insert(-1, Layout(name="others", ratio=2))
        rows[-2].split_row(*panels)
    layout.split_column(*rows)
    layout["head"].update(_one_line(_head(live, now_s)))
    layout["numbers"].split_row(
        Layout(
            Panel(_count_table(live, live.events, EVENT_NAMES, now_s), title="events in"), ratio=6
        ),
        Layout(
            Panel(_count_table(live, live.outputs, OUTPUT_NAMES, now_s), title="insights out"),
            ratio=7,
        ),
        Layout(Panel(_workers(live, now_s), title="workers"), ratio=10),
    )
    layout["lists"].update(Panel(_recommendations(live, now_s), title="recommendations"))
    layout["texts"].split_row(
        Layout(Panel(_intents(live), title="intents of searches and questions")),
        Layout(Panel(_answers(live), title="questions and answers")),
        Layout(Panel(_sentiments(live), title=live.say("sentiments of reviews"))),
    )
    layout["views"].split_row(
        Layout(Panel(_similar(live, now_s), title=live.say("similar items"))),
        Layout(Panel(_trending(live, now_s), title=live.say("trending, best and worst reviewed"))),
    )
    layout["foot"].update(_foot(live))
    return layout


def frame(live: Live, now_s: float, full: bool, size: tuple[int, int]) -> Layout | Panel:
    """What a terminal of this size (columns, lines) shows: of the screen what it has room for."""

    def fits(least: tuple[int, int]) -> bool:
        return full and size[0] >= least[0] and size[1] >= least[1]

    return (screen if fits(SCREEN_MIN) else compact if fits(COMPACT_MIN) else brief)(live, now_s)


def compact(live: Live, now_s: float) -> Layout:
    """The screen of a terminal of 80 columns and 24 lines: what goes in and comes out, how the
    workers are, and the newest lists."""
    layout = Layout()
    layout.split_column(
        Layout(_one_line(_head(live, now_s)), size=1),
        Layout(_one_line(_states(live)), size=1),
        Layout(_one_line(_latency(live, now_s)), size=1),
        Layout(name="numbers", size=NUMBERS_LINES),
        Layout(Panel(_recommendations(live, now_s), title="recommendations")),
        Layout(_foot(live), size=1),
    )
    layout["numbers"].split_row(
        Layout(Panel(_count_table(live, live.events, EVENT_NAMES, now_s), title="events in")),
        Layout(Panel(_count_table(live, live.outputs, OUTPUT_NAMES, now_s), title="insights out")),
    )
    return layout


def _head(live: Live, now_s: float) -> Text:
    minutes, seconds = divmod(int(now_s - live.started_s), 60)
    return Text.assemble(
        (" Shopkeeper ", "bold reverse"),
        f"  {minutes:02d}:{seconds:02d}  ",
        (f"{live.say(live.source)}, broker {live.broker}", "dim"),
    )


def _states(live: Live) -> Text:
    """Every worker by name and state; the names alone where all are ready."""
    if live.workers and all(worker.state == "ready" for worker in live.workers):
        return Text.assemble(" ready: ", (", ".join(w.name for w in live.workers), "green"))
    said = [(f"{w.name} {w.state}  ", STATE_STYLES.get(w.state, "")) for w in live.workers]
    # What is not ready stands first, where a narrow terminal still shows it.
    said.sort(key=lambda each: " ready " in each[0])
    return Text.assemble(" ", *said)


def _latency(live: Live, now_s: float) -> Text:
    p50, p99 = live.latencies.quantiles((0.5, 0.99), now_s)
    return Text.assemble(
        (" click → list ", "dim"),
        (f"p50 {milliseconds(p50)}  p99 {milliseconds(p99)}", "bold cyan"),
        ("   lag ", "dim"),
        "–" if live.lag is None else f"{live.lag:,}",
        ("   dead letters ", "dim"),
        (f"{live.dead_letters:,}", "red" if live.dead_letters else ""),
    )


def _foot(live: Live) -> Text:
    foot = printable(live.trouble, 200) if live.trouble else "Ctrl-C ends everything"
    return _one_line(Text(f" {foot}", "red" if live.trouble else "dim"))


def brief(live: Live, now_s: float) -> Panel:
    """Where the shop is, and a few lines of what goes on behind it."""
    states = Text.assemble(
        *((f"{w.name} {w.state}   ", STATE_STYLES.get(w.state, "")) for w in live.workers)
    )
    p50, p99 = live.latencies.quantiles((0.5, 0.99), now_s)
    outputs = sum(live.outputs.totals.values())
    lines: list[RenderableType] = [
        Text.assemble((f"  {live.say('shop'):8} ", "dim"), (live.page, "bold underline"))
        if live.page_ready
        else Text(f"  {live.say('the shop opens in a few seconds …')}", "dim"),
        Text.assemble(("  console  ", "dim"), f"{live.page}console"),
        Text(),
        states,
        Text(
            f"{live.events.totals.total():,} events in, {outputs:,} insights out; click → list "
            f"p50 {milliseconds(p50)}, p99 {milliseconds(p99)}",
            "dim",
        ),
    ]
    if live.recommendations:
        data, titles = live.recommendations[-1].data, live.titles(language_at(now_s))
        title = titles.get(data.items[0].product_id, data.items[0].product_id)
        lines.append(_one_line(Text(printable(f"for {data.user_id}: {title}", 200), "dim")))
    foot = printable(live.trouble, 200) if live.trouble else "Ctrl-C ends everything"
    lines.append(_one_line(Text(foot, "red" if live.trouble else "dim")))
    return Panel(Group(*lines), title="Shopkeeper", title_align="left")


def picture(live: Live, now_s: float) -> str:
    """The screen as an SVG that stands alone."""
    return svg(screen(live, now_s), "shopkeeper demo", *PICTURE_SIZE)
