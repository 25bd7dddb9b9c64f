"""The console in a real browser: each view shows what stands on the topics."""

from __future__ import annotations

import asyncio
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from tests.broker.gateways import MODEL, Gateway, list_of, product, publish
from tests.broker.shop_page import DESK, PHONE, WAIT_MS, axe, browser

RESULTS = os.environ.get("CONSOLE_SCREENSHOTS")  # a folder: pictures of the views are kept there
KEY = "a-secret-of-the-shop"
ARMS = {"as-is": {"share": 0.5}, "other": {"share": 0.5, "blend": False}}
EXPERIMENT = json.dumps({"name": "longer", "start": "2026-01-01T00:00:00Z", "variants": ARMS})
QUESTIONS = ("Do you ship to the moon?", "Can you ship it to the moon?", "Is there a gift wrap?")
VIEWS = {
    "overview": "",
    "product": "products/p1",
    "user": "users/mia",
    "experiment": "experiment",
    "fairness": "fairness",
    "questions": "questions",
    "dead-letters": "dead-letters",
}


def headers(event_type, event_id, cause=None, **more):
    said = {"ce_specversion": "1.0", "ce_id": event_id, "ce_source": "test", "ce_type": event_type}
    if cause is not None:
        said |= {"ce_causationid": cause, "ce_correlationid": cause}
    return [(name, value.encode()) for name, value in (said | more).items()]


async def send(kafka, topic, key, value, told):
    async with Publisher(kafka, "test") as publisher:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        await publisher.send(topic, key.encode(), body, told)


def send_beside(kafka, *record):
    """From a thread: Playwright's event loop runs in this one."""
    with ThreadPoolExecutor() as threads:
        threads.submit(asyncio.run, send(kafka, *record)).result()


async def fill(kafka):
    """A small shop: three products, two users with lists, questions, reviews, a dead letter."""
    sentiment = {
        "product_id": "p1", "count": 4, "mean": 0.5, "trend": 0.1, "positive": 3, "neutral": 0,
        "negative": 1, "model": MODEL, "praised": ["quality"],
        "aspects": [{"aspect": "quality", "positive": 3, "negative": 1, "mean": 0.5,
                     "praise": ["Sturdy seams."], "criticism": ["A seam came loose."]}],
    }  # fmt: skip
    neighbour = {"product_id": "p2", "score": 0.75, "count": 7, "basis": "bought"}
    similar = {"product_id": "p1", "count": 9, "model": MODEL, "items": [neighbour]}
    await publish(
        kafka,
        [
            product("p1", "Tent for two", title_zh="双人帐篷", category="Tents", price=120.0,
                    currency="EUR", brand="Shanye"),
            product("p2", "Sleeping bag", title_zh="睡袋", category="Sleeping", price=60.0,
                    currency="EUR"),
            product("p3", "Stove", title_zh="炉头", category="Kitchen", price=30.0, currency="EUR"),
            list_of("mia", "p2", "p3", n=1),
            list_of("leo", "p2", "p1", n=2),
            (topics.SIMILAR_ITEMS, "p1", similar),
            (topics.PRODUCT_SENTIMENT, "p1", sentiment),
            (topics.CLICKS, "mia", {"product_id": "p1", "user_id": "mia"}),
            (topics.CLICKS, "leo", {"product_id": "p2", "user_id": "leo"}),
        ],
    )  # fmt: skip
    for number, text in enumerate(QUESTIONS):
        asked = {"question": text + " Call me: 303-555-0123", "user_id": "mia"}
        told = headers("com.example.shop.question.asked.v1", f"q{number}")
        await send(kafka, topics.QUESTIONS, "mia", asked, told)
        answer = {"answer": None, "confidence": 0.1, "route": "person", "language": "en",
                  "model": MODEL, "latency_ms": 5, "cause": f"q{number}", "user_id": "mia",
                  "event_type": "question.asked.v1", "abstained": "nothing_found"}  # fmt: skip
        told = headers("com.example.shop.answer.given.v1", f"a{number}", f"q{number}")
        await send(kafka, topics.ANSWERS, "mia", answer, told)
    refused = {"topic": topics.CLICKS, "partition": "0", "offset": "7", "stage": "validate",
               "class.name": "shopkeeper.recommender", "exception.class.name": "missing_field",
               "exception.message": "product_id is missing"}  # fmt: skip
    told = [(f"__connect.errors.{name}", value.encode()) for name, value in refused.items()]
    letters = topics.dead_letters(topics.CLICKS, "recommender")
    await send(kafka, letters, "mia", {"user_id": "mia", "note": "303-555-0123"}, told)


@pytest.fixture
def console(kafka):
    """(a maker of pages, settings of the broker); the gateway asks for a secret key."""
    asyncio.run(fill(kafka))
    settings = {"GATEWAY_PAGES": "console", "GATEWAY_SECRET_KEYS": KEY, "EXPERIMENT": EXPERIMENT}
    with browser() as chrome, Gateway(kafka, **settings) as gateway:

        def opened(size=DESK, language="en", theme="light", key=KEY):
            context = chrome.new_context(viewport=size)
            context.set_default_timeout(3 * WAIT_MS)
            page = context.new_page()
            page.complaints = []
            page.on("pageerror", lambda error: page.complaints.append(str(error)))
            query = f"language={language}&theme={theme}" + (f"&key={key}" if key else "")
            page.goto(f"http://127.0.0.1:{gateway.port}/console?{query}")
            page.wait_for_selector("main h1")
            return page

        yield opened, kafka


def show(page, place):
    page.evaluate("place => { location.hash = '#/' + place }", place)
    # A function, for the page's policy forbids to evaluate text.
    page.wait_for_function(
        "() => !/Reading …|读取中/.test(document.querySelector('main').innerText)"
    )
    return page.locator("main").inner_text()


def test_every_view_shows_what_was_published(console):
    opened, kafka = console
    page = opened()
    text = show(page, "products")
    page.fill("input[type=search]", "tent")
    page.get_by_role("link", name="Tent for two").click()
    page.wait_for_selector("text=In 1 of the 2 lists")
    text = show(page, "products/p1")
    for said in ("Shanye", "Sleeping bag", "0.75", "bought together", "Sturdy seams.", "3 (75 %)"):
        assert said in text
    text = show(page, "users/mia")
    for said in ("Sleeping bag", "Stove", "product clicked", "[phone]", "moon"):
        assert said in text
    assert "303-555-0123" not in text
    text = show(page, "dead-letters")
    assert "missing_field" in text
    assert "product_id is missing" in text
    assert "303-555-0123" not in page.content()
    page.locator("details").first.click()
    assert "shopkeeper dlq replay" in page.locator("main").inner_text()
    text = show(page, "questions")
    assert "moon" in text
    assert "nothing like it is known" in text
    assert "Tents" in show(page, "fairness")
    text = show(page, "experiment")
    assert "as-is" in text
    assert "other" in text
    assert page.complaints == []

    show(page, "")
    page.wait_for_selector("text=recommender")
    page.wait_for_selector(".flow-state-live")
    page.wait_for_selector(".flow-frame svg")
    page.wait_for_timeout(2000)  # it reads from now on
    told = headers("com.example.shop.product.clicked.v1", "e1")
    send_beside(kafka, topics.CLICKS, "mia", {"product_id": "p3", "user_id": "mia"}, told)
    told = headers("com.example.shop.recommendations.updated.v1", "o1", "e1")
    _, _, value = list_of("mia", "p3", n=3)
    send_beside(kafka, topics.RECOMMENDATIONS, "mia", value, told)
    story = page.locator(".flow-story", has_text="product clicked").first
    story.locator("text=1 outputs").wait_for()
    story.click()
    assert re.search(r"lists\s+\d@[\d,]+\s+[\d,]+ ms", page.locator(".flow-stories").inner_text())
    assert "mia" not in page.locator(".flow").inner_text()


def test_without_a_key_nothing_is_told(console):
    opened, _ = console
    page = opened(key=None)
    page.wait_for_selector("input[type=password]")
    page.fill("input[type=password]", "another")
    page.get_by_role("button", name="Open").click()
    page.wait_for_selector("text=That key was not accepted.")
    page.fill("input[type=password]", KEY)
    page.get_by_role("button", name="Open").click()
    page.wait_for_selector("text=Workers")
    assert page.complaints == []


@pytest.mark.parametrize("looks", [("desk", "en", "light"), ("phone", "zh", "dark")])
def test_no_view_has_a_serious_fault_for_who_cannot_see_or_point(console, looks):
    opened, _ = console
    size, language, theme = looks
    page = opened(DESK if size == "desk" else PHONE, language, theme)
    script = axe()
    for name, place in VIEWS.items():
        show(page, place)
        if not place:
            page.wait_for_selector(".flow-frame svg")
        if RESULTS:
            file = Path(RESULTS) / f"{name}-{size}-{language}-{theme}.png"
            page.screenshot(path=file, full_page=True)
        page.evaluate(script)
        found = page.evaluate("axe.run(document)")["violations"]
        serious = [
            (each["id"], [node["html"][:200] for node in each["nodes"]][:3])
            for each in found
            if each["impact"] in ("serious", "critical")
        ]
        assert serious == [], name
        widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert widths[0] <= widths[1], f"{name} is wider than the screen"
    assert page.complaints == []
