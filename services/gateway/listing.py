"""Lists for callers who name several products, or none: what MCP and gRPC show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.contracts.preferences import PERSONALISED

from . import reading
from .core.lists import Wanted, shows
from .core.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .core.lists import Chosen
    from .http.context import Context

NEAR_MAX = 50  # products of one request whose neighbours are looked up


def near_to(context: Context, product_ids: Sequence[str], count: int) -> list[Chosen]:
    """At most `count` neighbours of the products, best first, that may be shown."""
    values = [context.similar.get(each) for each in product_ids[:NEAR_MAX]]
    named = set(product_ids)
    found = (item for item in nearest(values) if item.product_id not in named)
    return [item for item in found if shows(item, context.catalogue)][:count]


def ids_for(
    context: Context, user_id: str | None, product_ids: Sequence[str], count: int
) -> list[str]:
    """At most `count` products for a user (None: nobody known) who looks at these, or has them in
    the cart: their neighbours, then the user's list, and what it is filled up with. They are not
    among them. From memory alone. A user who wants no personalised lists gets none."""
    wanted = Wanted(count, exclude=frozenset(product_ids))
    if user_id is not None and context.preferences.ranking(user_id) != PERSONALISED:
        product = product_ids[0] if product_ids else None
        found = reading.list_for(context, user_id, wanted._replace(product=product), "en")
        return [item.product_id for item in found.items]
    ids = [item.product_id for item in near_to(context, product_ids, count)]
    if len(ids) < count:
        wanted = wanted._replace(exclude=wanted.exclude.union(ids), count=count - len(ids))
        found = reading.list_for(context, user_id, wanted, "en")
        ids += [item.product_id for item in found.items]
    return ids
