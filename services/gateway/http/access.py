"""Who may do what: keys of servers and pages, and tokens of users."""

from __future__ import annotations

import hmac
import logging
from typing import TYPE_CHECKING, NamedTuple

import jwt

from .problems import Problem

if TYPE_CHECKING:
    from collections.abc import Collection

log = logging.getLogger(__name__)

SECRET_BYTES_MIN = 32


class Caller(NamedTuple):
    """Who sent a request. user_id: whose token it was; None: a key, or nobody. key: which secret
    one, as its place among them."""

    everything: bool
    page: bool = False
    user_id: str | None = None
    key: str = ""

    def may_read(self, user_id: str) -> bool:
        """Whether it may see what is this user's alone."""
        return self.everything or self.user_id == user_id


class Access:
    """Keys and the secret that signs tokens. Without any, everybody may do everything."""

    def __init__(self, secret_keys: Collection[str], page_keys: Collection[str], secret: str):
        """Raises ValueError for a secret that is too short."""
        if secret and len(secret.encode()) < SECRET_BYTES_MIN:
            raise ValueError(f"GATEWAY_TOKEN_SECRET has under {SECRET_BYTES_MIN} bytes")
        self._secret_keys, self._page_keys = tuple(secret_keys), tuple(page_keys)
        self._secret = secret
        self.open = not (secret_keys or page_keys or secret)
        if self.open:
            log.warning(
                "no GATEWAY_SECRET_KEYS, GATEWAY_PAGE_KEYS or GATEWAY_TOKEN_SECRET: whoever "
                "reaches the gateway may read every user's lists and send events"
            )

    def caller(self, authorization: str | None, key: str | None = None) -> Caller:
        """Of a request with this `Authorization`; `key`, in its place, where a page cannot set
        headers (EventSource). Raises Problem 401."""
        given = key or ""
        if authorization:
            scheme, _, value = authorization.partition(" ")
            if scheme.lower() != "bearer" or not value.strip():
                raise _unauthorised("send `Authorization: Bearer KEY`")
            given = value.strip()
        if self.open:
            return Caller(everything=True)
        if not given:
            raise _unauthorised("this gateway wants a key or a user's token")
        if _among(given, self._secret_keys):
            place = self._secret_keys.index(given)
            return Caller(everything=True, key=f"secret key {place}")
        if _among(given, self._page_keys):
            return Caller(everything=False, page=True)
        if self._secret:
            try:
                claims = jwt.decode(
                    given, self._secret, algorithms=["HS256"], options={"require": ["sub", "exp"]}
                )
            except jwt.InvalidTokenError as error:
                raise _unauthorised(f"the token is not valid: {error}") from None
            return Caller(everything=False, page=True, user_id=claims["sub"])
        raise _unauthorised("no such key")


def _among(given: str, keys: Collection[str]) -> bool:
    # All are compared: how long that takes says nothing of the keys.
    return sum(hmac.compare_digest(given.encode(), key.encode()) for key in keys) > 0


def _unauthorised(detail: str) -> Problem:
    problem = Problem(401, "Unauthorized", detail)
    problem.headers = {"WWW-Authenticate": "Bearer"}
    return problem
