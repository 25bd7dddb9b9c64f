"""The demo shop in a real browser, on a user's own behaviour file and catalogue."""

from __future__ import annotations

from tests.broker.shop_page import (
    MARKS,
    ask,
    browser,
    go,
    list_id,
    list_of,
    opened_page,
    running_shop,
    until_list_changes,
)
from tests.broker.test_demo import own_file_and_products

pytestmark = MARKS


def test_a_users_own_products_are_in_the_shop(tmp_path):
    """Names alone: no price, no category, no review, and a shop that has told nothing."""
    arguments = own_file_and_products(tmp_path)
    with browser() as chrome, running_shop(tmp_path, *arguments) as (address, _, _):
        page = opened_page(chrome, address)
        titles = page.locator(".for-you .card-title").all_inner_texts()
        assert titles
        assert all(title.startswith("Teapot number") for title in titles)
        before, first = list_id(page), list_of(page)[0]
        page.locator(".for-you .card a").first.click()
        until_list_changes(page, before)
        assert first in page.url
        assert page.inner_text("h1").startswith("Teapot number")
        page.get_by_text("No reviews yet").wait_for()
        assert page.locator(".price, .in-stock, .sold-out").count() == 0, "nobody said so"
        page.get_by_role("button", name="Add to cart").click()
        page.click("#ask-button")
        assert ask(page, "How do I return something I bought?")
        page.fill("#search", "teapot")
        page.press("#search", "Enter")
        page.locator(".results .card").first.wait_for()
        go(page, "#/cart")
        page.get_by_role("button", name="Order").click()
        page.wait_for_selector(".thanks")
        chinese = opened_page(chrome, address, language="zh")
        assert "Teapot number" in chinese.inner_text(".for-you .card-title >> nth=0")
        assert page.complaints == chinese.complaints == []
