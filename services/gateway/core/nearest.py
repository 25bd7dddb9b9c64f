"""What is near to several products at once, by their published neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from shopkeeper.shared.contracts.events.recommendation import Reason, SimilarItemsUpdated

from .lists import Chosen

if TYPE_CHECKING:
    from collections.abc import Iterable

_REASONS = {"viewed": "viewed_together", "added": "added_together", "bought": "bought_together"}
_decoder = msgspec.json.Decoder(SimilarItemsUpdated)


def nearest(values: Iterable[bytes | None]) -> list[Chosen]:
    """Best first, by the sum of scores: what is near to most of them. A reason names the product
    that the item is nearest to.

    values: `similar-items.updated.v1` of each product, as JSON; None where there is none. One that
    does not follow its schema counts as none: the others still serve.
    """
    sums: dict[str, float] = {}
    best: dict[str, tuple[float, Reason]] = {}
    for value in values:
        try:
            row = _decoder.decode(value or b"")
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
        for item in row.items:
            sums[item.product_id] = sums.get(item.product_id, 0.0) + item.score
            known = best.get(item.product_id)
            if known is None or item.score > known[0]:
                reason = Reason(_REASONS[item.basis], {"product_id": row.product_id})
                best[item.product_id] = item.score, reason
    ranked = sorted(sums, key=lambda product_id: (-sums[product_id], product_id))
    return [Chosen(each, round(sums[each], 6), "similar", best[each][1]) for each in ranked]
