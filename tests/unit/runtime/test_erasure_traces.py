"""What a record of ours says of a user, whatever form it has."""

from __future__ import annotations

import json
from types import SimpleNamespace

import msgspec
import pytest

from shopkeeper.shared.contracts import review_digests, topics
from shopkeeper.shared.contracts.erased_users import number_of
from shopkeeper.shared.contracts.outputs import rfc3339
from shopkeeper.shared.runtime.operations.erasure.traces import (
    QUOTING,
    Wanted,
    inputs,
    is_trace,
    names_user,
    ours,
    patterns,
)

LETTERS = topics.dead_letters(topics.CLICKS, "recommender")


def record(value=None, key=None, headers=(), timestamp=5):
    packed = value if isinstance(value, bytes | None) else json.dumps(value).encode()
    return SimpleNamespace(
        key=None if key is None else key.encode(),
        value=packed,
        headers=headers,
        timestamp=timestamp,
    )


def wanted(**more):
    return Wanted({number_of("u-1"): 10}, **more)


@pytest.mark.parametrize(
    ("topic", "found"),
    [
        (topics.INTENTS, record({"user_id": "u-1"})),
        (topics.INTENTS, record({"anonymous_id": "u-1"}, key="else")),
        (topics.INTENTS, record({}, headers=[("ce_subject", b"u-1")])),
        (topics.RECOMMENDATIONS, record(None, key="u-1", timestamp=99)),
        (topics.SEGMENTS, record({"user": "u-1"})),
        (topics.COMPLAINTS, record({"text": "t", "user_id": "u-1"}, key="k")),
        (topics.ERASED_USERS, record({"user": "u-1", "time_ms": 1})),
        (LETTERS, record({"a": [{"visitor": "u-1"}]})),
        (LETTERS, record(b'{"user_id": "u-1", "x')),
        (LETTERS, record(b"", headers=[("any", b"u-1")])),
    ],
)
def test_a_user_is_found_by_any_name_and_nobody_else_is(topic, found):
    assert is_trace(topic, found, wanted())
    for other in (b"u-11", b"xu-1", b"u-1x"):
        changed = SimpleNamespace(
            key=found.key and found.key.replace(b"u-1", other),
            value=found.value and found.value.replace(b"u-1", other),
            headers=[(name, value.replace(b"u-1", other)) for name, value in found.headers],
            timestamp=found.timestamp,
        )
        assert not is_trace(topic, changed, wanted())


def test_what_came_after_the_erasure_stays():
    assert not is_trace(topics.INTENTS, record({"user_id": "u-1"}, timestamp=11), wanted())
    late = record({"user_id": "u-1"}, headers=[("ce_time", rfc3339(11))])
    assert not is_trace(topics.INTENTS, late, wanted())


def test_what_merely_looks_like_the_user_stays():
    assert not is_trace(
        topics.SENTIMENTS, record({"product_id": "u-1", "review_id": "r"}), wanted()
    )
    assert not is_trace(topics.PRODUCT_SENTIMENT, record({"product_id": "u-1"}, "u-1"), wanted())
    assert not is_trace(topics.INTENTS, record(b"\xff"), wanted())


def test_words_of_a_review_are_found_where_others_read_them():
    of = wanted(reviews={("p", "r")})
    assert is_trace(topics.SENTIMENTS, record({"product_id": "p", "review_id": "r"}), of)
    assert not is_trace(topics.SENTIMENTS, record({"product_id": "q", "review_id": "r"}), of)
    sources = [{"kind": "reviews", "id": "p"}, {"kind": "review", "id": "r"}]
    assert is_trace(topics.ANSWERS, record({"user_id": "v", "sources": sources}), of)
    sources[0]["id"] = "q"
    assert not is_trace(topics.ANSWERS, record({"user_id": "v", "sources": sources}), of)
    for topic in QUOTING:
        assert is_trace(topic, record({}, key="p"), of)
        assert not is_trace(topic, record({}, key="p"), wanted())


def test_a_digest_is_known_by_its_author():
    def digest(author, time_ms=5):
        made = review_digests.Digest(
            review_digests.FORMAT,
            "p",
            "r",
            review_digests.author_of(author, None),
            time_ms,
            0,
            0,
            "en",
        )
        return record(review_digests.packed(made))

    assert is_trace(topics.REVIEW_DIGESTS, digest("u-1"), wanted())
    assert not is_trace(topics.REVIEW_DIGESTS, digest("u-1", 11), wanted())
    assert not is_trace(topics.REVIEW_DIGESTS, digest("u-2"), wanted())
    assert not is_trace(topics.REVIEW_DIGESTS, record(None, "u-1"), wanted())


def test_an_input_names_a_user_in_any_vocabulary():
    assert names_user(record({"customer": {"id": 71}}), Wanted({number_of("71"): 10}))
    assert not names_user(record({"customer": {"id": 711}}), Wanted({number_of("71"): 10}))


def test_a_checkpoint_names_a_user_whole():
    state = msgspec.msgpack.encode({"users": ["u-11", "v"], "of": {"u-12": 1}})
    assert not any(pattern in state for pattern in patterns(["u-1"]))
    assert any(pattern in state for pattern in patterns(["u-11"]))


def test_every_topic_is_looked_at_or_holds_nothing_of_a_user():
    """A new topic has to be put somewhere: among ours, among the shop's, or here with a reason."""
    nothing = {
        topics.CATALOGUE, topics.KNOWLEDGE, topics.CORRECTIONS,  # the shop's and operators' words
        topics.SIMILAR_ITEMS, topics.TRENDING, topics.ITEM_PAIRS, topics.ITEM_COUNTS,  # of items
        topics.SESSION_ITEMS, topics.USER_GROUPS,  # items and numbers of nobody by name
        topics.ENTRY_VECTORS, topics.LAYOUT, topics.PARAMETERS,
        *map(topics.checkpoints, topics.SERVICES),  # the workers write them anew
    }  # fmt: skip
    assert {*ours()} | {*inputs()} | nothing == {*topics.BY_NAME}
    assert len({*ours()}) + len({*inputs()}) + len(nothing) == len(topics.BY_NAME)
