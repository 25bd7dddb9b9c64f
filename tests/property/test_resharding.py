"""State split by another number of partitions is what it would be, had it been so split always."""

from __future__ import annotations

import random
from collections import Counter
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.ab_testing.variants import (
    VariantCounts,
    parse,
    total_counts,
)
from shopkeeper.services.recommender.core.counting.sessions import Sessions
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.services.recommender.processors.interactions import (
    BLEND_SECTION,
    EXPERIMENT_SECTION,
    SECTION,
)
from shopkeeper.services.recommender.processors.resharding import RESHARD
from shopkeeper.services.sentiment import resharding as sentiment_resharding
from shopkeeper.services.sentiment.aggregates import Aggregates
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.runtime.kafka.routing import ForwardedOffsets, Hop
from shopkeeper.shared.runtime.kafka.sink import partition_of
from shopkeeper.shared.runtime.operations.growth import newest_ids, split
from shopkeeper.shared.runtime.state.checkpoint import Checkpoint
from shopkeeper.shared.runtime.state.deduplicator import RecentIds
from shopkeeper.shared.runtime.state.partition import FORWARDED_OFFSETS
from shopkeeper.shared.runtime.state.segments import RECENT_IDS

SEEDS = st.integers(0, 2**32)
SIZES = st.tuples(st.integers(1, 4), st.integers(0, 4)).map(lambda s: (s[0], s[0] + s[1]))
EXPERIMENT = '{"name": "e", "variants": {"a": {"share": 0.5}, "b": {"share": 0.5, "blend": false}}}'


def owner(key, count):
    return partition_of(key.encode(), count)


def clicks_of(chance, number):
    kinds = ("product.clicked.v1", "product.added.v1")
    for index in range(number):
        user = f"u{chance.randrange(12)}"
        data = SimpleNamespace(
            user_id=user, anonymous_id=None, session_id=chance.choice((None, "s1", "s2")),
            product_id=f"i{chance.randrange(8)}", recomm_id=None,
        )  # fmt: skip
        at = 10**9 + 1000 * index + chance.choice((0, 0, -3, 2)) * 3_600_000  # late, and ahead
        yield user, Event(chance.choice(kinds), data, None, 0, at, f"e{index}", "s", "")


class Partitions:
    """Sessions and a ledger per partition, fed as a log would feed them."""

    def __init__(self, count):
        self.count, self.items = count, ItemIndex()
        self.experiment = parse(EXPERIMENT)
        self.sessions = [Sessions(RecommenderConfig(), self.items) for _ in range(count)]
        self.all_counts = [
            VariantCounts(self.experiment, RecommenderConfig(), n) for n in range(count)
        ]
        self.ends = [0] * count
        self.new: Counter[tuple] = Counter()  # class, item, hour, items it found there

    def learn(self, user, event):
        number = owner(user, self.count)
        placed = Event(event.type, event.data, None, self.ends[number], event.time_ms, event.id,
                       event.source, event.id)  # fmt: skip
        self.ends[number] += 1
        learned, due = self.sessions[number].learn([placed])
        self.all_counts[number].learn([placed])
        names = self.items.product_ids
        if learned:
            [_, kind, item, hour, _, _] = learned.new_columns()[:, 0].tolist()
            self.new[kind, names[item], hour, tuple(names[i] for i in learned.prior_column())] += 1
        return due

    def snapshot(self):
        return {
            n: {
                SECTION: self.sessions[n].snapshot(),
                EXPERIMENT_SECTION: self.all_counts[n].snapshot(),
                BLEND_SECTION: b"blend",
            }
            for n in range(self.count)
        }

    def restore(self, sections):
        for n in range(self.count):
            self.sessions[n].restore(sections[n][SECTION])
            self.all_counts[n].restore(sections[n][EXPERIMENT_SECTION])
            assert sections[n][BLEND_SECTION] == b"blend"

    def users(self):
        names = self.items.product_ids
        return {
            name: ([names[i] for i in user.recent], [names[i] for i in user.bought],
                   user.list_time_ms,
                   sorted(i if isinstance(i, str) else type(i).__name__ for i in user.sessions))
            for sessions in self.sessions for name, user in sessions.users.items()
        }  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(SEEDS, SIZES)
def test_clicks_go_on_as_if_nothing_had_been_split(seed, sizes):
    before, after = sizes
    events = list(clicks_of(random.Random(seed), 80))
    undisturbed, old, new = Partitions(after), Partitions(before), Partitions(after)
    for user, event in events[:50]:
        undisturbed.learn(user, event)
        old.learn(user, event)
    new.restore(RESHARD[topics.CLICKS](old.snapshot(), after))
    new.ends[: min(before, after)] = old.ends[: min(before, after)]
    assert new.users() == old.users()
    for number, sessions in enumerate(new.sessions):
        assert all(owner(name, after) == number for name in sessions.users)
        starts = [s.start for s in sessions.sessions.values()]
        assert len(set(starts)) == len(starts), "each session has a number of its own"
    for user, event in events[50:]:
        undisturbed.learn(user, event)
        new.learn(user, event)
    assert new.users() == undisturbed.users()
    assert old.new + new.new == undisturbed.new
    experiment = new.experiment
    counted = total_counts(experiment, new.all_counts).tolist()
    assert counted == total_counts(experiment, undisturbed.all_counts).tolist()


@settings(max_examples=60, deadline=None)
@given(SEEDS, SIZES)
def test_reviews_go_on_as_if_nothing_had_been_split(seed, sizes):
    before, after = sizes
    chance = random.Random(seed)

    def reviews(number):
        for _ in range(number):
            product = f"p{chance.randrange(9)}"
            yield (
                product,
                f"r{chance.randrange(5)}",
                chance.randrange(3),
                chance.choice((0, 0, 0, 0, 1, 1, 2)),
                chance.randrange(10**10),
            )

    def fold(partitions, review):
        product, name, _, value, _ = review
        aggregates = partitions[owner(product, len(partitions))]
        if value == 1:
            aggregates.withdraw(product, name)
        elif value == 2:
            aggregates.withdraw_product(product)
        else:
            aggregates.fold(*review)

    undisturbed, old, new = ([Aggregates() for _ in range(n)] for n in (after, before, after))
    for review in reviews(60):
        fold(undisturbed, review)
        fold(old, review)
    dumps = {n: {"aggregates": a.snapshot()} for n, a in enumerate(old)}
    for n, sections in sentiment_resharding.reviews(dumps, after).items():
        new[n].restore(sections["aggregates"])
    for review in reviews(60):  # edits of reviews from before among them
        fold(undisturbed, review)
        fold(new, review)
    for mine, theirs in zip(new, undisturbed, strict=True):
        assert set(mine.product_ids()) == set(theirs.product_ids())
        assert set(mine.emptied_ids()) == set(theirs.emptied_ids())
        for product in mine.product_ids():
            one, other = mine.get(product), theirs.get(product)
            one.generation = other.generation = 0
            assert one == other


def test_offsets_and_fences_stay_and_every_partition_knows_all_recent_ids():
    fence = ForwardedOffsets()
    fence.passes(Hop(0, 1, 1, 5))
    ids = [RecentIds(100) for _ in range(2)]
    for index in range(20):
        ids[index % 2].seen("s", f"e{index}")
    before = {
        n: Checkpoint("shop.searches.v1", n, 10 + n,
                      {RECENT_IDS: ids[n].snapshot(), FORWARDED_OFFSETS: fence.snapshot()}, 2)
        for n in range(2)
    }  # fmt: skip
    made = split(before, 3, None)
    assert [(c.partition, c.next_offset, c.count) for c in made] == [
        (0, 10, 3),
        (1, 11, 3),
        (2, 0, 3),
    ]
    assert [FORWARDED_OFFSETS in c.sections for c in made] == [True, True, False]
    for checkpoint in made:
        known = RecentIds(100)
        known.restore(checkpoint.sections[RECENT_IDS])
        assert all(known.seen("s", f"e{index}") for index in range(20))


def test_of_too_many_ids_the_newest_of_every_partition_are_kept():
    own, other = (b"".join(b"%s%015d" % (name, n) for n in range(9)) for name in (b"a", b"b"))
    known = RecentIds(4)
    known.restore(newest_ids(own, [other]))
    assert known.snapshot() == b"".join(
        (b"b%015d" % 7, b"a%015d" % 7, b"b%015d" % 8, b"a%015d" % 8)
    )
