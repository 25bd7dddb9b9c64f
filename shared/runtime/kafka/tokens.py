"""OAUTHBEARER for aiokafka: asks a `TokenSource` for the token of each new connection."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import TYPE_CHECKING

from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import KafkaError

from ..oauth import TokenError, TokenSource

if TYPE_CHECKING:
    from ..oauth import OAuthSettings


class NoToken(KafkaError):
    """No token to connect with: for aiokafka a connection that failed, and is tried again."""

    retriable = True

    def __init__(self, message: str, refused: bool) -> None:
        super().__init__(message)
        self.message, self.refused = message, refused

    def __str__(self) -> str:
        return self.message


class TokenProvider(AbstractTokenProvider):
    """What clients of all event loops of a process are given; see `provider`."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source

    async def token(self) -> str:
        """Raises NoToken."""
        if (current := self._source.current()) is not None:
            return current
        try:
            return await asyncio.to_thread(self._source.get)
        except TokenError as error:
            raise NoToken(str(error), error.refused) from None


@lru_cache(maxsize=8)
def provider(settings: OAuthSettings) -> TokenProvider:
    """One for all clients of a process, so that they share its tokens."""
    return TokenProvider(TokenSource(settings))
