"""Whether a broker lets us in: TLS, SASL and the first answer, tried once, with the reason said.

aiokafka logs why it could not connect and raises "unable to bootstrap"; an operator needs to know
which setting is wrong.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, NamedTuple

from aiokafka import errors
from aiokafka.conn import create_conn

from .tokens import NoToken

if TYPE_CHECKING:
    from ..settings import KafkaSettings

ANSWER_MS_MAX = 10_000


class Problem(NamedTuple):
    """Why a broker cannot be used. refused: by its will; asking again will hardly help."""

    text: str
    refused: bool = False


async def problem(kafka: KafkaSettings, server: str) -> Problem | None:
    """Why `server` does not let us in; None: it does. A connection without TLS and SASL proves
    nothing here, and is not tried."""
    if kafka.security_protocol == "PLAINTEXT":
        return None
    host, _, port = server.rpartition(":")
    options = kafka.client_options()
    del options["bootstrap_servers"]
    try:
        connection = await create_conn(
            host.strip("[]"), int(port), request_timeout_ms=ANSWER_MS_MAX, **options
        )
    except Exception as error:
        return _told(kafka, f"broker {server}", error)
    connection.close()
    return None


def _told(kafka: KafkaSettings, broker: str, error: Exception) -> Problem:
    if isinstance(error, NoToken):
        return Problem(str(error), error.refused)
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = "is it KAFKA_SSL_CAFILE that its certificate is from?"
        if error.verify_code in (62, 64):  # hostname, address mismatch
            hint = "connect by a name that is in it, or set KAFKA_SSL_CHECK_HOSTNAME=0"
        why = error.verify_message.rstrip(".")
        return Problem(f"{broker} has a certificate that is not trusted ({why}): {hint}", True)
    if isinstance(error, ssl.SSLError):
        why = (getattr(error, "reason", None) or str(error)).replace("_", " ").lower()
        hint = f"is KAFKA_SECURITY_PROTOCOL={kafka.security_protocol} right for this port?"
        if "alert" in why and "SSL" in kafka.security_protocol:
            hint = "does it want a certificate of ours (KAFKA_SSL_CERTFILE), by an issuer it knows?"
        return Problem(f"{broker} does not agree on TLS ({why}): {hint}", True)
    if isinstance(error, errors.UnsupportedSaslMechanismError):
        return Problem(
            f"{broker} does not offer KAFKA_SASL_MECHANISM={kafka.sasl_mechanism} here", True
        )
    if isinstance(error, errors.SaslAuthenticationFailed | errors.AuthenticationFailedError):
        check = "KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD_FILE"
        if kafka.oauth is not None:
            check = "that the broker trusts the issuer of its tokens, and their audience and scope"
        return Problem(
            f"{broker} does not let in {kafka.identity} by {kafka.sasl_mechanism}: check {check}",
            True,
        )
    if isinstance(
        error, errors.KafkaConnectionError | ConnectionError | asyncio.IncompleteReadError
    ):
        hint = f"is KAFKA_SECURITY_PROTOCOL={kafka.security_protocol} right for this port?"
        if kafka.security_protocol == "SSL":
            hint += " Does it want a certificate of ours (KAFKA_SSL_CERTFILE)?"
        return Problem(f"{broker} ends the connection: {hint}")
    return Problem(f"{broker} cannot be used ({type(error).__name__}: {error})")
