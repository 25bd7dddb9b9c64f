"""What the shop says to its customers, as the service keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from .plain import plain, web_address

if TYPE_CHECKING:
    from shopkeeper.shared.contracts.events.shop import KnowledgePublished


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One question and answer, rule or passage; plain text, 4,096 characters of it at most."""

    id: str
    title: str  # "" where it has none
    text: str
    kind: str  # faq | policy | page
    product_id: str | None = None
    url: str | None = None


def entry_of(said: KnowledgePublished) -> Entry:
    """As it is kept. One that names no kind is a frequent question where its title asks."""
    title = plain(said.title or "")
    asks = title.endswith(("?", "？", "吗", "呢"))
    return Entry(
        id=said.knowledge_id,
        title=title,
        text=plain(said.text),
        kind=said.kind or ("faq" if asks else "page"),
        product_id=said.product_id,
        url=web_address(said.url),
    )
