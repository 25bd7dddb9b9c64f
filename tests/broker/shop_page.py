"""A demo as `make demo` starts it, and a real Chromium that looks at its shop."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

from shopkeeper.shared.runtime.processes.embedded import free_port
from tests.broker.test_demo import children_of, demo, wait_for

WEB = Path(__file__).parents[2] / "web"
READY_S_MAX = 600.0  # the recommender compiles its passes on a first start
WAIT_MS = 180_000  # on a machine that runs other tests beside
MARKS = [
    pytest.mark.skipif(
        os.environ.get("TEST_BROKER") == "kafka", reason="the demo brings its own broker"
    ),
    # Each step has a deadline of its own, and fails its test alone. This one, in the midst of
    # Playwright's greenlets, ends the whole test run.
    pytest.mark.timeout(1800),
]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


def chromium():
    """Where the browser is: CHROMIUM names it, else the path does; skips where there is none."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if found is None:
        pytest.skip("needs Chromium: apt-get install chromium, or set CHROMIUM")
    return found


def axe():
    """The script of axe-core, as npm installed it; skips where it is not."""
    script = WEB / "node_modules/axe-core/axe.min.js"
    if not script.exists():
        pytest.skip("needs axe-core: npm ci in web/")
    return script.read_text("utf-8")


@contextmanager
def running_shop(folder, *arguments):
    """(address, the demo's process, the environment variable that its processes carry)."""
    port = free_port()
    with demo(folder, "--page-port", str(port), "--rate", "5", *arguments) as (child, marker):
        wait_for(folder, child, r"recommender=ready answers=ready gateway=ready", READY_S_MAX)
        address = wait_for(folder, child, r"shop: (http://\S+/) ")[1]
        yield address, child, marker


@contextmanager
def browser():
    """A headless Chromium."""
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with api.sync_playwright() as playwright:
        # Chromium refuses to sandbox for root, as whom containers run.
        flags = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        opened = playwright.chromium.launch(executable_path=chromium(), args=flags)
        try:
            yield opened
        finally:
            opened.close()


def opened_page(chrome, address, *, size=None, language="en", theme="light"):
    """A page of a visitor nobody knows, its first list drawn; what the browser complains of is in
    `page.complaints`."""
    context = chrome.new_context(viewport=size or DESK)
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(f"{address}?language={language}&theme={theme}")
    page.wait_for_selector(".for-you .card")
    return page


def list_of(page):
    """Products of the visitor's list, as drawn."""
    return page.eval_on_selector_all(
        ".for-you .card", "cards => cards.map(card => card.dataset.product)"
    )


def list_id(page):
    """`recomm_id` of the list that is drawn."""
    return page.get_attribute(".for-you", "data-list")


def until_list_changes(page, before):
    """Wait until another list is drawn."""
    page.wait_for_function(
        "before => document.querySelector('.for-you')?.dataset.list !== before", arg=before
    )


def until_list_is(page, wanted):
    """Wait until these products are drawn, in this order."""
    page.wait_for_function(
        """wanted => [...document.querySelectorAll('.for-you .card')]
            .map(card => card.dataset.product).join() === wanted""",
        arg=",".join(wanted),
    )


def go(page, place):
    """To a view, by its address behind the #."""
    page.evaluate("place => { location.hash = place }", place)


def ask(page, question):
    """Ask, and give the answer's text."""
    answers = page.locator(".ask .bubble.shop")
    page.fill("#question", question)
    asked = page.locator(".ask .bubble.mine").count()
    page.press("#question", "Enter")
    reply = page.locator(".lines > div").nth(asked).locator(".bubble.shop:not(.quiet-text)")
    reply.wait_for()
    assert answers.count() > asked
    return reply.inner_text()


def choose(page, ranking):
    """Switch how the list is made; seconds until other products are drawn."""
    page.evaluate(
        """() => {
        const drawn = () => [...document.querySelectorAll('.for-you .card')]
            .map(card => card.dataset.product).join();
        const before = drawn(), since = performance.now();
        window.switched = undefined;
        const watching = new MutationObserver(() => {
            if (drawn() === before) return;
            window.switched = performance.now() - since;
            watching.disconnect();
        });
        watching.observe(document.body, {subtree: true, attributes: true, childList: true});
        }"""
    )
    page.locator(f".switch input[value={ranking}]").check(force=True)
    page.wait_for_function("() => window.switched !== undefined")
    return page.evaluate("window.switched") / 1000


def gateway_of(marker):
    """Process id of the demo's gateway."""
    [found] = [
        pid
        for pid in children_of(marker)
        if b"worker\0gateway" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    return found
