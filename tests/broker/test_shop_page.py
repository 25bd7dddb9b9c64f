"""The demo shop in a real browser, as somebody new to it walks through it."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest

from tests.broker.shop_page import (
    DESK,
    PHONE,
    axe,
    browser,
    go,
    list_id,
    list_of,
    opened_page,
    running_shop,
    until_list_changes,
)
from tests.broker.test_demo import children_of

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("TEST_BROKER") == "kafka", reason="the demo brings its own broker"
    ),
    # Each step has a deadline of its own, and fails its test alone. This one, in the midst of
    # Playwright's greenlets, ends the whole test run.
    pytest.mark.timeout(1800),
]
RESULTS = os.environ.get("SHOP_SCREENSHOTS")  # a folder: pictures of the walk are kept there
VIEWS = ("#/", "#/product/tents-01a", "#/category/Tea", "#/cart")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with (
        browser() as chrome,
        running_shop(tmp_path_factory.mktemp("shop")) as (address, child, mark),
    ):
        yield chrome, address, child, mark


def picture(page, name):
    if RESULTS:
        page.screenshot(path=Path(RESULTS) / f"{name}.png")


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


def test_a_visitors_walk(shop):
    chrome, address, _, _ = shop
    page = opened_page(chrome, address)
    picture(page, "home")
    for place in range(3):
        go(page, "#/")
        before, first = list_id(page), list_of(page)
        page.locator(".for-you .card a").nth(place).click()
        until_list_changes(page, before)
        assert list_of(page) != first
    page.wait_for_function("() => performance.getEntriesByName('click to list').length >= 3")
    assert re.search(r"Changed \d+ ms after your click", page.inner_text(".for-you .status"))
    picture(page, "product")

    page.locator(".reason").first.click()
    assert page.locator("dialog[open] .quote").inner_text()
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")

    page.get_by_label("4 of 5").check(force=True)
    page.get_by_label("Your review").fill("Great quality, I love it. It arrived two weeks late.")
    page.get_by_role("button", name="Send").click()
    mine = page.locator(".review.mine")
    mine.wait_for()
    assert mine.locator(".label").inner_text() in ("positive", "neutral", "negative")
    assert mine.locator(".chips li").count() >= 1, "what it says of aspects"
    picture(page, "review")

    page.get_by_role("button", name="Add to cart").click()
    go(page, "#/cart")
    page.get_by_role("button", name="Order").click()
    assert "order-" in page.inner_text(".thanks")
    assert page.complaints == []


def test_questions_in_each_language_with_a_follow_up(shop):
    chrome, address, _, _ = shop
    page = opened_page(chrome, address)
    go(page, "#/product/tents-01a")
    page.click("#ask-button")
    assert "30 days" in ask(page, "How do I return something I bought?")
    assert page.locator(".sources q").first.inner_text()
    assert re.search(r"\d", ask(page, "How much is it?"))
    assert re.search(r"\d", ask(page, "and how heavy is it?"))
    page.locator("button[lang=zh]").click()
    assert re.search(r"[\u4e00-\u9fff]", ask(page, "怎么退货？"))
    ask(page, "I want to talk to a person")
    page.locator(".handover").first.wait_for()
    picture(page, "questions")
    assert page.complaints == []


def test_another_visitor_knows_nothing_of_the_first(shop):
    chrome, address, _, _ = shop
    page = opened_page(chrome, address)
    before = list_id(page)
    page.locator(".for-you .card a").first.click()
    until_list_changes(page, before)
    first = page.evaluate("localStorage['shopkeeper.visitor']")
    page.get_by_role("button", name="New visitor").click()
    page.wait_for_selector(".for-you .card")
    assert page.evaluate("localStorage['shopkeeper.visitor']") != first
    assert "Click a product" in page.inner_text(".for-you .status")


def gateway_of(marker):
    """Process id of the demo's gateway."""
    [found] = [
        pid
        for pid in children_of(marker)
        if b"worker\0gateway" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks processes up in /proc")
def test_a_killed_gateway_comes_back_with_nothing_missed_or_doubled(shop):
    chrome, address, _, marker = shop
    page = opened_page(chrome, address)
    before = list_id(page)
    page.locator(".for-you .card a").first.click()
    until_list_changes(page, before)
    page.evaluate(
        """() => {
        window.seen = [];
        new PerformanceObserver(got => got.getEntries().forEach(each =>
            each.name === 'list' && window.seen.push(each.detail.cause))).observe({type: 'mark'});
        }"""
    )
    os.kill(gateway_of(marker), signal.SIGKILL)
    page.wait_for_selector(".notice")
    picture(page, "offline")
    # Clicked while nobody listens: kept by the page, and sent once, when the gateway is back.
    go(page, "#/")
    for place in range(3):
        page.locator(".for-you .card a").nth(place).click()
        go(page, "#/")
    page.wait_for_selector(".notice", state="detached")
    page.wait_for_function("() => window.seen.length >= 3")
    time.sleep(2.0)  # what came twice would have come by now
    seen = page.evaluate("window.seen")
    assert len(seen) == len(set(seen)) == 3
    assert page.complaints == []


def test_markup_in_a_review_is_text(shop):
    chrome, address, _, _ = shop
    page = opened_page(chrome, address)
    go(page, "#/product/tea-01a")
    evil = "Good quality <img src=x onerror=window.hit=1><script>window.hit=1</script>, I like it."
    page.get_by_label("Your review").fill(evil)
    page.get_by_role("button", name="Send").click()
    page.locator(".review.mine").wait_for()
    # The worker undoes markup before it reads a review, and its digest is what pages get.
    assert "Good quality , I like it." in page.inner_text(".review.mine")
    # What the visitor asks is shown as it was written.
    page.click("#ask-button")
    page.fill("#question", evil)
    page.press("#question", "Enter")
    assert "<img src=x" in page.locator(".ask .bubble.mine").first.inner_text()
    assert page.evaluate("window.hit") is None
    assert page.locator(".reviews img, .reviews script, .ask img, .ask script").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_axe_finds_nothing_serious(shop, size, language, theme):
    chrome, address, _, _ = shop
    script = axe()
    page = opened_page(chrome, address, size=size, language=language, theme=theme)
    found = []
    for number, view in enumerate(VIEWS):
        go(page, view)
        page.wait_for_selector(".for-you .card")
        if number == 1:
            page.click("#ask-button")
        page.wait_for_timeout(1300)  # past the animation of what came into the list
        picture(page, f"{size['width']}-{language}-{theme}-{number}")
        # Not by a script element, which the page's policy forbids.
        page.evaluate(script)
        said = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found += [
            (view, each["id"], [node["html"][:120] for node in each["nodes"]][:3])
            for each in said["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{view} is wider than the window by {wide} px"
    assert found == []


def test_the_page_weighs_little(shop):
    chrome, address, _, _ = shop
    page = opened_page(chrome, address)
    weights = page.evaluate(
        """() => performance.getEntriesByType('resource')
            .filter(each => each.name.includes('/pages/')).map(each => each.decodedBodySize)"""
    )
    assert 10_000 < sum(weights) < 200_000
    hosts = page.evaluate(
        """() => [...new Set(performance.getEntriesByType('resource')
            .map(each => new URL(each.name).origin))]"""
    )
    assert hosts == [page.evaluate("location.origin")], "nothing from elsewhere"
