"""A service of somebody's own, which asks a server about each record and sets no time limit.

A worker of it hangs as soon as the server does: the case that a stalled worker's alert is for.
"""

from __future__ import annotations

import os
import socket

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Output
from shopkeeper.shared.runtime.api.processor import Stateless
from shopkeeper.shared.runtime.api.service import Service, ServiceSpec, Source

NAME, ASKED = "asking", "asked.v1"
SERVER = "ASKED_SERVER"  # its port on this machine


class Asking(Stateless):
    """One question per record, on a connection of its own."""

    def process(self, events, now_ms):
        port = int(os.environ[SERVER])
        for event in events:
            with socket.create_connection(("127.0.0.1", port)) as server:
                server.sendall(event.data)
                server.recv(1)
        return [Output(topics.TRENDING, event.data, b"1", []) for event in events], []


def build(settings):
    """The service; its topic is not one of the project's."""
    return Service(NAME, [Source(ASKED, lambda number: Asking(), internal_type="asked")])


SERVICE = ServiceSpec(
    name=NAME,
    consumes=frozenset({ASKED}),
    publishes=frozenset({topics.TRENDING}),
    app=f"{__name__}:build",
)
