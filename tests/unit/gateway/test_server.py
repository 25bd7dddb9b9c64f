"""The gateway's server and its event loop: whose address counts, and what it runs on."""

from __future__ import annotations

import asyncio
import builtins

import pytest

from shopkeeper.services.gateway.event_loop import new_event_loop
from shopkeeper.services.gateway.server import Forwarded
from shopkeeper.services.gateway.spec import SERVICE


@pytest.mark.parametrize(
    ("peer", "headers", "address"),
    [
        ("127.0.0.1", {}, "127.0.0.1"),
        ("127.0.0.1", {"x-forwarded-for": "203.0.113.7"}, "203.0.113.7"),
        ("198.51.100.1", {"x-forwarded-for": "203.0.113.7"}, "198.51.100.1"),
    ],
)
def test_a_visitors_address_is_what_a_trusted_proxy_says(peer, headers, address):
    seen = []

    async def application(scope, receive, send):
        seen.append(scope["client"][0])

    said = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "client": (peer, 1), "headers": said, "scheme": "http"}
    asyncio.run(Forwarded(application, "127.0.0.1")(scope, None, None))
    assert seen == [address]


def test_the_gateway_runs_on_uvloop_and_where_there_is_none_on_asyncios_loop(monkeypatch):
    loop = SERVICE.new_event_loop()
    loop.close()
    found = builtins.__import__

    def without_uvloop(name, *rest):
        if name == "uvloop":
            raise ModuleNotFoundError(name)
        return found(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_uvloop)
    plain = new_event_loop()
    plain.close()
    assert isinstance(plain, asyncio.SelectorEventLoop)
    monkeypatch.undo()
    uvloop = pytest.importorskip("uvloop")
    assert isinstance(loop, uvloop.Loop)
