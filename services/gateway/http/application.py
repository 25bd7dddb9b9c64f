"""The ASGI application: routes, errors, OpenAPI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from ..core.rate_limits import RateLimits
from .assumptions import assumptions, delete_assumptions, segments
from .direct import Direct
from .domain import domain
from .events import events
from .guards import Guards, probes
from .lists import recommendations
from .openapi import describe
from .pages import handlers as page_handlers
from .preferences import preference, set_preference
from .problems import respond
from .products import categories, product, products, review_stream, reviews
from .questions import answer, ask
from .reads import sentiment, similar, trending
from .searches import search, searched
from .stream import stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from litestar.handlers import ASGIRouteHandler, HTTPRouteHandler

    from .context import Context


def application(
    context: Context,
    *,
    body_bytes_max: int,
    user_rate: float = 0.0,
    key_rate: float = 0.0,
    **options: Any,
) -> Direct:
    """What an ASGI server runs. user_rate, key_rate: as of `Guards`, requests a second.
    options: of `routes`."""
    guards = Guards(context, of_users=RateLimits(user_rate), of_keys=RateLimits(key_rate))
    others = routes(context, guards, body_bytes_max=body_bytes_max, **options)
    return Direct(context, guards, others, body_bytes_max)


def routes(
    context: Context,
    guards: Guards,
    *,
    origins: Sequence[str],
    body_bytes_max: int,
    pages: Sequence[str] = (),
    more: Sequence[HTTPRouteHandler | ASGIRouteHandler] = (),
) -> Litestar:
    """Every route. more: routes that not every gateway has, and other protocols' applications, each
    at its path."""
    handlers = [events, ask, answer, recommendations, similar, sentiment, trending, stream]
    handlers += [preference, set_preference, assumptions, delete_assumptions, segments]
    handlers += [search, searched, domain]
    handlers.append(probes(context.ready))
    handlers += [products, product, categories, reviews, review_stream]
    made = Litestar(
        [*handlers, *more, *page_handlers(list(pages))],
        before_request=guards.before,
        after_request=guards.after,
        dependencies={"context": Provide(lambda: context, sync_to_thread=False)},
        exception_handlers={Exception: respond},
        cors_config=CORSConfig(
            allow_origins=list(origins),
            expose_headers=[
                "ETag",
                "Location",
                "Retry-After",
                "Shopkeeper-Stale",
                "Shopkeeper-Views",
            ],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"],
        )
        if origins
        else None,
        logging_config=None,  # the worker's
        request_max_body_size=body_bytes_max,
        openapi_config=OpenAPIConfig(
            title="Shopkeeper gateway",
            version="1",
            path="/openapi",
            render_plugins=[JsonRenderPlugin()],
        ),
    )
    describe(made)
    return made
