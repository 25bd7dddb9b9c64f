"""What is newest is a function of the topic's records, in whatever order partitions are read."""

from __future__ import annotations

from itertools import count

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.gateway.core.catalogue import Catalogue
from shopkeeper.services.gateway.core.catalogue_changes import changes_of

PARTITIONS = 3
CATEGORIES = ["hats", "shoes"]

# (product, its record: category and availability, or None where it is removed; milliseconds since
# the record before)
changes = st.tuples(
    st.integers(0, 7),
    st.none() | st.tuples(st.none() | st.sampled_from(CATEGORIES), st.booleans()),
    st.integers(0, 2),
)


def partitions_of(said):
    """By partition: its records, each with its timestamp and offset."""
    partitions = [[] for _ in range(PARTITIONS)]
    now = 0
    for product, what, later in said:
        now += later
        mine = partitions[product % PARTITIONS]
        key, value = f"p{product}", None
        if what is not None:
            category, available = what
            value = {"product_id": key, "title": key, "category": category, "available": available}
            value = msgspec.json.encode(value)
        mine.append(((key.encode(), value), (now, len(mine))))
    return partitions


def read_in(partitions, order):
    """The catalogue of one who reads a bite of a partition at a time. order: (partition, records)
    of each bite; what it leaves over is read last."""
    catalogue, at = Catalogue(100), [0] * PARTITIONS
    for partition, size in [*order, *((n, len(mine)) for n, mine in enumerate(partitions))]:
        bite = partitions[partition][at[partition] : at[partition] + size]
        at[partition] += len(bite)
        catalogue.take(changes_of([pair for pair, _ in bite], [stamp for _, stamp in bite]))
    return catalogue


def naive_newest(partitions, category):
    """Every available product by when it began to be so."""
    since, shelf = {}, {}
    for (key, value), stamp in (each for mine in partitions for each in mine):
        product = value and msgspec.json.decode(value)
        if not product or not product["available"]:
            since.pop(key, None)
        else:
            since.setdefault(key, (*stamp, key.decode()))
        shelf[key] = product and product["category"]
    of = [key for key in since if category in (None, shelf[key])]
    return [key.decode() for key in sorted(of, key=since.get, reverse=True)]


orders = st.lists(st.tuples(st.integers(0, PARTITIONS - 1), st.integers(1, 4)), max_size=12)


@given(st.lists(changes, max_size=24), orders, st.integers(0, 9))
def test_what_is_newest_does_not_depend_on_the_order_of_reading(said, order, size):
    partitions = partitions_of(said)
    catalogue = read_in(partitions, order)
    for category in (None, *CATEGORIES):
        assert catalogue.newest(category, size) == naive_newest(partitions, category)[:size]


@given(st.lists(changes, max_size=24), st.integers(1, 4))
def test_the_product_that_came_longest_ago_makes_room(said, most):
    catalogue, kept, numbers = Catalogue(most), {}, count()
    for (key, value), _ in (each for mine in partitions_of(said) for each in mine):
        catalogue.take(changes_of([(key, value)], [(next(numbers), 0)]))
        if value is None:
            kept.pop(key.decode(), None)
        else:
            kept[key.decode()] = msgspec.json.decode(value)["available"]
        if len(kept) > most:
            del kept[next(iter(kept))]
        shown = {key for key, available in kept.items() if available}
        assert set(catalogue.newest(None, 100)) == shown
        assert len(catalogue) == len(kept)
