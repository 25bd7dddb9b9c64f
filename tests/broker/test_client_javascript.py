"""The JavaScript client on a real gateway: in Node, and in a real Chromium with its EventSource."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gzip
import http.server
import json
import os
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.processes.embedded import HOST, free_port
from shopkeeper.shared.testing.records import read_topic

from .client_streams import CuttingProxy, gateway, lists, publish
from .test_client_python import CUTS, NAMES

# A signal in the midst of Playwright's greenlets ends the whole test run: its steps have deadlines.
pytestmark = pytest.mark.timeout(1200)

FOLDER = Path(__file__).resolve().parents[2] / "clients" / "javascript"
LIBRARY = FOLDER / "lib" / "shopkeeper.js"
SCRIPTS = Path(__file__).parent / "javascript"


def apart(coroutine):
    """Run it on a thread of its own: Playwright has an event loop on this one."""
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(asyncio.run, coroutine).result()


def value_of(record):
    return json.loads(record.value)


@contextlib.contextmanager
def node(url, *arguments):
    """A Node process that uses the library; its lines of JSON."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("node is not installed: the JavaScript client is not tried")
    command = [program, str(SCRIPTS / "client.mjs"), LIBRARY.as_uri(), url, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield (json.loads(line) for line in process.stdout)
        finally:
            process.kill()


@contextlib.contextmanager
def pages(folder):
    """The address of a folder over HTTP."""
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer((HOST, 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{HOST}:{server.server_port}"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture
def browser():
    """A Chromium of Debian's, or of CHROMIUM."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if program is None:
        pytest.skip("no Chromium: set CHROMIUM, or install the package chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def site(tmp_path):
    """Pages with the library beside them."""
    shutil.copytree(FOLDER / "lib", tmp_path / "lib")
    shutil.copy(SCRIPTS / "page.html", tmp_path)
    with pages(tmp_path) as url:
        yield url


@pytest.mark.parametrize(
    ("names", "bytes_max"), [(("shopkeeper", "events"), 6 * 1024), (("list",), 3 * 1024)]
)
def test_it_is_small(names, bytes_max):
    whole = b"".join((FOLDER / "lib" / f"{name}.js").read_bytes() for name in names)
    assert len(gzip.compress(whole, mtime=0)) < bytes_max


def test_node_publishes_and_reads(kafka):
    apart(publish(kafka, lists("u", ["one"])))
    with gateway(kafka, GATEWAY_SECRET_KEYS="s") as (_, url), node(url, "use") as lines:
        said = next(lines)
    assert said["wrong"] == [said["bad"]]
    assert (said["missing"], said["list"]) == ([True, 404], "one")
    assert said["waits"].startswith("/v1/questions/")
    clicks = [json.loads(r.value) for r in apart(read_topic(kafka, topics.CLICKS))]
    assert len({click["id"] for click in clicks}) == len(clicks) == 120


def test_node_follows_a_stream_that_is_cut(kafka):
    apart(publish(kafka, lists("u", ["first"])))
    with (
        gateway(kafka) as (_, url),
        CuttingProxy.before(url, CUTS) as proxy,
        node(proxy.url, "follow", len(NAMES) + 1) as lines,
    ):
        assert next(lines) == "started"
        apart(publish(kafka, lists("u", NAMES)))
        assert next(lines) == ["first", *NAMES]
        assert proxy.connections > len(CUTS) / 2


@pytest.mark.parametrize("stream", ["eventsource", "fetch"])
def test_a_browsers_stream_goes_on_over_cuts_and_a_killed_gateway(kafka, browser, site, stream):
    port = free_port()
    apart(publish(kafka, lists("u", ["first"])))
    page = browser.new_page()
    with gateway(kafka, port, GATEWAY_ORIGINS="*") as (worker, url):
        with CuttingProxy.before(url, CUTS[:6]) as proxy:
            page.goto(f"{site}/page.html?gateway={proxy.url}&stream={stream}")
            page.wait_for_function("found.length == 1", timeout=60_000)
            apart(publish(kafka, lists("u", NAMES)))
            page.wait_for_function(f"found.length > {len(NAMES)}", timeout=120_000)
            assert page.evaluate("found") == ["first", *NAMES]
            assert proxy.connections > 3
        direct = browser.new_page()
        direct.goto(f"{site}/page.html?gateway={url}&stream={stream}")
        direct.wait_for_function("found.length == 1", timeout=60_000)
        worker.kill()
    apart(publish(kafka, lists("u", ["while"])))
    with gateway(kafka, port, GATEWAY_ORIGINS="*"):
        apart(publish(kafka, lists("u", ["after"])))
        direct.wait_for_function("found.length == 3", timeout=120_000)
        apart(publish(kafka, [(topics.RECOMMENDATIONS, "u", None)]))
        direct.wait_for_function("found.length == 4", timeout=120_000)
        assert direct.evaluate("found") == [NAMES[-1], "while", "after", "delete"]


def test_what_waits_when_a_page_is_left_arrives_and_no_cookie_is_set(kafka, browser, site):
    with gateway(kafka, GATEWAY_ORIGINS="*", GATEWAY_PAGE_KEYS="p") as (_, url):
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{site}/page.html?gateway={url}")
        page.evaluate(
            "import('/lib/shopkeeper.js').then(({ Shopkeeper }) => {"
            f"  window.keyed = new Shopkeeper('{url}', {{ key: 'p', lingerMs: 1e6 }});"
            "  keyed.clicked('p1', { anonymous_id: 'a' }, { items: [], recomm_id: 'l' }, 2);"
            "})"
        )
        page.goto("about:blank")
        clicks = []
        for _ in range(100):
            clicks = apart(read_topic(kafka, topics.CLICKS))
            if clicks:
                break
            page.wait_for_timeout(200)
        assert context.cookies() == []
    (click,) = {r["id"]: r["data"] for r in map(value_of, clicks)}.values()
    assert click == {"anonymous_id": "a", "product_id": "p1", "recomm_id": "l", "position": 2}


def test_offline_events_wait_and_go_when_the_page_is_online(kafka, browser, site):
    with gateway(kafka, GATEWAY_ORIGINS="*") as (_, url):
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{site}/page.html?gateway={url}")
        page.wait_for_function("window.shop")
        context.set_offline(True)
        page.evaluate("shop.publish('product.clicked.v1', {user_id: 'u', product_id: 'p'})")
        page.evaluate("shop.flush()")
        assert page.evaluate("shop.waiting") == 1
        context.set_offline(False)
        page.wait_for_function("shop.waiting == 0", timeout=60_000)
    assert len(apart(read_topic(kafka, topics.CLICKS))) == 1


def test_five_lines_show_a_list_and_its_clicks_are_told(kafka, browser, site, tmp_path):
    example = (FOLDER / "examples" / "list.html").read_text("utf-8")
    assert len(example.splitlines()) == 5
    apart(publish(kafka, lists("u-1", ["<b>one</b>"])))
    with gateway(kafka, GATEWAY_ORIGINS="*") as (_, url):
        text = example.replace("http://localhost:8080", url).replace("../lib", "lib")
        tmp_path.joinpath("list.html").write_text(text, "utf-8")
        page = browser.new_page()
        page.goto(f"{site}/list.html")
        item = page.locator("shopkeeper-list li a")
        item.wait_for(timeout=60_000)
        assert item.text_content() == "<b>one</b>", "a name is text, never markup"
        assert item.get_attribute("href") == "/products/%3Cb%3Eone%3C%2Fb%3E"
        apart(publish(kafka, lists("u-1", ["two"])))
        page.locator("shopkeeper-list li a", has_text="two").wait_for(timeout=60_000)
        page.locator("shopkeeper-list li a").click()
        page.wait_for_url("**/products/two")
        clicks = []
        for _ in range(100):
            clicks = apart(read_topic(kafka, topics.CLICKS))
            if clicks:
                break
            page.wait_for_timeout(200)
    (click,) = {r["id"]: r["data"] for r in map(value_of, clicks)}.values()
    assert click == {"user_id": "u-1", "product_id": "two", "recomm_id": "two", "position": 1}


def test_a_list_shows_what_the_catalogue_has(kafka, browser, site, tmp_path):
    told = {"title": "Tea <b>set</b>", "title_zh": "茶具", "price": 12.5, "currency": "EUR"}
    pictured = {"title": "Cup", "attributes": {"image": "https://shop.example/cup 1.webp?a=b"}}
    evil = {"title": "Mug", "attributes": {"image": "javascript:alert(1)"}}
    products = {"one": told, "two": pictured, "three": evil}
    apart(
        publish(
            kafka,
            [
                *((topics.CATALOGUE, i, {"product_id": i, **said}) for i, said in products.items()),
                *lists("u-1", ["one"]),
            ],
        )
    )
    with gateway(kafka, GATEWAY_ORIGINS="*") as (_, url):
        for name, inside in (
            ("plain", ""),
            (
                "own",
                '<template><img src="{image}" alt=""><a href="#">{title}|{price}</a></template>',
            ),
        ):
            tmp_path.joinpath(f"{name}.html").write_text(
                '<!doctype html><meta charset="utf-8"><script type="module" src="lib/list.js">'
                f'</script><shopkeeper-list gateway="{url}" user="u-1" count="1" language="en">'
                f"{inside}</shopkeeper-list>",
                "utf-8",
            )
        page = browser.new_page()
        row = page.locator("shopkeeper-list li")
        page.goto(f"{site}/plain.html")
        page.locator("shopkeeper-list a", has_text="set").wait_for(timeout=60_000)
        assert row.text_content() == "Tea <b>set</b> €12.50"
        page.goto(f"{site}/own.html")
        page.locator("shopkeeper-list a", has_text="Tea").wait_for(timeout=60_000)
        assert (row.locator("img").count(), row.text_content()) == (0, "Tea <b>set</b>|€12.50")
        apart(publish(kafka, lists("u-1", ["two"])))
        page.locator("shopkeeper-list a", has_text="Cup").wait_for(timeout=60_000)
        assert row.locator("img").get_attribute("src") == pictured["attributes"]["image"]
        assert row.locator("a").text_content() == "Cup|"
        apart(publish(kafka, lists("u-1", ["three"])))
        page.locator("shopkeeper-list a", has_text="Mug").wait_for(timeout=60_000)
        assert row.locator("img").count() == 0, "no address of a script"


def test_the_library_is_what_its_source_compiles_to(tmp_path):
    """With the compiler of `npm ci`; CI installs it where npm is."""
    compiler = FOLDER / "node_modules" / ".bin" / "tsc"
    if not compiler.exists():
        pytest.skip("not compiled again: run `make client-javascript`, which installs the compiler")
    subprocess.run(
        [compiler, "-p", FOLDER, "--outDir", tmp_path], check=True, stdin=subprocess.DEVNULL
    )
    for path in sorted(FOLDER.glob("lib/*")):
        assert tmp_path.joinpath(path.name).read_bytes() == path.read_bytes(), path.name
