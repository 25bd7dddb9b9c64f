"""Withdrawals on `shop.reviews.v1` that are our own: reviews of erased users are withdrawn as a
shop would do it, so that whoever counts reviews counts them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from .events.shop import ReviewWithdrawn
from .outputs import JSON, rfc3339
from .review_digests import review_key, review_name

if TYPE_CHECKING:
    from .envelope import Headers

WITHDRAWN = "review.withdrawn.v1"


def withdrawal(product_id: str, review_id: str, erased_ms: int) -> tuple[bytes, bytes, Headers]:
    """Key, value and headers. Whoever says it again, for the same erasure, says it with the same
    id: repeats are dropped."""
    name = review_key(review_name(product_id, review_id))
    headers = [
        ("content-type", JSON),
        ("ce_specversion", b"1.0"),
        ("ce_id", b"erased/%s/%d" % (name, erased_ms)),
        ("ce_source", b"shopkeeper/erasure"),
        ("ce_type", WITHDRAWN.encode()),
        ("ce_time", rfc3339(erased_ms)),
    ]
    said = ReviewWithdrawn(product_id=product_id, review_id=review_id)
    return product_id.encode(), msgspec.json.encode(said), headers
