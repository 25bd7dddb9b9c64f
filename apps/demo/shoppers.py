"""Simulated shoppers: who they are, what they want, and what they do about it.

A pure generator: catalogue, seed, start and rate are arguments, and the same ones give the same
events. Each shopper has tastes (a few themes such as camping), a language and a mood; each
visit follows one taste through products that go together, so that what the recommender finds is
really there to be found.
"""

from __future__ import annotations

import heapq
import itertools
from bisect import bisect
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent

from .script import ShopScript

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

    from .script import Script

THEMES: tuple[tuple[str, ...], ...] = (  # categories that are bought together
    ("Phones", "Phone Cases", "Chargers", "Headphones"),
    ("Laptops", "Desk & Keyboard", "Chargers", "Headphones"),
    ("Tents", "Sleeping Bags", "Camp Kitchen", "Hiking"),
    ("Hiking", "Tents", "Camp Kitchen"),
    ("Running", "Headphones", "Hiking"),
    ("Coffee", "Cookware"),
    ("Tea", "Cookware"),
    ("Skincare", "Tea"),
    ("Pets",),
)
SHOP = ShopScript(THEMES)
SHOPPERS_DEFAULT = 600
EVENTS_PER_VISIT = 7.8  # measured over 40,000 events; sets the rate of visits
THINK_S_MEAN = 6.0  # between two actions
PARCEL_S_MEAN = 20.0  # between two steps of a parcel, much shortened
ASKS_FOR_ORDER_SHARE = 0.4  # of orders whose customer asks where they are
CARRIERS = ("DHL", "GLS", "DPD", "SF Express")
EXPECTED_DAYS = 3  # after an order
REVIEW_S_MEAN = 45.0  # a parcel's way and a first impression, much shortened
ZH_SHARE = 0.4
SHELF_SIZE = 20  # products per shelf where a catalogue has no categories


@dataclass(frozen=True, slots=True)
class _Shopper:
    user_id: str
    language: str
    tastes: tuple[int, ...]  # indices of themes, favourite first


class _Shop:
    """The products by category, by popularity, and what goes with what."""

    def __init__(
        self, products: Sequence[ProductCatalogued], seed: int, script: Script = SHOP
    ) -> None:
        self.seed, self.script = seed, script
        self.by_id = {p.product_id: p for p in products}
        shelves: dict[str, list[ProductCatalogued]] = {}
        for index, product in enumerate(products):
            name = product.category or f"shelf {index // SHELF_SIZE}"
            shelves.setdefault(name, []).append(product)
        chance = Random(f"{seed}/popularity")
        for shelf in shelves.values():
            chance.shuffle(shelf)  # the order is the popularity
        self.shelves = shelves
        # Zipf's law with exponent 0.8: the first of a shelf is much the most popular.
        longest = max(len(shelf) for shelf in shelves.values())
        self._weights = list(itertools.accumulate(1 / (rank + 1) ** 0.8 for rank in range(longest)))
        self.themes = [tuple(t) for t in script.themes if all(c in shelves for c in t)]
        others = sorted(set(shelves) - {c for theme in self.themes for c in theme})
        chance.shuffle(others)
        self.themes += [tuple(others[i : i + 3]) for i in range(0, len(others), 3)]
        self._companions: dict[str, list[ProductCatalogued]] = {}

    def popular(self, category: str, chance: Random) -> ProductCatalogued:
        shelf = self.shelves[category]
        total = self._weights[len(shelf) - 1]
        return shelf[bisect(self._weights, chance.random() * total, hi=len(shelf) - 1)]

    def companions(
        self, product: ProductCatalogued, theme: tuple[str, ...]
    ) -> list[ProductCatalogued]:
        """A few fixed products of the theme that go with this one."""
        key = f"{product.product_id}/{theme[0]}"
        found = self._companions.get(key)
        if found is None:
            chance = Random(f"{self.seed}/{key}")
            found = [self.popular(c, chance) for c in theme for _ in range(3)]
            found = [p for p in found if p is not product] or [product]
            if len(self._companions) < 100_000:
                self._companions[key] = found
        return found

    def quality(self, product_id: str) -> float:
        """0 to 1: how likely a buyer is pleased. A fixed property of the product."""
        return 0.15 + 0.83 * Random(f"{self.seed}/quality/{product_id}").betavariate(3.0, 1.2)


def want(product: ProductCatalogued, language: str) -> str:
    """The kind of product, as one would search for it: the title without brand and variant."""
    if language == "zh" and product.title_zh:
        return product.title_zh.removeprefix(f"{product.brand or ''} ").split()[0]
    title = product.title.split(",")[0].removeprefix(f"{product.brand or ''} ")
    return title if any(c.isupper() for c in title[1:]) and len(title) < 8 else title.lower()


def shop_events(
    products: Sequence[ProductCatalogued],
    *,
    seed: int,
    start_ms: int,
    events_per_s: float,
    shoppers_count: int = SHOPPERS_DEFAULT,
    script: Script = SHOP,
) -> Iterator[ShopEvent]:
    """Without end: what shoppers do, in order of time (ce_time from `start_ms` on).

    events_per_s: the mean rate once the first visits are under way, a few minutes of event time
    at most after the start. Ids are unique per (seed, start_ms).
    """
    shop = _Shop(products, seed, script)
    chance = Random(seed)
    shoppers = [_shopper(i, shop, chance) for i in range(shoppers_count)]
    visits_per_s = events_per_s / EVENTS_PER_VISIT
    waiting: list[tuple[float, int, ShopEvent]] = []
    arrival_s, visit, count = 0.0, 0, 0
    order = itertools.count()  # of two events of the same time, the older comes first
    while True:
        # All of a visit lies after its arrival: what is earlier than the next arrival is final.
        while waiting and waiting[0][0] <= arrival_s:
            time_s, _, event = heapq.heappop(waiting)
            count += 1
            yield event._replace(
                time_ms=start_ms + int(time_s * 1000), id=f"{seed}/{start_ms}/{count}"
            )
        visitor = chance.choice(shoppers)
        for offset_s, event in _visit(shop, visitor, f"visit-{start_ms}-{visit}", chance):
            placed_ms = start_ms + int(arrival_s * 1000)
            heapq.heappush(waiting, (arrival_s + offset_s, next(order), _dated(event, placed_ms)))
        visit += 1
        arrival_s += chance.expovariate(visits_per_s)


def _dated(event: ShopEvent, placed_ms: int) -> ShopEvent:
    """An order's event with the days that it tells; any other as it is."""
    if event.type != "order.updated.v1":
        return event
    placed = datetime.fromtimestamp(placed_ms / 1000, UTC)
    days = {"placed_at": placed.isoformat(timespec="seconds")}
    if event.data["status"] != "delivered":
        days["expected_on"] = (placed + timedelta(days=EXPECTED_DAYS)).date().isoformat()
    return event._replace(data=event.data | days)


def _shopper(index: int, shop: _Shop, chance: Random) -> _Shopper:
    tastes = chance.sample(range(len(shop.themes)), min(len(shop.themes), chance.randint(1, 3)))
    language = "zh" if chance.random() < ZH_SHARE else "en"
    return _Shopper(f"shopper-{index:05d}", language, tuple(tastes))


def _visit(
    shop: _Shop, who: _Shopper, session_id: str, chance: Random
) -> Iterator[tuple[float, ShopEvent]]:
    """One visit: (seconds after its start, event); time and id are filled in by the caller."""
    theme = shop.themes[who.tastes[min(int(chance.expovariate(1.5)), len(who.tastes) - 1)]]
    by = {"user_id": who.user_id, "session_id": session_id}
    texts, shares = shop.script, shop.script.shares
    product = shop.popular(theme[min(int(chance.expovariate(1.2)), len(theme) - 1)], chance)
    at_s = 0.0

    def event(
        topic: str, kind: str, data: dict[str, Any], key: str = who.user_id
    ) -> tuple[float, ShopEvent]:
        return at_s, ShopEvent(topic, kind, key, data, 0, "")

    if chance.random() < shares.searches:
        query = texts.search(who.language, want(product, who.language), chance)
        yield event(
            topics.SEARCHES, "products.searched.v1", {**by, "query": query, "locale": who.language}
        )
        at_s += chance.expovariate(1 / THINK_S_MEAN)
    cart: list[ProductCatalogued] = []
    seen: list[ProductCatalogued] = []
    for _ in range(1 + min(int(chance.expovariate(0.23)), 14)):
        yield event(topics.CLICKS, "product.clicked.v1", {**by, "product_id": product.product_id})
        seen.append(product)
        at_s += chance.expovariate(1 / THINK_S_MEAN)
        if product.available is not False and product not in cart and chance.random() < shares.adds:
            data = {**by, "product_id": product.product_id, "quantity": 1}
            if product.price is not None:
                data["price"] = product.price
            yield event(topics.CLICKS, "product.added.v1", data)
            cart.append(product)
            at_s += chance.expovariate(1 / THINK_S_MEAN)
        dice = chance.random()
        if dice < 0.75:
            product = chance.choice(shop.companions(product, theme))
        elif dice < 0.9:
            product = shop.popular(chance.choice(theme), chance)
        else:
            product = chance.choice(seen)
    if chance.random() < shares.questions:
        text = texts.question(who.language, want(product, who.language), chance)
        data = {**by, "question": text, "conversation_id": session_id, "locale": who.language}
        yield event(topics.QUESTIONS, "question.asked.v1", data)
        at_s += chance.expovariate(1 / THINK_S_MEAN)
        if chance.random() < shares.follow_ups:
            for text in texts.follow_ups(who.language, chance):
                about = {**data, "question": text, "product_id": seen[-1].product_id}
                yield event(topics.QUESTIONS, "question.asked.v1", about)
                at_s += chance.expovariate(1 / THINK_S_MEAN)
    if cart and chance.random() < shares.orders:
        lines = [
            {"product_id": p.product_id, "quantity": 1}
            | ({} if p.price is None else {"price": p.price})
            for p in cart
        ]
        yield event(
            topics.CLICKS,
            "order.completed.v1",
            {**by, "order_id": f"order-{session_id}", "products": lines},
        )
        if texts.parcels:
            for after_s, step in _parcel(shop, who, cart, by, chance):
                yield at_s + after_s, step
        for bought in cart:
            if chance.random() < shares.reviews:
                at_s += chance.expovariate(1 / REVIEW_S_MEAN)
                yield event(
                    topics.REVIEWS,
                    "product.reviewed.v1",
                    _review(shop, who, bought, session_id, chance),
                    bought.product_id,
                )


def _parcel(
    shop: _Shop,
    who: _Shopper,
    cart: Sequence[ProductCatalogued],
    by: dict[str, str],
    chance: Random,
) -> Iterator[tuple[float, ShopEvent]]:
    """How an order goes on, and its customer's question where it is: (seconds after it, event)."""
    number = str(chance.randrange(10_000, 99_999))
    order = {
        "order_id": f"order-{by['session_id']}",
        "order_number": number,
        "user_id": who.user_id,
        "product_ids": [product.product_id for product in cart],
    }
    parcel = {
        "carrier": chance.choice(CARRIERS),
        "tracking_number": f"T{chance.randrange(10**8, 10**9)}",
    }
    asks_s = (
        chance.expovariate(1 / PARCEL_S_MEAN) if chance.random() < ASKS_FOR_ORDER_SHARE else None
    )
    after_s = 0.0
    for status in ("placed", "shipped", "delivered"):
        said = order | {"status": status} | ({} if status == "placed" else parcel)
        yield (
            after_s,
            ShopEvent(topics.ORDERS, "order.updated.v1", str(order["order_id"]), said, 0, ""),
        )
        after_s += chance.expovariate(1 / PARCEL_S_MEAN)
    if asks_s is not None:
        text = shop.script.where_is(who.language, number, chance)
        data = {**by, "question": text, "locale": who.language}
        yield asks_s, ShopEvent(topics.QUESTIONS, "question.asked.v1", who.user_id, data, 0, "")


def _review(
    shop: _Shop, who: _Shopper, product: ProductCatalogued, session_id: str, chance: Random
) -> dict[str, Any]:
    quality, dice = shop.quality(product.product_id), chance.random()
    if dice < quality:
        mood, rating = "positive", chance.choice((4, 5, 5))
    elif dice < quality + 0.35 * (1 - quality):
        mood, rating = "neutral", 3
    else:
        mood, rating = "negative", chance.choice((1, 1, 2))
    data: dict[str, Any] = {
        "product_id": product.product_id,
        "review_id": f"{session_id}/{product.product_id}",
        "user_id": who.user_id,
        "review_body": shop.script.review(who.language, mood, want(product, who.language), chance),
        "locale": who.language,
    }
    if chance.random() < 0.5:  # half of the reviews have to be understood from their text
        data["rating"] = rating
    return data
