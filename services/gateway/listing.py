"""The list for one request, as every protocol shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .core.composed import compose

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from shopkeeper.shared.contracts.events.recommendation import RecommendedItem

    from .http.context import Context

NEAR_MAX = 50  # products of one request whose neighbours are looked up


def list_for(
    context: Context,
    *,
    user_id: str | None,
    near: Sequence[str],
    exclude: Collection[str],
    count: int,
) -> list[RecommendedItem]:
    """At most `count` products for a user (None: nobody known) who looks at `near`, or has it in
    the cart: from memory alone. `near` and `exclude` are not among them."""
    own = context.feed.latest(user_id.encode()) if user_id else None
    return compose(
        near=[context.similar.get(each) for each in near[:NEAR_MAX]],
        own=own.value if own else None,
        trending=context.trending.get("all"),
        exclude={*near, *exclude},
        count=count,
    )
