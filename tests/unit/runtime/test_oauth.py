"""Tokens by client credentials: asked for once, renewed before their end, refusals said plainly."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import pytest

from shopkeeper.shared.runtime import oauth
from shopkeeper.shared.runtime.kafka.tokens import NoToken, TokenProvider
from shopkeeper.shared.runtime.oauth import OAuthSettings, TokenError, TokenSource
from tests.broker.secured_kafka import TokenEndpoint

SECRET = "s3cret: with/blanks +"


@pytest.fixture
def endpoint():
    with TokenEndpoint({"intent": SECRET}, lifetime_s=100) as running:
        yield running


@pytest.fixture
def settings(endpoint):
    return OAuthSettings(f"{endpoint.address}/token", "intent", SECRET, "kafka read")


class Clock:
    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


def test_a_token_is_asked_for_once_and_renewed_before_its_end(endpoint, settings):
    clock = Clock()
    source = TokenSource(settings, clock)
    assert source.current() is None
    first = source.get()
    assert source.get() == source.current() == first
    assert endpoint.asked == [("intent", "kafka read")]
    clock.now_s += 81.0
    assert source.current() is None, "a fifth of its lifetime is left"
    source.get()
    assert len(endpoint.asked) == 2


def test_where_the_endpoint_fails_the_old_token_serves_to_its_end(endpoint, settings):
    clock = Clock()
    source = TokenSource(settings, clock)
    first = source.get()
    endpoint.clients.clear()
    clock.now_s += 81.0
    assert source.get() == first
    assert source.current() == first, "and the endpoint has a rest"
    clock.now_s += 20.0
    with pytest.raises(TokenError):
        source.get()


def test_a_refusal_names_the_settings_and_shows_no_secret(settings):
    wrong = replace(settings, client_secret="hunter2")
    said = r"'intent' \(HTTP 401, invalid_client\): check KAFKA_OAUTH_CLIENT_ID"
    with pytest.raises(TokenError, match=said) as refused:
        TokenSource(wrong).get()
    assert refused.value.refused
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in repr(wrong)


def test_an_endpoint_that_is_away_may_come_back(settings):
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        away = replace(settings, token_url=f"http://127.0.0.1:{taken.getsockname()[1]}/")
        with pytest.raises(TokenError, match="cannot be reached") as failed:
            TokenSource(away).get()
    assert not failed.value.refused


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"access_token": 7}',
        b'{"access_token": ""}',
        b'{"access_token": "two\\nlines"}',
        b'{"access_token": "t", "expires_in": "soon"}',
        b'{"access_token": "t", "expires_in": -1}',
        b'{"access_token": "t", "expires_in": NaN}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_what_is_no_token_is_said_to_be_none(body):
    with pytest.raises(TokenError, match="without an access_token"):
        oauth._token(body, "the token endpoint")


def test_clients_of_two_event_loops_share_a_token(endpoint, settings):
    provider = TokenProvider(TokenSource(settings))

    async def several():
        return await asyncio.gather(*(provider.token() for _ in range(5)))

    tokens = {*asyncio.run(several()), *asyncio.run(several())}
    assert len(tokens) == len(endpoint.asked) == 1
    wrong = TokenProvider(TokenSource(replace(settings, client_secret="x")))
    with pytest.raises(NoToken, match="invalid_client"):
        asyncio.run(wrong.token())
