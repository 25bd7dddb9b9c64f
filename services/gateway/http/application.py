"""The ASGI application: routes, errors, OpenAPI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from .events import events
from .pages import handlers as page_handlers
from .problems import respond
from .questions import answer, ask
from .reads import recommendations, sentiment, similar, trending
from .stream import stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .context import Context


def application(
    context: Context, *, origins: Sequence[str], body_bytes_max: int, pages: Sequence[str] = ()
) -> Litestar:
    """What an ASGI server runs."""
    routes = [events, ask, answer, recommendations, similar, sentiment, trending, stream]
    return Litestar(
        [*routes, *page_handlers(list(pages))],
        dependencies={"context": Provide(lambda: context, sync_to_thread=False)},
        exception_handlers={Exception: respond},
        cors_config=CORSConfig(
            allow_origins=list(origins),
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
