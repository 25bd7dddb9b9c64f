"""A gateway's application in this process, on views that a test fills: what no broker decides."""

from __future__ import annotations

import asyncio
import json

import httpx

from shopkeeper.services.gateway.core.admission import Admission
from shopkeeper.services.gateway.core.catalogue import Catalogue
from shopkeeper.services.gateway.core.feed import Feed
from shopkeeper.services.gateway.core.preferences import PreferencesTable
from shopkeeper.services.gateway.core.products import Products
from shopkeeper.services.gateway.core.reviews import Reviews
from shopkeeper.services.gateway.core.views import LatestValues
from shopkeeper.services.gateway.http.access import Access
from shopkeeper.services.gateway.http.application import application
from shopkeeper.services.gateway.http.context import Context
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.domains.pack import SHOP


class Topics:
    """Stands in for the broker: keeps what was sent, and hands preferences on; away, it is not
    ready."""

    def __init__(self, preferences):
        self.sent, self.away, self._preferences = [], "", preferences

    def ready(self):
        return (not self.away, self.away or "ok")

    async def send(self, records):
        self.sent += records
        for topic, key, value, _ in records:
            if topic == topics.PREFERENCES:
                self._preferences.apply([(key, value)])


class Serving:
    """The application, its views, and a client in this process."""

    def __init__(self, *, secret_keys=(), page_keys=(), token_secret="", domain=SHOP, **options):
        self.now_s, self.feed = 0.0, Feed(lists_max=100, records_max=100)
        self.similar, self.trending, self.sentiment, self.segments = (
            LatestValues(100) for _ in range(4)
        )
        self.catalogue = Catalogue(100, None, domain.excluded)
        self.preferences = PreferencesTable(100)
        self.products, self.topics = Products(100), Topics(self.preferences)
        self.context = Context(
            access=Access(secret_keys, page_keys, token_secret),
            feed=self.feed,
            partitions_of=lambda key: (0, 0),
            similar=self.similar,
            trending=self.trending,
            sentiment=self.sentiment,
            catalogue=self.catalogue,
            segments=self.segments,
            preferences=self.preferences,
            positions={},
            products=self.products,
            reviews=Reviews(100),
            admission=Admission("com.example.shop."),
            producer=self.topics,
            type_prefix="com.example.shop.",
            now_ms=lambda: 1_772_357_400_250,
            monotonic_s=lambda: self.now_s,
            stopping=asyncio.Event(),
            domain=domain,
        )
        options = {"origins": ["https://shop.example"], "body_bytes_max": 65_536} | options
        self.application = application(self.context, **options)

    def put(self, table, key, value):
        """A record of a compacted topic."""
        getattr(self, table).apply([(key.encode(), json.dumps(value).encode())])

    def ask(self, *requests):
        """The answers to requests: (method, path, options of httpx)."""

        async def all_of_them():
            transport = httpx.ASGITransport(self.application, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
                return [await client.request(m, path, **options) for m, path, options in requests]

        return asyncio.run(all_of_them())

    def get(self, path, **options):
        """The answer to one GET."""
        return self.ask(("GET", path, options))[0]
