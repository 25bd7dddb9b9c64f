"""Tests of the pages that the gateway serves, as a browser asks for them."""

from __future__ import annotations

import re

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from shopkeeper.services.gateway.http import pages
from shopkeeper.services.gateway.http.problems import respond


def client(*names: str) -> TestClient[Litestar]:
    return TestClient(
        Litestar(pages.handlers(list(names)), exception_handlers={Exception: respond})
    )


@pytest.mark.parametrize("name", pages.NAMES)
def test_a_page_brings_only_its_own_files_and_all_of_them_are_there(name: str) -> None:
    with client(name) as browser:
        page = browser.get("/")
        assert page.status_code == 200
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert browser.get(f"/{name}").content == page.content
        linked = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        files = [each for each in linked if not each.startswith("data:")]
        assert f"/pages/{name}.js" in files
        for file in files:
            assert file.startswith("/pages/")
            assert browser.get(file).status_code == 200


def test_a_page_that_is_unchanged_is_not_sent_again() -> None:
    with client("shop") as browser:
        tag = browser.get("/pages/shop.js").headers["etag"]
        again = browser.get("/pages/shop.js", headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")


def test_the_shops_worker_may_serve_the_page_and_keeps_what_is_there() -> None:
    with client("shop") as browser:
        worker = browser.get("/pages/shop-worker.js")
        assert worker.headers["service-worker-allowed"] == "/"
        assert worker.headers["cache-control"] == "no-cache"
        kept = re.findall(r'"(/(?:shop|pages/[^"]+))"', worker.text)
        assert {"/shop", "/pages/shop.css", "/pages/shop.js"} <= set(kept)
        assert all(browser.get(each).status_code == 200 for each in kept)
        assert "service-worker-allowed" not in browser.get("/pages/shop.js").headers


def test_other_pages_are_not_there() -> None:
    with client("console") as browser:
        assert browser.get("/shop").status_code == 404
        missing = browser.get("/pages/..%2Fspec.py")
        assert missing.status_code == 404
    with client() as browser:
        assert browser.get("/").status_code == 404
