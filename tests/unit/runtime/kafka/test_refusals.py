"""What an operator is told: brokers that refuse us, and rights that are missing."""

from __future__ import annotations

import asyncio
import ssl

import pytest
from aiokafka import errors

from shopkeeper.shared.runtime.kafka import admin, handshake, rights
from shopkeeper.shared.runtime.kafka.handshake import Problem
from shopkeeper.shared.runtime.kafka.sink import DeliveryError
from shopkeeper.shared.runtime.kafka.tokens import NoToken
from shopkeeper.shared.runtime.settings import KafkaSettings

KAFKA = KafkaSettings(("b:9092",), "SASL_SSL", sasl_username="intent", sasl_password="hunter2")
REFUSED = Problem("the broker does not let in 'intent'", True)


def wait(monkeypatch, problems, deadline_s=None):
    """What `wait_for_broker` does with these answers, the last of which stays."""
    left, said = list(problems), []

    async def problem(_):
        return left.pop(0) if len(left) > 1 else left[0]

    monkeypatch.setattr(admin, "_problem", problem)
    monkeypatch.setattr(admin, "BACKOFF_S_FIRST", 0.01)
    monkeypatch.setattr(admin, "REFUSED_S", 0.05)
    asyncio.run(admin.wait_for_broker(KAFKA, said.append, deadline_s))
    return said


def test_who_is_refused_for_a_while_is_told_to_mend_it(monkeypatch):
    with pytest.raises(admin.BrokerRefuses, match="does not let in"):
        wait(monkeypatch, [REFUSED])
    with pytest.raises(admin.BrokerRefuses):
        wait(monkeypatch, [REFUSED], 0.0)


def test_a_broker_that_is_away_or_starts_is_waited_for(monkeypatch):
    away = Problem("connection refused")
    assert len(wait(monkeypatch, [away, REFUSED, away, REFUSED, None])) == 4
    with pytest.raises(admin.BrokerAway, match="connection refused"):
        wait(monkeypatch, [away], 0.0)


@pytest.mark.parametrize(
    ("error", "refused", "message"),
    [
        (errors.SaslAuthenticationFailed("x"), True, "check KAFKA_SASL_USERNAME and KAFKA_SASL_PA"),
        (errors.UnsupportedSaslMechanismError("x"), True, "KAFKA_SASL_MECHANISM=SCRAM-SHA-512"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] x"), True, "KAFKA_SECURITY_PROTOCOL"),
        (NoToken("the token endpoint is away", False), False, "token endpoint"),
        (NoToken("the token endpoint refused", True), True, "refused"),
        (ConnectionResetError(), False, "KAFKA_SECURITY_PROTOCOL=SASL_SSL"),
        (errors.KafkaConnectionError("x"), False, "ends the connection"),
        (TimeoutError("x"), False, "cannot be used"),
    ],
)
def test_a_reason_names_the_setting_and_no_secret(error, refused, message):
    told = handshake._told(KAFKA, "broker b:9092", error)
    assert told.refused == refused
    assert message in told.text
    assert "hunter2" not in told.text
    assert "\n" not in told.text


def test_a_right_that_is_taken_away_is_found_behind_what_it_caused():
    try:
        try:
            raise errors.TopicAuthorizationFailedError("s.clicks")
        except errors.KafkaError as error:
            raise DeliveryError("s.clicks/0") from error
    except DeliveryError as error:
        told = rights.refusal(error)
    assert str(told).startswith("the broker has refused the topic s.clicks: a right is missing")
    assert "group g:" in str(rights.refusal(errors.GroupAuthorizationFailedError("g")))
    assert "topic a, b:" in str(rights.refusal(errors.TopicAuthorizationFailedError(["a", "b"])))
    assert rights.refusal(DeliveryError("x")) is None
    assert rights.refusal(None) is None
