"""Lists by group of users who behave alike: whose lists count where, and what Prometheus sees."""

from __future__ import annotations

from dataclasses import replace

import prometheus_client
import pytest

from shopkeeper.services.recommender.core.ranking.group_metrics import BEHAVIOUR, FOLD_LISTS
from shopkeeper.shared.contracts import outputs, topics
from shopkeeper.shared.contracts.envelope import Output
from shopkeeper.shared.contracts.events.shop import ProductCatalogued, UserErased
from shopkeeper.shared.runtime.telemetry.metrics import Registry
from tests.unit.recommender.processors.test_together import (
    EAGER,
    PARTITIONS,
    Cluster,
    clicked,
    made,
)

USERS = 60
GROUPS = 2
KNOBS = replace(
    EAGER, user_groups=GROUPS, group_interval_ms=0, group_components=4, content_weight=0.0
)


class Shop:
    """Half of the users look at shoes alone, half at hats alone; two groups are learned of them."""

    def __init__(self) -> None:
        self.cluster, self._offset = Cluster(KNOBS), 0
        for kind in ("shoes", "hats"):
            for n in range(30):
                data = ProductCatalogued(product_id=f"{kind}{n}", title=kind, category=kind)
                record = Output(topics.CATALOGUE, f"{kind}{n}".encode(), outputs.encode(data), [])
                self.cluster.deliver([record])
        for step in range(6):
            self.visit(step)
            sent = [o for each in self.cluster.interactions for o in each.on_timer(NOW_MS)]
            self.cluster.deliver(sent)
            self.cluster.take_turn(NOW_MS)

    def visit(self, step: int) -> None:
        """Every user clicks once."""
        for n in range(USERS):
            kind, self._offset = ("shoes", "hats")[n % 2], self._offset + 1
            event = clicked(self._offset, f"u{n}", f"{kind}{(n + step) % 12}")
            self.cluster.process(n % PARTITIONS, [event])

    def erase(self, n: int) -> None:
        self._offset += 1
        gone = UserErased(user_id=f"u{n}")
        event = made("user.erased.v1", gone, self._offset, f"u{n}")
        self.cluster.process(n % PARTITIONS, [event])

    def place_of(self, n: int) -> int | None:
        return self.cluster.interactions[n % PARTITIONS].lists._groups.place_of(f"u{n}")


NOW_MS = 1_700_000_000_000


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop()


def test_users_who_behave_alike_count_together(shop: Shop) -> None:
    places = [shop.place_of(n) for n in range(USERS)]
    told = [place for place in places if place is not None]
    assert len(told) > USERS / 2
    assert {*told} == {1, 2}
    for of_kind in (places[::2], places[1::2]):
        assert len({*of_kind} - {None}) == 1, "shoes and hats are a group each"


def test_lists_count_in_the_group_of_their_user(shop: Shop) -> None:
    groups = shop.cluster.worker.exposure.by_group
    mine = {(BEHAVIOUR, "1"), (BEHAVIOUR, "2")}
    assert {*groups.lists} == mine, "no place above the number of groups"
    before, answered = dict(groups.lists), dict(groups.answers)
    shop.visit(7)
    counted = sum(groups.lists[each] - before[each] for each in mine)
    told = [n for n in range(USERS) if shop.place_of(n) is not None]
    assert counted == len(told), "each list of a user whose group is known, once"
    assert sum(groups.answers[each] - answered[each] for each in mine) == len(told)
    assert all(groups.hits[each] <= groups.answers[each] for each in mine)
    registry = Registry()
    observe = shop.cluster.worker.metrics(registry)
    observe()
    text = prometheus_client.generate_latest(registry).decode()
    assert 'recommendation_group_lists_total{field="behaviour",value="1"' in text
    assert 'recommendation_group_coverage_ratio{field="behaviour",value="2"' in text
    assert 'value="3"' not in "".join(line for line in text.split("\n") if BEHAVIOUR in line)


def test_coverage_is_of_what_a_group_was_shown_folded_or_not(shop: Shop) -> None:
    worker = shop.cluster.worker
    groups, group = worker.exposure.by_group, ("region", "north")
    for number in range(FOLD_LISTS + 3):
        groups.add([group], [number % 4, 5], None)
    assert groups.coverage(10)[group] == 0.5
    groups.add([group], [6, 7], None)
    assert groups.coverage(10)[group] == 0.7


def test_an_erased_user_and_a_group_that_was_given_up_count_nowhere(shop: Shop) -> None:
    gone = next(n for n in range(USERS) if shop.place_of(n) is not None)
    shop.erase(gone)
    assert shop.place_of(gone) is None
    table = shop.cluster.worker.knowledge.user_groups
    other = next(n for n in range(USERS) if shop.place_of(n) is not None)
    place = shop.place_of(other)
    kept = dict(table.places)
    table.places = {group: at for group, at in kept.items() if at != place}
    assert shop.place_of(other) is None
    table.places = kept
