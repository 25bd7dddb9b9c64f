"""Wiring of the gateway: topics read whole, and HTTP in front of them."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from litestar import asgi

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.domains import pack
from shopkeeper.shared.runtime.api.service import Service
from shopkeeper.shared.runtime.kafka.global_tables import Stamped
from shopkeeper.shared.runtime.settings import SettingsError
from shopkeeper.shared.runtime.settings import read as read_setting

from .core.admission import Admission
from .core.catalogue import Catalogue
from .core.catalogue_changes import changes_of
from .core.feed import Feed
from .core.preferences import PreferencesTable
from .core.products import Products
from .core.rate_limits import RateLimits
from .core.reviews import Reviews
from .core.views import LatestValues
from .feed_reader import FeedReader
from .http.access import Access
from .http.application import application
from .http.context import Context
from .http.guards import Guards
from .http.measuring import Answers, Measured
from .http.pages import NAMES as PAGES
from .metrics import GatewayMetrics, Table
from .observing import observing
from .producer import Producer
from .server import Server
from .spans import GatewaySpans
from .spec import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from litestar.handlers import ASGIRouteHandler, HTTPRouteHandler
    from litestar.types import ASGIApp

    from shopkeeper.shared.contracts.envelope import KeyValue, Stamp
    from shopkeeper.shared.runtime.api.component import Component
    from shopkeeper.shared.runtime.settings import WorkerSettings


_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s]+")
_USUAL_PORT = re.compile(r"^(http://[^/]*):80$|^(https://[^/]*):443$")


def build(settings: WorkerSettings) -> Service:
    """The service. Raises SettingsError."""
    said = {setting.name: setting.read(settings.environ) for setting in SETTINGS}
    products_max = int(said["GATEWAY_PRODUCTS_MAX"])
    users_max = int(said["GATEWAY_USERS_MAX"])
    similar, trending, sentiment = (LatestValues(products_max) for _ in range(3))
    domain = pack.load(settings.domain)
    catalogue = Catalogue(products_max, threading.Lock(), domain.excluded)
    segments = LatestValues(users_max)
    preferences = PreferencesTable(int(said["GATEWAY_PREFERENCES_MAX"]))
    positions: dict[str, int] = {}
    feed = Feed(lists_max=users_max, records_max=int(said["GATEWAY_RESUME_RECORDS"]))
    pages = _pages(said)
    origins_of(said["GATEWAY_ORIGINS"])  # a wrong one stops the worker now, for good
    spans = GatewaySpans.of(settings.environ, settings.worker_id or "gateway")
    reader, producer = FeedReader(settings.kafka, feed), Producer(settings.kafka, spans)
    stopping = asyncio.Event()
    type_prefix = read_setting(settings.environ, "TYPE_PREFIX")
    context = Context(
        access=_access(said),
        feed=feed,
        partitions_of=reader.partitions_of,
        similar=similar,
        trending=trending,
        sentiment=sentiment,
        catalogue=catalogue,
        segments=segments,
        preferences=preferences,
        positions=positions,
        products=Products(products_max, threading.Lock()),
        reviews=Reviews(products_max, lock=threading.Lock()),
        admission=Admission(type_prefix),
        producer=producer,
        type_prefix=type_prefix,
        now_ms=lambda: int(time.time() * 1000),
        monotonic_s=time.monotonic,
        stopping=stopping,
        domain=domain,
    )
    more, watching = observing(said, pages, settings)

    def end_streams() -> None:
        stopping.set()
        feed.wake()

    tools, further = _mcp(context, said)
    answers = Answers()
    server = Server(
        lambda: _application(context, said, pages, [*more, *further], answers, spans),
        said["GATEWAY_HOST"],
        int(said["GATEWAY_PORT"]),
        end_streams,
        shared=said["GATEWAY_SHARED_PORT"] == "1",
    )
    grpc = _grpc(context, said, spans)
    tables: dict[str, Table] = {
        topics.SIMILAR_ITEMS: similar,
        topics.TRENDING: trending,
        topics.PRODUCT_SENTIMENT: sentiment,
        topics.CATALOGUE: catalogue,
        topics.SEGMENTS: segments,
        topics.PREFERENCES: preferences,
        topics.REVIEW_DIGESTS: context.reviews,
    }

    return Service(
        name="gateway",
        sources=[],
        tables={topic: table.apply for topic, table in tables.items()}
        | {topics.CATALOGUE: Stamped(partial(_catalogued, context))},
        positions=positions,
        metrics=GatewayMetrics(
            feed,
            tables,
            lambda: context.refused,
            answers=answers,
            published=producer.take_published,
        ).metrics,
        components=[*_some(spans), producer, reader, *watching, *tools, server, *grpc],
    )


def _application(
    context: Context,
    said: Mapping[str, str],
    pages: list[str],
    more: Sequence[HTTPRouteHandler | ASGIRouteHandler],
    answers: Answers,
    spans: GatewaySpans | None,
) -> ASGIApp:
    """What the server runs: the routes, measured, and traced where that is asked for."""
    measured = Measured(
        application(
            context,
            origins=origins_of(said["GATEWAY_ORIGINS"]),
            body_bytes_max=int(said["GATEWAY_BODY_BYTES_MAX"]),
            user_rate=float(said["GATEWAY_USER_RATE"]),
            key_rate=float(said["GATEWAY_KEY_RATE"]),
            pages=pages,
            more=more,
        ),
        answers,
    )
    return measured if spans is None else spans.around(measured)


def _some(component: Component | None) -> list[Component]:
    return [] if component is None else [component]


def _catalogued(
    context: Context, records: Sequence[KeyValue], stamps: Sequence[Stamp] | None
) -> None:
    """The catalogue's records, read once for both views of it."""
    changes = list(changes_of(records, stamps))
    context.catalogue.take(changes)
    context.products.take(changes)


def _access(said: Mapping[str, str]) -> Access:
    """Who may do what. Raises SettingsError."""
    try:
        return Access(
            _listed(said["GATEWAY_SECRET_KEYS"]),
            _listed(said["GATEWAY_PAGE_KEYS"]),
            said["GATEWAY_TOKEN_SECRET"],
        )
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _pages(said: Mapping[str, str]) -> list[str]:
    """The pages to be shown. Raises SettingsError for one that does not exist."""
    pages = _listed(said["GATEWAY_PAGES"])
    if unknown := set(pages) - set(PAGES):
        raise SettingsError(
            f"GATEWAY_PAGES={said['GATEWAY_PAGES']}: no page {', '.join(sorted(unknown))}; "
            f"choose from {', '.join(PAGES)}"
        )
    return pages


def _mcp(
    context: Context, said: Mapping[str, str]
) -> tuple[list[Component], list[ASGIRouteHandler]]:
    """The tools for assistants and their route, where there are to be any. Raises SettingsError."""
    if said["GATEWAY_MCP"] != "1":
        return [], []
    try:
        from .mcp.server import PATH, McpServer
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"GATEWAY_MCP=1 needs the extra `mcp`: pip install 'shopkeeper[mcp]' ({error})"
        ) from None
    origins, bytes_max = origins_of(said["GATEWAY_ORIGINS"]), int(said["GATEWAY_BODY_BYTES_MAX"])
    users, keys = (RateLimits(float(said[f"GATEWAY_{of}_RATE"])) for of in ("USER", "KEY"))
    guards = Guards(context, of_users=users, of_keys=keys)
    server = McpServer(context, guards, origins, bytes_max)
    return [server], [asgi(PATH, copy_scope=False)(server.answer)]


def _grpc(context: Context, said: Mapping[str, str], spans: GatewaySpans | None) -> list[Component]:
    """The gRPC server, where there is to be one. Raises SettingsError."""
    port = int(said["GATEWAY_GRPC_PORT"])
    if port == 0:
        return []
    try:
        from .grpc.server import GrpcServer
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"GATEWAY_GRPC_PORT={port} needs the extra `grpc`: pip install 'shopkeeper[grpc]' "
            f"({error})"
        ) from None
    return [GrpcServer(context, said["GATEWAY_HOST"], port, spans)]


def origins_of(value: str) -> list[str]:
    """Origins as browsers send them: without a slash at the end, small, without the usual port.
    Raises SettingsError for what is none, which would match no page."""
    found = []
    for part in _listed(value):
        origin = _USUAL_PORT.sub(r"\1\2", part.rstrip("/").lower())
        if origin not in ("*", "null") and not _ORIGIN.fullmatch(origin):
            raise SettingsError(
                f"GATEWAY_ORIGINS: {part!r} is no origin: write scheme, host and port, such as "
                "http://localhost:5173, or *"
            )
        found.append(origin)
    return found


def _listed(value: str) -> list[str]:
    # A file of keys may have one a line.
    parts = value.replace("\n", ",").split(",")
    return [part.strip() for part in parts if part.strip()]
