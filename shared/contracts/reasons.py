"""Reasons, rendered: lists carry codes and parameters, the edge renders them for its reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .events.recommendation import Reason

TEXTS: dict[str, dict[str, str]] = {
    "viewed_together": {
        "en": "Others who looked at {product} also looked at this",
        "zh": "看过{product}的人也看了这个",
    },
    "added_together": {
        "en": "Often put in the cart with {product}",
        "zh": "常与{product}一起加入购物车",
    },
    "bought_together": {
        "en": "Often bought together with {product}",
        "zh": "常与{product}一起购买",
    },
    "related": {
        "en": "Goes with what others choose beside {product}",
        "zh": "常与{product}的相关商品一起被浏览",
    },
    "similar_sessions": {
        "en": "Visitors with interests like yours, {product} among them, looked at this",
        "zh": "与您兴趣相近、也看过{product}的顾客浏览过",
    },
    "new_like": {
        "en": "New in the shop, and goes with {product}",
        "zh": "新品，与{product}相配",
    },
    "searched": {"en": "Fits what you searched for", "zh": "符合您的搜索"},
    "viewed_before": {"en": "You looked at this before", "zh": "您之前看过"},
    "trending": {"en": "Popular right now", "zh": "当前热门"},
    "trending_category": {"en": "Popular in {category} right now", "zh": "{category}类当前热门"},
    "trending_group": {
        "en": "Popular with shoppers like you",
        "zh": "与您兴趣相近的顾客最近常看",
    },
    "explore": {"en": "Something different to discover", "zh": "为您探索的新选择"},
    "newest": {"en": "New in the shop", "zh": "新品上架"},
}


_spoken: Mapping[str, Mapping[str, str]] = TEXTS


def speak(sentences: Mapping[str, Mapping[str, str]]) -> None:
    """Render reasons by these sentences in this process, where a caller names no others."""
    global _spoken
    _spoken = sentences


def render(
    reason: Reason,
    language: str,
    titles: Mapping[str, str] | None = None,
    sentences: Mapping[str, Mapping[str, str]] | None = None,
) -> str:
    """The reason as a sentence in `language` (en or zh, else English).

    titles: product id -> title in that language, for codes that name a product.
    sentences: by code and language; None: those of this process (`speak`).
    """
    texts = (sentences or _spoken).get(reason.code)
    if texts is None:
        return reason.code
    text = texts.get(language) or texts["en"]
    if "{" not in text:
        return text
    product_id = reason.parameters.get("product_id", "")
    return text.format(
        product=(titles or {}).get(product_id, product_id),
        category=reason.parameters.get("category", ""),
    )
