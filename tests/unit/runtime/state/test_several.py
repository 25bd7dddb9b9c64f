"""Records of several events: books by record, events one by one, nothing lost or doubled."""

from __future__ import annotations

from types import SimpleNamespace

import orjson
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.dead_letter import PREFIX
from shopkeeper.shared.contracts.decoder import EventDecoder
from shopkeeper.shared.contracts.envelope import PARTS, Rejected
from shopkeeper.shared.runtime.api.processor import Stateless
from shopkeeper.shared.runtime.kafka.sink import partition_of
from shopkeeper.shared.runtime.state.partition import PartitionState

TOPIC = topics.CLICKS
REFUSED = "refused by the core"


class Seen(Stateless):
    """Remembers what it was given; refuses one product."""

    def __init__(self):
        self.events = []

    def process(self, events, now_ms):
        bad = [e for e in events if e.data.product_id == REFUSED]
        self.events += [(e.data.user, e.data.product_id, e.id) for e in events if e not in bad]
        return [], [Rejected(e.offset, "infer", "broken", "broken", e.part) for e in bad]


def state(number=0, count=None, key_of=None):
    seen = Seen()
    spec = topics.BY_NAME[TOPIC]
    decoder = EventDecoder(TOPIC, spec.types, "recommender", "com.example.shop.")
    return PartitionState(
        TOPIC, number, service="recommender", processor=seen, decoder=decoder,
        recent_ids_max=1000, count=count, key_of=key_of,
    ), seen  # fmt: skip


def record(document, offset=0, headers=(), partition=0):
    return SimpleNamespace(
        topic=TOPIC, partition=partition, offset=offset, timestamp=1_795_860_000_000, key=b"k",
        headers=list(headers), value=orjson.dumps(document),
    )  # fmt: skip


def cart(*items, **more):
    lines = [{"item_id": item} for item in items]
    return {"event": "add_to_cart", "user_id": "u", "items": lines, **more}


def protocol(*events):
    entries = [{"name": name, "params": {"items": [{"item_id": item}]}} for name, item in events]
    return {"user_id": "u", "client_id": "c", "events": entries}


def batch(*calls):
    """Calls of several users in one record: (messageId, user, product)."""
    return {"batch": [
        {"type": "track", "event": "Product Added", "messageId": message, "userId": user,
         "properties": {"product_id": product}} for message, user, product in calls
    ]}  # fmt: skip


def test_the_books_are_by_record_and_each_event_is_counted_beside_them():
    partition, seen = state()
    result = partition.process(
        [
            record(cart("a", "b", id="c-1"), 0),
            record(cart("a", "b", id="c-1"), 1),  # a repeat, both events of it
            record(protocol(("page_view", "x"), ("view_item", "c")), 2),
            record(protocol(("page_view", "x"), ("scroll", "x")), 3),  # nothing in it is ours
            record({"user_id": "u", "product_id": "p"}, 4),
        ],
        lambda: 0,
    )
    counts = result.counts
    assert counts.balance()
    assert (counts.consumed, counts.processed, counts.repeats) == (5, 3, 1)
    assert counts.skipped == {"not_ours": 1}
    assert counts.parts == {"processed": 3, "repeat": 2, "skipped": 1, "dead_letter": 0}
    assert [product for _, product, _ in seen.events] == ["a", "b", "c", "p"]
    assert [event_id for _, _, event_id in seen.events][:2] == ["c-1#0", "c-1#1"]


def test_a_bad_event_is_dead_lettered_without_the_good_ones_and_replayed_without_doubling_them():
    partition, seen = state()
    good_and_bad = protocol(("view_item", "a"), ("view_item", REFUSED), ("teleport", "x"))
    result = partition.process([record(good_and_bad)], lambda: 0)
    assert result.counts.balance()
    assert result.counts.failed == {("validate", "unknown_type"): 1}
    assert result.counts.parts == {"processed": 1, "dead_letter": 2, "repeat": 0, "skipped": 0}
    (letter,) = result.outputs
    assert dict(letter.headers)[PARTS] == b"1,2"
    assert letter.value == orjson.dumps(good_and_bad)
    assert [product for _, product, _ in seen.events] == ["a"]
    back = [(n, v) for n, v in letter.headers if not n.startswith(PREFIX)]
    again = partition.process([record(good_and_bad, 1, back)], lambda: 0)
    assert [product for _, product, _ in seen.events] == ["a"], "not again"
    (second,) = again.outputs
    assert [v for n, v in second.headers if n == PARTS] == [b"1,2"], "named once"


def test_events_of_several_users_go_each_to_the_partition_of_its_user():
    count = 4
    states = [state(n, count, lambda e: e.data.user) for n in range(count)]
    calls = [(f"m{n}", f"user-{n}", f"p{n}") for n in range(12)]
    single = {"user_id": "user-3", "product_id": "single"}
    logs = [[] for _ in range(count)]
    logs[1] = [record(batch(*calls), 0, partition=1), record(single, 1, partition=1),
               record(batch(*calls), 2, partition=1)]  # fmt: skip
    done = [0] * count
    for _ in range(3):
        for number, (partition, _seen) in enumerate(states):
            waiting = logs[number][done[number] :]
            if not waiting:
                continue
            done[number] += len(waiting)
            result = partition.process(waiting, lambda: 0)
            assert result.counts.balance()
            for output in result.outputs:
                assert output.topic == TOPIC
                log = logs[output.partition]
                log.append(SimpleNamespace(
                    topic=TOPIC, partition=output.partition, offset=len(log), key=output.key,
                    timestamp=output.timestamp_ms, headers=output.headers, value=output.value,
                ))  # fmt: skip
    for number, (_, seen) in enumerate(states):
        assert all(partition_of(user.encode(), count) == number for user, _, _ in seen.events)
    everything = sorted(event for _, seen in states for event in seen.events)
    expected = [(user, product, message) for message, user, product in calls]
    expected.append(("user-3", "single", "shop.clicks.v1/1/1"))
    assert everything == sorted(expected), "each once: the second batch is a repeat"


def test_a_made_up_id_is_that_of_the_first_place_for_each_event():
    users = [f"u{n}" for n in range(20)]
    elsewhere = next(u for u in users if partition_of(u.encode(), 2) == 1)
    (zero, _), (one, seen) = (state(n, 2, lambda e: e.data.user) for n in range(2))
    (output,) = zero.process([record(cart("a", "b", user_id=elsewhere), 7)], lambda: 0).outputs
    copy = SimpleNamespace(
        topic=TOPIC, partition=1, offset=40, key=output.key, timestamp=output.timestamp_ms,
        headers=output.headers, value=output.value,
    )  # fmt: skip
    result = one.process([copy, copy], lambda: 0)
    assert result.counts.repeats == 1, "forwarded twice by a worker that was killed"
    assert [event_id for _, _, event_id in seen.events] == [f"{TOPIC}/0/7#0", f"{TOPIC}/0/7#1"]


USERS = st.sampled_from(["u", "v", "w"])


@given(
    log=st.lists(st.lists(USERS, min_size=1, max_size=3), max_size=6),
    erased=st.sets(USERS),
    cut=st.integers(1, 6),
)
def test_events_of_erased_users_are_passed_over_and_the_books_balance(log, erased, cut):
    """log: users of the events of each record; one event stands alone."""

    def of(users, offset):
        calls = [(f"m{offset}.{n}", user, f"p{offset}.{n}") for n, user in enumerate(users)]
        if len(calls) > 1:
            return record(batch(*calls), offset)
        return record({"user_id": users[0], "product_id": calls[0][2]}, offset)

    partition, seen = state()
    partition._too_late = lambda event: event.data.user in erased
    records = [of(users, offset) for offset, users in enumerate(log)]
    skipped = 0
    for start in range(0, len(records), cut):
        counts = partition.process(records[start : start + cut], lambda: 0).counts
        assert counts.balance()
        skipped += counts.skipped["erased_user"]
    naive = [
        (user, f"p{offset}.{n}")
        for offset, users in enumerate(log)
        for n, user in enumerate(users)
        if user not in erased
    ]
    assert [(user, product) for user, product, _ in seen.events] == naive
    assert skipped == sum(len(users) == 1 and users[0] in erased for users in log)
