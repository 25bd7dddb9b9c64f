"""The figures of a run as Markdown tables, and as a drawing."""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

TITLES = {"parse": "parse", "count": "count by product", "item-cf": "item-CF"}
WIDTH, LABEL, BAR, ROW, GAP = 780, 310, 370, 22, 34
OURS, OTHERS, INK = "#c2571a", "#8a94a6", "#5a6270"  # legible on white and on black


def markdown(figures: dict[str, Any]) -> str:
    """Tables of everything that a run measured, and what it skipped."""
    lines = []
    for job, title in TITLES.items():
        rows = [each for each in figures["throughput"] if each["job"] == job]
        if rows:
            lines += [*_throughput(title, rows), ""]
    if figures.get("latency"):
        lines += [*_latency(figures["latency"]), ""]
    if figures.get("recovery"):
        lines += [*_recovery(figures["recovery"]), ""]
    if figures["skipped"]:
        lines += ["| skipped | job | why |", "|---|---|---|"]
        lines += [f"| {e['peer']} | {e['job']} | {_cell(e['why'])} |" for e in figures["skipped"]]
    return "\n".join(lines).rstrip()


def _throughput(title: str, rows: list[dict[str, Any]]) -> list[str]:
    return [
        f"| {title} | events/s | CPU s per million | peak memory, MB | idle, cores | wave |",
        "|---|---|---|---|---|---|",
        *(
            f"| {e['peer']} | {e['events_per_second']:,} | {e['cpu_s_per_million']:,.1f} | "
            f"{e['rss_peak_mb']:,} | {e['idle_cores']:.2f} | {e['events_measured']:,} |"
            for e in rows
        ),
    ]


def _latency(found: list[dict[str, Any]]) -> list[str]:
    lines = [
        "| item-CF, open load | share of saturation | clicks/s | p50, ms | p99, ms | p99.9, ms "
        "| lists of clicks |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in found:
        for load in each["loads"]:
            start = f"| {each['peer']} | {load['share']:.0%} |"
            if "latency_ms_p50" not in load:
                lines.append(f"{start} {load.get('why', 'no list came')} | | | | |")
                continue
            times = " | ".join(f"{load[f'latency_ms_{q}']:,.0f}" for q in ("p50", "p99", "p999"))
            came = f"{load['lists']:,} of {load['lists_expected']:,}"
            lines.append(f"{start} {load['clicks_per_second']:,} | {times} | {came} |")
    return lines


def _recovery(found: list[dict[str, Any]]) -> list[str]:
    return [
        "| count, kill -9 at 500 clicks/s | back after, s | events read again |",
        "|---|---|---|",
        *(
            f"| {e['peer']} | {e['recovery_s']:,.1f} | "
            f"{'?' if e['events_again'] is None else format(e['events_again'], ',')} |"
            for e in found
        ),
    ]


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")


def plot(figures: dict[str, Any], path: Path) -> None:
    """Events per second of processor time, by job; bars on a logarithmic scale, as SVG."""
    rows = [
        (job, e["peer"], 1e6 / e["cpu_s_per_million"])
        for job in TITLES
        for e in figures["throughput"]
        if e["job"] == job
    ]
    low = 10 ** math.floor(math.log10(min(value for *_, value in rows)))
    span = math.log10(max(value for *_, value in rows) / low)
    parts: list[str] = []
    y, before = 26, ""
    for job, peer, value in rows:
        if job != before:
            y += GAP if before else 0
            title = TITLES[job]
            parts.append(f'<text x="0" y="{y}" font-weight="600">{html.escape(title)}</text>')
            y, before = y + 8, job
        width = max(2.0, BAR * math.log10(value / low) / span)
        colour = OURS if peer.startswith("Shopkeeper") else OTHERS
        parts += [
            f'<text x="{LABEL - 8}" y="{y + 14}" text-anchor="end">{html.escape(peer)}</text>',
            f'<rect x="{LABEL}" y="{y + 3}" width="{width:.1f}" height="14" fill="{colour}"/>',
            f'<text x="{LABEL + width + 6:.1f}" y="{y + 14}">{value:,.0f}</text>',
        ]
        y += ROW
    what = "Events per second of processor time; bars on a logarithmic scale"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 26}" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="{INK}" role="img">\n'
        f"<title>{what}</title>\n"
    )
    foot = f'<text x="{LABEL}" y="{y + 18}" font-size="12">{what}</text>\n</svg>\n'
    path.write_text(head + "\n".join(parts) + "\n" + foot, "utf-8")
