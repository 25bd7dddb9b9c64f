"""Names in the environment that look like settings: near ones are told, everyday ones are not."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper import services
from shopkeeper.shared.runtime.setting import variables
from shopkeeper.shared.runtime.settings import REFERENCE
from shopkeeper.shared.runtime.unread_settings import _differing, distance, unread, warning

KNOWN = variables([*REFERENCE, *(s for spec in services.specs() for s in spec.settings)])


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TOPIC_PARTITION", "TOPIC_PARTITIONS"),
        ("TOPIC_PARTIITONS", "TOPIC_PARTITIONS"),
        ("topic_prefix", "TOPIC_PREFIX"),
        ("SHOPKEEPER_TOPIC_PREFIX", "TOPIC_PREFIX"),
        ("SHOPKEEPER_NO_SUCH_THING", ""),
        ("BOOTSTRAP_SERVERS", "KAFKA_BOOTSTRAP_SERVERS"),
        ("KAFKA_BOOTSTRAP", "KAFKA_BOOTSTRAP_SERVERS"),
        ("KAFKA_SASL_PASSWORDFILE", "KAFKA_SASL_PASSWORD_FILE"),
        ("LIST_AGE", "LIST_AGE_MAX"),
        ("SESSION_TIMEOUT_MS", "SESSION_TIMEOUT"),
        ("RULE", "RULES"),
        ("TOPIC_COUNT", ""),
    ],
)
def test_what_looks_like_a_setting_is_told(name, meant):
    assert unread([name, "PATH"], KNOWN) == {name: meant}


@pytest.mark.parametrize(
    "name",
    [
        "PATH", "HOME", "PORT", "HOST", "HOSTNAME", "USER", "LANG", "TERM", "SHELL", "DATA",
        "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "NO_PROXY", "HTTPS_PORT", "LOG_DIR", "MODEL",
        "KAFKA_HEAP_OPTS", "KAFKA_OPTS", "KAFKA_HOME", "KAFKA_LOG_DIRS", "KAFKA_JMX_OPTS",
        "KAFKA_PORT", "KAFKA_SERVICE_HOST", "KAFKA_ADVERTISED_LISTENERS", "SEARCH_PATH",
        "OMP_NUM_THREADS", "TEST_BROKER", "NUMBA_CACHE_DIR", "PYTHONPATH", "SSL_CERT_FILE",
    ],
)  # fmt: skip
def test_what_others_read_is_not(name):
    assert unread([name], KNOWN) == {}


def test_every_setting_is_known_and_so_is_this_environment():
    assert unread(KNOWN, KNOWN) == {}
    assert unread([name for name in os.environ if name.startswith("PY")], KNOWN) == {}


def test_one_line_names_each_and_no_value():
    line = warning(unread({"TOPIC_PARTITION": "8", "SHOPKEEPER_X": "secret"}, KNOWN))
    assert "TOPIC_PARTITION (did you mean TOPIC_PARTITIONS?)" in line
    assert "SHOPKEEPER_X" in line
    assert "secret" not in line
    assert "\n" not in line


letters = st.text("ABC_", max_size=7)


@given(letters, letters, letters)
def test_distance_is_a_distance(a, b, c):
    assert (distance(a, b) == 0) == (a == b)
    assert distance(a, b) == distance(b, a)
    assert abs(len(a) - len(b)) <= distance(a, b) <= max(len(a), len(b))
    assert _differing(Counter(a), b) <= distance(a, b)
    # Each letter touched once, it may exceed the way over a third by what a swap saves.
    assert distance(a + c, b + c) <= distance(a, b)


def test_a_swap_of_neighbours_is_one_edit():
    assert distance("ABCD", "ABDC") == 1
    assert distance("ABCD", "BADC") == 2
