"""Wiring of what the shop's people look at: the trace and the console."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .console_sources import ConsoleSources
from .core.trace import Trace
from .http import console as console_routes
from .http import demo as demo_routes
from .http import trace as trace_routes
from .trace_reader import TraceReader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from litestar.handlers import HTTPRouteHandler

    from shopkeeper.shared.runtime.api.component import Component
    from shopkeeper.shared.runtime.settings import WorkerSettings

SALT_BYTES = 16


def observing(
    said: Mapping[str, str], pages: Sequence[str], settings: WorkerSettings
) -> tuple[list[HTTPRouteHandler], list[Component]]:
    """Routes, and what runs behind them."""
    routes: list[HTTPRouteHandler] = []
    components: list[Component] = []
    if said["GATEWAY_TRACE"] == "on" or (said["GATEWAY_TRACE"] == "pages" and pages):
        trace = Trace(os.urandom(SALT_BYTES))
        reader = TraceReader(settings.kafka, settings.type_prefix, trace)
        routes += trace_routes.handlers(reader, trace)
        components.append(reader)
    if "console" in pages:
        routes += console_routes.handlers(ConsoleSources(settings))
    if said["GATEWAY_DEMO_CONTROL"]:
        routes += demo_routes.handlers(said["GATEWAY_DEMO_CONTROL"])
    return routes, components
