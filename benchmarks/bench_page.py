"""The demo shop in a real Chromium: click to changed list, weight, first paint. Prints JSON.

    python benchmarks/bench_page.py [CLICKS]

Starts a demo of its own. `click_to_list_ms` is from the click's event in the browser to the changed
list in the document, over the gateway, the broker, the recommender and the stream back.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.broker import shop_page

CLICKS = 100
GAP_MS = 300  # between two clicks: a visitor's, not a load test's


def _click(page: Any, count: int) -> list[float]:
    """Milliseconds from each click to the list that it caused."""
    for number in range(count):
        shop_page.go(page, "#/")
        before = shop_page.list_id(page)
        cards = page.locator(".for-you .card a")
        cards.nth(number % min(8, cards.count())).click()
        shop_page.until_list_changes(page, before)
        page.wait_for_timeout(GAP_MS)
    found: list[float] = page.evaluate(
        "performance.getEntriesByName('click to list').map(each => each.duration)"
    )
    return found


def main() -> None:
    """Measure, and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else CLICKS
    with (
        tempfile.TemporaryDirectory() as folder,
        shop_page.browser() as chrome,
        shop_page.running_shop(Path(folder)) as (address, _, _),
    ):
        page = shop_page.opened_page(chrome, address)
        paints = page.evaluate(
            """() => Object.fromEntries(performance.getEntriesByType('paint')
                .map(each => [each.name, each.startTime]))"""
        )
        weight = page.evaluate(
            """() => performance.getEntriesByType('resource')
                .filter(each => each.name.includes('/pages/'))
                .reduce((sum, each) => sum + each.decodedBodySize, 0)"""
        )
        waited = _click(page, count)
        shop_page.go(page, "#/")
        switched = max(shop_page.choose(page, each) for each in ("popular", "newest") * 5)
    p50, p99 = np.percentile(waited, [50, 99])
    print(
        json.dumps(
            {
                "clicks": len(waited),
                "click_to_list_ms_p50": round(float(p50), 1),
                "click_to_list_ms_p99": round(float(p99), 1),
                "preference_obeyed_s_max": round(switched, 3),
                "page_bytes": weight,
                "first_contentful_paint_ms": round(paints.get("first-contentful-paint", 0.0), 1),
            }
        )
    )


if __name__ == "__main__":
    main()
