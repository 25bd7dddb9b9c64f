"""What is remembered of a user's last events, also across checkpoints of another length."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.counting.learned import ListRequest
from shopkeeper.services.recommender.core.counting.sessions import Sessions
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.shop import ProductClicked


def clicks(numbers: list[int], first: int) -> list[Event]:
    return [
        Event(
            type="product.clicked.v1",
            data=ProductClicked(product_id=f"p{number}", user_id="u", session_id="s"),
            key=b"u", offset=offset, time_ms=1_000 * offset, id=f"{offset}", source="",
            correlation_id="",
        )
        for offset, number in enumerate(numbers, first)
    ]  # fmt: skip


@given(
    st.lists(st.integers(0, 99), max_size=80),
    st.lists(st.integers(0, 99), min_size=1, max_size=30),
    st.sampled_from([(10, 10), (10, 50), (50, 10), (50, 50)]),
)
def test_a_state_that_remembered_more_or_less_goes_on(
    before: list[int], after: list[int], lengths: tuple[int, int]
) -> None:
    """As after an upgrade, or back: a checkpoint of 0.1 holds the last ten."""
    first, then = lengths
    old = Sessions(RecommenderConfig(remembered_items_max=first), ItemIndex())
    old.learn(clicks(before, 0))
    items = ItemIndex()
    new = Sessions(RecommenderConfig(remembered_items_max=then), items)
    new.restore(old.snapshot())
    _, due = new.learn(clicks(after, len(before)))
    expected = before[-first:]
    for number, request in zip(after, due, strict=True):
        assert isinstance(request, ListRequest)
        expected = [*expected, number][-then:]
        assert [items.product_ids[item] for item in request.recent] == [f"p{n}" for n in expected]
