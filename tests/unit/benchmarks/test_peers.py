"""The comparison with other stream processors: its watch, its plain item-CF, its pages."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peers import common, measure, page, roster

SPIN = "import time\nwhile time.process_time() < 0.5: pass\n"
COUNTS = "import time\nfor n in range(1, 6): print(n * 100, time.monotonic(), flush=True)\n"

FIGURES: dict[str, Any] = {
    "throughput": [
        {"job": job, "peer": peer, "events_per_second": 12_345, "cpu_s_per_million": price,
         "rss_peak_mb": 77, "idle_cores": 0.01, "events_measured": 100_000}
        for job in roster.JOBS
        for peer, price in (("Quix <Streams>", 40.0), ("Shopkeeper", 10.0))
    ],
    "latency": [
        {"peer": "Bytewax", "loads": [
            {"share": 0.1, "clicks_per_second": 500, "latency_ms_p50": 5.2, "latency_ms_p99": 9.9,
             "latency_ms_p999": 1_234.5, "lists": 4_999, "lists_expected": 5_000},
            {"share": 0.8, "why": "the sender does not reach 30000/s"},
        ]},
    ],
    "recovery": [{"peer": "Faust", "recovery_s": 12.3, "events_again": -4}],
    "skipped": [{"job": "count", "peer": "Pathway", "why": "ended (1) | a\nb"}],
}  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=60))
def test_plain_item_cf_counts_as_a_naive_count_does(clicks: list[tuple[int, int]]) -> None:
    """By session and item, in order; `rows` is what every job adds up by these functions."""
    sessions: dict[int, list[str]] = {}
    rows: dict[str, dict[str, int]] = {}
    for number, item in clicks:
        product = f"i{item}"
        others = common.visit(sessions.setdefault(number, []), product)
        common.add(rows.setdefault(product, {}), others)
        for other in others:
            common.add(rows.setdefault(other, {}), [product])
    naive: Counter[tuple[str, str]] = Counter()
    for number in {number for number, _ in clicks}:
        items = {f"i{item}" for session, item in clicks if session == number}
        naive.update((a, b) for a in items for b in items if a != b)
    assert {(a, b): n for a, row in rows.items() for b, n in row.items()} == naive
    for row in rows.values():
        assert [n for _, n in common.most(row)] == sorted(row.values(), reverse=True)[: common.TOP]


def test_a_click_is_told_from_what_is_none() -> None:
    click = {"product_id": "p", "user_id": "u", "session_id": "s"}
    assert common.is_valid(click)
    for broken in ([], None, {}, {**click, "user_id": ""}, {**click, "product_id": 7}):
        assert not common.is_valid(broken)
    assert common.is_click(b"com.example.shop.product.clicked.v1", b"1")
    assert not common.is_click(b"com.example.shop.product.clicked.v1", b"")
    assert not common.is_click(b"review.written.v1", b"1")
    assert not common.is_click(None, None)


def test_processor_time_of_children_counts() -> None:
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SPIN!r}]); input()"
    with subprocess.Popen([sys.executable, "-c", nested], stdin=subprocess.PIPE) as process:
        try:
            deadline = time.monotonic() + 60
            while measure.cpu_s(process.pid) < 0.5 and time.monotonic() < deadline:
                time.sleep(0.05)
            assert 0.5 <= measure.cpu_s(process.pid) < 30
            assert measure.rss_peak_mb(process.pid) > 3
        finally:
            process.kill()


def test_progress_is_read_until_enough_is_done(tmp_path: Path) -> None:
    code = COUNTS + "time.sleep(60)"
    with measure.running([sys.executable, "-c", code], {}, tmp_path) as peer:
        assert peer.wait(500, 60.0).count == 500
        assert peer.popen.poll() is None
    assert peer.popen.poll() is not None, "it was not ended"


def test_a_peer_that_ends_is_a_failure_with_its_last_words(tmp_path: Path) -> None:
    code = COUNTS + "raise SystemExit('no broker for me')"
    with (
        measure.running([sys.executable, "-c", code], {}, tmp_path) as peer,
        pytest.raises(measure.Failed, match="no broker for me"),
    ):
        peer.wait(10_000, 60.0)


def test_a_stopped_process_takes_no_processor_time() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            with measure.stopped(process.pid):
                time.sleep(0.1)  # what was counted as it was stopped
                assert measure.idle_cores(process.pid) == 0.0
        finally:
            process.kill()


def test_figures_are_differences() -> None:
    first, last = measure.Sample(100, 1.0, 2.0), measure.Sample(1_100, 3.0, 2.5)
    found = measure.figures(first, last)
    assert found == {
        "events_measured": 1_000, "events_per_second": 500, "cpu_s_per_million": 500.0
    }  # fmt: skip
    with pytest.raises(measure.Failed):
        measure.figures(first, first)


def test_the_tables_hold_every_figure_and_every_skip() -> None:
    text = page.markdown(FIGURES)
    for expected in ("12,345", "1,234", "4,999 of 5,000", "12.3", "-4", "Pathway",
                     "the sender does not reach"):  # fmt: skip
        assert expected in text
    for block in text.split("\n\n"):
        rows = block.splitlines()
        assert len({row.count("|") for row in rows}) == 1, block
        assert re.fullmatch(r"(\|---)+\|", rows[1])


def test_the_page_shows_the_tables_of_what_was_measured() -> None:
    """`python benchmarks/bench_peers.py --table benchmarks/peers/measured.json`, word for word."""
    figures = json.loads((roster.FOLDER / "measured.json").read_text("utf-8"))
    assert page.markdown(figures) in (roster.ROOT / "docs/benchmarks-peers.md").read_text("utf-8")


def test_the_drawing_is_xml_with_a_bar_for_each_figure(tmp_path: Path) -> None:
    path = tmp_path / "peers.svg"
    page.plot(FIGURES, path)
    root = ET.fromstring(path.read_text("utf-8"))
    bars = [each for each in root if each.tag.endswith("rect")]
    assert len(bars) == len(FIGURES["throughput"])
    assert max(float(bar.get("width") or 0) for bar in bars) <= page.BAR


def test_every_contender_has_its_script_and_its_pin() -> None:
    wanted = (roster.FOLDER / "requirements.in").read_text("utf-8")
    locked = roster.REQUIREMENTS.read_text("utf-8")
    for each in roster.CONTENDERS:
        assert (roster.FOLDER / each.script).is_file()
        if each.package:
            version = re.search(rf"^{each.package}(\[\w+\])?==(\S+)$", wanted, re.MULTILINE)
            assert version, each.package
            assert f"{each.package}=={version[2]} \\\n" in locked
