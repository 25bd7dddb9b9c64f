"""Numbers are shared out evenly, and whoever has one keeps it as far as that allows."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.runtime.kafka.assignor import NumberAssignor, shared_out, told

MEMBERS = st.dictionaries(
    st.sampled_from("abcdef"), st.sets(st.integers(0, 20)), min_size=1, max_size=6
)
COUNTS = st.lists(st.integers(0, 14), min_size=1, max_size=4)


def weights(counts: list[int]) -> dict[int, int]:
    return {n: sum(n < count for count in counts) for n in range(max(counts))}


@given(counts=COUNTS, owned=MEMBERS)
def test_every_number_has_one_owner_and_shares_are_even(
    counts: list[int], owned: dict[str, set[int]]
) -> None:
    found = shared_out(counts, owned)
    assert found.keys() == owned.keys()
    assert sorted(n for mine in found.values() for n in mine) == list(range(max(counts)))
    sizes = [len(mine) for mine in found.values()]
    assert max(sizes) - min(sizes) <= 1
    by_weight = weights(counts)
    for weight in set(by_weight.values()):
        sizes = [sum(by_weight[n] == weight for n in mine) for mine in found.values()]
        assert max(sizes) - min(sizes) <= 1


@given(counts=COUNTS, owned=MEMBERS)
def test_as_few_numbers_move_as_may(counts: list[int], owned: dict[str, set[int]]) -> None:
    before = shared_out(counts, owned)
    assert shared_out(counts, before) == before, "nobody came, nobody left, and numbers moved"
    for left in owned:
        stay = {member: mine for member, mine in before.items() if member != left}
        if stay:
            after = shared_out(counts, stay)
            if len(set(counts)) == 1:
                assert all(set(before[m]) <= set(after[m]) for m in stay), "a leaver moves others'"
    after = shared_out(counts, {**before, "new": []})
    moved = sum(len(set(before[m]) - set(after[m])) for m in before)
    by_weight, taken = weights(counts), Counter[int]()
    for number in after["new"]:
        taken[by_weight[number]] += 1
    if len(set(counts)) == 1:
        assert moved == len(after["new"]), "who comes gets what is moved, and nothing else moves"


@given(owned=MEMBERS, strange=st.binary(max_size=20))
def test_members_of_before_say_nothing_and_take_part(
    owned: dict[str, set[int]], strange: bytes
) -> None:
    cluster = SimpleNamespace(partitions_for_topic=lambda name: set(range(len(name))))
    members = {
        member: SimpleNamespace(subscription=["aaaa", "bbbbbb"], user_data=told(mine))
        for member, mine in owned.items()
    }
    members["older"] = SimpleNamespace(subscription=["aaaa"], user_data=strange)
    answer = NumberAssignor.assign(cluster, members)
    assert answer.keys() == members.keys()
    given_out = [
        (topic, n)
        for assigned in answer.values()
        for topic, numbers in assigned.assignment
        for n in numbers
    ]
    assert len(given_out) == len(set(given_out))
    assert {n for topic, n in given_out if topic == "aaaa"} == set(range(4))
    assert all(topic == "aaaa" for topic, _ in answer["older"].assignment)


def test_a_member_tells_what_it_was_assigned() -> None:
    assignor = NumberAssignor()
    assert assignor.metadata(["t"]).user_data == told([])
    assignor.on_assignment(SimpleNamespace(assignment=[("t", [3, 1]), ("u", [1])]))
    assert assignor.metadata(["t"]).user_data == told([1, 3])
    assert assignor.metadata(["t"]).encode()
