"""What the JavaScript client says of mistakes and outages, and that it loses nothing by them."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess

import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.processes.embedded import HOST, free_port
from shopkeeper.shared.testing.records import read_topic

from .client_streams import gateway, lists, publish
from .test_client_javascript import FOLDER, LIBRARY, SCRIPTS, apart, browser, pages, site

__all__ = ["browser", "site"]  # fixtures
pytestmark = pytest.mark.timeout(1200)


@contextlib.contextmanager
def node(url, task):
    """A Node process that does one task of errors.mjs; its lines of JSON."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("node is not installed: the JavaScript client is not tried")
    command = [program, str(SCRIPTS / "errors.mjs"), LIBRARY.as_uri(), url, task]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield (json.loads(line) for line in process.stdout)
        finally:
            process.kill()


def clicks_of(kafka):
    return {json.loads(r.value)["data"]["user_id"] for r in apart(read_topic(kafka, topics.CLICKS))}


def test_wrong_addresses_ids_and_data_are_named_at_once():
    url = f"http://{HOST}:{free_port()}"
    with node(url, "wrong") as lines:
        said = next(lines)
    assert all("is no address of a gateway: write it as" in told for told in said["addresses"])
    assert '"localhost:8080"' in said["addresses"][0]
    assert said["right"] == ["", "", ""]
    assert all("is no id of users" in told["message"] for told in said["ids"])
    assert '{"user_id":"u"}' in said["ids"][4]["message"]
    assert said["unreachable"]["name"] == "UnreachableError"
    assert f"no reply from {url}" in said["unreachable"]["message"]
    assert "ECONNREFUSED" in said["unreachable"]["message"]
    assert said["there"] == {"items": [1]}, "what is there at once is not asked for again"
    assert (said["thrown"], said["waiting"]) == (["TypeError", "TypeError"], 0)


def test_an_event_that_is_too_large_takes_no_other_along(kafka):
    with gateway(kafka, GATEWAY_BODY_BYTES_MAX="4096") as (_, url), node(url, "large") as lines:
        said = next(lines)
    (told,) = said["told"]
    assert (said["waiting"], told[2]) == (0, 1)
    assert "GATEWAY_BODY_BYTES_MAX" in told[1]
    assert clicks_of(kafka) == {f"u{n}" for n in range(12)}


def test_an_outage_is_told_once_and_what_waits_arrives_after_it(kafka):
    port = free_port()
    with node(f"http://{HOST}:{port}", "waits") as lines:
        said = next(lines)
        ((name, message, events),) = said["told"]
        assert (name, events, said["waiting"]) == ("UnreachableError", 0, 1)
        assert "tried again; events that wait: 1" in message
        with gateway(kafka, port):
            assert next(lines) == "sent"
    assert clicks_of(kafka) == {"u"}


def test_what_answers_and_is_no_gateway_is_named_and_nothing_is_lost_to_it(tmp_path):
    with pages(tmp_path) as url, node(url, "foreign") as lines:
        said = next(lines)
    ((_, message, events),) = said["told"]
    assert "no gateway's reply, but text/html" in message
    assert (events, said["waiting"]) == (0, 1)
    assert "no gateway's reply" in said["read"]["message"]


def test_requests_are_cancelled_and_a_pages_own_mistake_cuts_no_stream(kafka):
    apart(publish(kafka, lists("u", ["one"])))
    with gateway(kafka) as (_, url), node(url, "own") as found:
        assert next(found) == "started"
        apart(publish(kafka, lists("u", ["two"])))
        said = next(found)
    assert said["seen"] == ["one", "two"]
    assert [told[1] for told in said["told"]] == ["the page's own mistake"]
    assert (said["asked"]["name"], said["late"]["name"]) == ("AbortError", "TimeoutError")


def test_types_name_what_schemas_have():
    """An editor offers no field that a worker would not read."""
    declared = FOLDER.joinpath("src", "events.ts").read_text("utf-8")
    shared = {
        name: set(re.findall(r"(\w+)\??:", body))
        for name, body in re.findall(r"interface (\w+) \{ (.*) \}", declared)
    }
    types = re.findall(r'"([\w.]+)": (.*);', declared)
    assert len(types) == 8
    for kind, said in types:
        schema = json.loads(FOLDER.parents[1].joinpath(f"schemas/{kind}.json").read_text("utf-8"))
        fields = set(re.findall(r"(\w+)\??:", said))
        fields |= {each for name in re.findall(r"[A-Z]\w+", said) for each in shared.get(name, ())}
        lines = {"product_id", "quantity", "price"} if "products" in fields else set()
        assert fields <= schema["properties"].keys() | lines, kind
        assert {*schema["required"]} <= fields, kind


def test_a_list_comes_once_the_gateway_does_and_follows_its_attributes(
    kafka, browser, site, tmp_path
):
    port, said = free_port(), []
    apart(publish(kafka, [*lists("u-1", ["one"]), *lists("u-2", ["other"])]))
    tmp_path.joinpath("late.html").write_text(
        '<!doctype html><meta charset="utf-8"><script type="module" src="lib/list.js"></script>'
        f'<shopkeeper-list gateway="http://{HOST}:{port}" user="u-1"></shopkeeper-list>',
        "utf-8",
    )
    page = browser.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{site}/late.html")
    for _ in range(100):
        if any("shopkeeper-list: no reply from" in text for text in said):
            break
        page.wait_for_timeout(100)
    (told,) = [text for text in said if text.startswith("shopkeeper-list: no reply from")][:1]
    assert "GATEWAY_ORIGINS has to name it" in told
    with gateway(kafka, port, GATEWAY_ORIGINS="*"):
        page.locator("shopkeeper-list a", has_text="one").wait_for(timeout=60_000)
        page.evaluate("document.querySelector('shopkeeper-list').setAttribute('user', 'u-2')")
        page.locator("shopkeeper-list a", has_text="other").wait_for(timeout=60_000)
        page.evaluate("document.querySelector('shopkeeper-list').setAttribute('gateway', 'h:1')")
        page.wait_for_timeout(100)
    assert any("is no address of a gateway" in text for text in said)
