"""The built site in a real browser: search in both languages, themes, widths, no other host.

`make site` builds it; skipped where it is not built.
"""

from __future__ import annotations

import functools
import http.server
import threading
from pathlib import Path

import pytest

from .shop_page import DESK, PHONE, WAIT_MS, browser

SITE = Path(__file__).parents[2] / "build" / "site"
PAGES = (
    "index.html",
    "README.zh.html",
    "docs/events/product.clicked.v1.html",
    "docs/operations.html",
    "docs/decisions/index.html",
)
pytestmark = pytest.mark.skipif(
    not (SITE / "search" / "search_index.json").is_file(), reason="not built: make site"
)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server of files that logs nothing."""

    def log_message(self, format, *args):
        pass


@pytest.fixture(scope="module")
def address():
    handler = functools.partial(Quiet, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def chrome():
    with browser() as running:
        yield running


@pytest.mark.parametrize(
    ("query", "found"), [("checkpoint", "Checkpoint"), ("检查点", "检查点"), ("推荐", "推荐")]
)
def test_words_of_both_languages_are_found(chrome, address, query, found):
    page = chrome.new_page(viewport=DESK)
    page.goto(f"{address}/index.html")
    page.locator(".md-search__input").first.fill(query)
    hit = page.locator(".md-search-result__item mark", has_text=found).first
    hit.wait_for(state="attached", timeout=WAIT_MS)
    page.close()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_no_page_scrolls_sideways_and_nothing_comes_from_elsewhere(chrome, address, name, size):
    page = chrome.new_page(viewport=size)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/{name}")
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0
    assert page.evaluate("document.documentElement.lang") == ("zh" if ".zh." in name else "en")
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    page.close()


def test_the_theme_is_the_readers(chrome, address):
    colours = set()
    for scheme in ("light", "dark"):
        context = chrome.new_context(color_scheme=scheme)
        page = context.new_page()
        page.goto(f"{address}/index.html")
        colours.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        context.close()
    assert len(colours) == 2
