"""Tokens by OAuth 2.0 client credentials (RFC 6749, section 4.4): one POST, kept until nearly over.

A token is asked for on a thread, never on an event loop, and by one caller at a time; the others
take what it got. A worker has clients of Kafka on two event loops, all of which share a source.
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

ANSWER_S_MAX = 10.0
ANSWER_BYTES_MAX = 1 << 20
LIFETIME_S_DEFAULT = 300.0  # of a token whose endpoint does not say
FRESH_SHARE = 0.8  # of its lifetime a token is used before another is asked for
AGAIN_S = 5.0  # between two questions where the endpoint fails and the old token still holds
WORD_CHARACTERS_MAX = 60


@dataclass(frozen=True, slots=True)
class OAuthSettings:
    """Where tokens come from, and who asks for them."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""
    cafile: str = ""


class TokenError(RuntimeError):
    """No token; the message says why, in one line without any secret. refused: the endpoint has
    answered, and asking again would not help."""

    def __init__(self, message: str, *, refused: bool) -> None:
        super().__init__(message)
        self.refused = refused


class TokenSource:
    """The current token of one client."""

    def __init__(
        self, settings: OAuthSettings, monotonic_s: Callable[[], float] | None = None
    ) -> None:
        self._settings, self._now_s = settings, monotonic_s or time.monotonic
        self._lock = threading.Lock()
        self._token = ""
        self._fresh_until_s = self._ends_s = self._ask_from_s = float("-inf")

    def current(self) -> str | None:
        """The token where none needs to be asked for; never waits."""
        now_s = self._now_s()
        if now_s < self._fresh_until_s or self._ends_s > now_s < self._ask_from_s:
            return self._token
        return None

    def get(self) -> str:
        """A token that still holds; may wait for the endpoint. Raises TokenError."""
        with self._lock:
            if (token := self.current()) is not None:
                return token
            try:
                self._token, lifetime_s = fetch(self._settings)
            except TokenError:
                if self._now_s() >= self._ends_s:
                    raise
                self._ask_from_s = self._now_s() + AGAIN_S
                return self._token
            self._ends_s = self._now_s() + lifetime_s
            self._fresh_until_s = self._now_s() + FRESH_SHARE * lifetime_s
            return self._token


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A secret is sent to the address that was configured, and to no other."""

    def redirect_request(self, *_: Any) -> None:
        return None


def fetch(settings: OAuthSettings) -> tuple[str, float]:
    """Ask the endpoint: (token, seconds that it holds). Raises TokenError."""
    form = {"grant_type": "client_credentials"}
    if settings.scope:
        form["scope"] = settings.scope
    # RFC 6749, section 2.3.1: both are encoded as in a form before they are joined.
    pair = f"{quote_plus(settings.client_id)}:{quote_plus(settings.client_secret)}"
    request = urllib.request.Request(
        settings.token_url,
        data=urlencode(form).encode(),
        headers={
            "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
            "Accept": "application/json",
        },
    )
    context = ssl.create_default_context(cafile=settings.cafile or None)
    opener = urllib.request.build_opener(_NoRedirects, urllib.request.HTTPSHandler(context=context))
    where = f"the token endpoint {urlsplit(settings.token_url).netloc} (KAFKA_OAUTH_TOKEN_URL)"
    try:
        with opener.open(request, timeout=ANSWER_S_MAX) as answer:
            body = answer.read(ANSWER_BYTES_MAX + 1)
    except urllib.error.HTTPError as error:
        with error:
            said = _error_word(error.read(ANSWER_BYTES_MAX))
        refused = 300 <= error.code < 500 and error.code not in (408, 429)
        way_out = (
            ": check KAFKA_OAUTH_CLIENT_ID, KAFKA_OAUTH_CLIENT_SECRET_FILE and KAFKA_OAUTH_SCOPE"
            if refused
            else ""
        )
        raise TokenError(
            f"{where} refused client {settings.client_id!r} (HTTP {error.code}{said}){way_out}",
            refused=refused,
        ) from None
    except OSError as error:  # URLError is one; what it stands for is in `reason`
        reason = getattr(error, "reason", None) or error
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise TokenError(
                f"{where} has a certificate that is not trusted ({reason.verify_message}): check "
                "KAFKA_OAUTH_CAFILE",
                refused=True,
            ) from None
        raise TokenError(f"{where} cannot be reached ({reason})", refused=False) from None
    return _token(body, where)


def _token(body: bytes, where: str) -> tuple[str, float]:
    try:
        if len(body) > ANSWER_BYTES_MAX:
            raise ValueError("too long")
        said = json.loads(body)
        token = said["access_token"]
        lifetime_s = float(said.get("expires_in", LIFETIME_S_DEFAULT))
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise ValueError("no token")
        if not (token and 0 < lifetime_s < float("inf")):
            raise ValueError("no lifetime")
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        raise TokenError(
            f"{where} answered without an access_token: is it the token endpoint?", refused=True
        ) from None
    return token, lifetime_s


def _error_word(body: bytes) -> str:
    """The `error` of RFC 6749, section 5.2; what else an endpoint says may hold anything."""
    try:
        word = json.loads(body)["error"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return ""
    plain = isinstance(word, str) and word.isascii() and word.replace("_", "").isalnum()
    return f", {word}" if plain and len(word) <= WORD_CHARACTERS_MAX else ""
