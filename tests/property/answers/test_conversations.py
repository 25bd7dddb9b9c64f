"""Conversations beside each other are each what they would be alone, however lines are cut into
batches; and they are bounded."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.services.answers.conversation_processor import RESHARD, SECTION
from shopkeeper.services.answers.core.dialogue.conversation import (
    EXPIRES_MS,
    Asked,
    Conversations,
    key_of,
)
from shopkeeper.services.answers.core.question import Question
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.sink import partition_of
from tests.unit.answers.dialogue_shop import Shop

LINES = (
    "how much is the rice cooker?", "the first one", "the cheaper one", "and the Guoyi one?",
    "no, I meant the wok", "how heavy is it?", "and in blue?", "do you ship to Switzerland?",
    "and Norway?", "hello", "thanks", "I want to talk to a human", "my number is 030 1234567",
    "多少钱", "那Guoyi的呢", "电饭煲多少钱", "第一个", "zzz", "how much is the cat tree?", "both",
)  # fmt: skip
USERS = st.sampled_from(("u1", "u2", None))
NAMES = st.sampled_from(("c1", "c2", None))


@cache
def shop():
    return Shop()


def asked(line, user, name, time_ms):
    return Asked(Question(line, None, user, None, name), time_ms, "s" if name is None else None)


LOGS = st.lists(
    st.tuples(st.sampled_from(LINES), USERS, NAMES, st.sampled_from((1000, EXPIRES_MS + 1))),
    max_size=14,
)


def log_of(drawn):
    time_ms, found = 1_000_000, []
    for line, user, name, later_ms in drawn:
        time_ms += later_ms
        found.append(asked(line, user, name, time_ms))
    return found


def answered(log, cuts=(), most=100):
    conversations = Conversations(most)
    edges = sorted({0, len(log), *(cut for cut in cuts if cut < len(log))})
    answers = []
    for start, end in pairwise(edges):
        answers += shop().dialogue.answer_all(log[start:end], conversations)
        packed = conversations.snapshot()
        conversations = Conversations(most)
        conversations.restore(packed)
        assert conversations.snapshot() == packed
        assert len(conversations) <= most
    return answers, conversations.snapshot()


@settings(max_examples=40, deadline=None)
@given(LOGS)
def test_each_conversation_is_what_it_is_alone(drawn):
    log = log_of(drawn)
    together, _ = answered(log)
    for key in {key_of(each) for each in log}:
        places = [at for at, each in enumerate(log) if key_of(each) == key]
        alone, _ = answered([log[at] for at in places])
        assert [together[at] for at in places] == alone


@settings(max_examples=40, deadline=None)
@given(LOGS, st.lists(st.integers(1, 14), max_size=4), st.integers(1, 3))
def test_batches_and_restarts_change_nothing(drawn, cuts, most):
    log = log_of(drawn)
    assert answered(log, cuts, most) == answered(log, (), most)


@settings(max_examples=30, deadline=None)
@given(LOGS, st.integers(1, 4), st.integers(1, 6))
def test_split_conversations_are_where_their_users_are(drawn, before, after):
    log = log_of(drawn)
    owner = {}
    stores = {number: Conversations(100) for number in range(before)}
    for each in log:
        name = each.question.user_id or each.question.conversation_id or each.session_id
        owner[key_of(each)] = name
        stores[partition_of(name.encode(), before)].of([each])
    sections = {number: {SECTION: store.snapshot()} for number, store in stores.items()}
    split = RESHARD[topics.QUESTIONS](sections, after)
    assert set(split) == set(range(after))
    found = {}
    for number, each in split.items():
        store = Conversations(100)
        if SECTION in each:
            store.restore(each[SECTION])
        for key, kept in store._kept.items():
            assert partition_of(owner[key].encode(), after) == number
            found[key] = kept
    assert found == {key: kept for store in stores.values() for key, kept in store._kept.items()}
