"""What the handlers share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shopkeeper.shared.domains.pack import SHOP

from .problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from litestar import Request

    from shopkeeper.shared.domains.pack import Pack

    from ..core.admission import Admission
    from ..core.catalogue import Catalogue
    from ..core.feed import Feed
    from ..core.preferences import PreferencesTable
    from ..core.products import Products
    from ..core.reviews import Reviews
    from ..core.views import LatestValues
    from ..producer import Producer
    from .access import Access, Caller


class Context:
    """The gateway's parts, as the handlers need them.

    No dataclass: Litestar would look into its fields for every request.
    """

    def __init__(
        self,
        *,
        access: Access,
        feed: Feed,
        partitions_of: Callable[[bytes], Sequence[int]],
        similar: LatestValues,
        trending: LatestValues,
        sentiment: LatestValues,
        catalogue: Catalogue,
        segments: LatestValues,
        preferences: PreferencesTable,
        positions: Mapping[str, int],
        products: Products,
        reviews: Reviews,
        admission: Admission,
        producer: Producer,
        type_prefix: str,
        now_ms: Callable[[], int],
        monotonic_s: Callable[[], float],
        stopping: Any,
        domain: Pack = SHOP,
    ) -> None:
        """positions: how far each table was read, kept by the runtime. stopping: an
        asyncio.Event, after which streams end."""
        self.access = access
        self.feed = feed
        self.partitions_of = partitions_of
        self.similar = similar
        self.trending = trending
        self.sentiment = sentiment
        self.catalogue = catalogue
        self.segments = segments
        self.preferences = preferences
        self.positions = positions
        self.products = products
        self.reviews = reviews
        self.admission = admission
        self.producer = producer
        self.type_prefix = type_prefix
        self.now_ms, self.monotonic_s = now_ms, monotonic_s
        self.refused = 0  # requests, for coming too often
        self.stopping = stopping
        self.domain = domain

    def ready(self) -> tuple[bool, str]:
        """Whether events can be published, and why not."""
        return self.producer.ready()

    def caller(self, request: Request[Any, Any, Any]) -> Caller:
        """Who sent it: judged once a request. Raises Problem 401."""
        known: Caller | None = request.state.get("caller")
        if known is None:
            known = request.state["caller"] = self.access.caller(
                request.headers.get("authorization"), request.query_params.get("key")
            )
        return known

    def reader_of(self, request: Request[Any, Any, Any], user_id: str) -> Caller:
        """Who sent it, if they may read this user's. Raises Problem 401 or 403."""
        caller = self.caller(request)
        if not caller.may_read(user_id):
            raise Problem(
                403, "Forbidden", "a user's lists and answers need a secret key or their own token"
            )
        return caller
