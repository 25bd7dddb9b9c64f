"""What is published of a product's reviews, and of a category's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shopkeeper.shared.contracts.events.sentiment import (
    CategorySentimentUpdated,
    ProductSentimentUpdated,
)

from .aspects import overview

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopkeeper.shared.contracts.events.base import Model

    from .tally import Tally


def product_summary(
    product_id: str, said: Tally, model: Model, quotes: Mapping[int, list[str]]
) -> ProductSentimentUpdated:
    """quotes: by opinion of an aspect."""
    return ProductSentimentUpdated(product_id=product_id, **_figures(said, model, quotes))


def category_summary(
    category: str, products: int, said: Tally, model: Model, quotes: Mapping[int, list[str]]
) -> CategorySentimentUpdated:
    """products: how many of it have reviews. quotes: by opinion of an aspect."""
    figures = _figures(said, model, quotes)
    return CategorySentimentUpdated(category=category, products=products, **figures)


def _figures(said: Tally, model: Model, quotes: Mapping[int, list[str]]) -> dict[str, Any]:
    rows = overview.table(said.opinions, quotes)
    trend, p_value = said.trend_with_p_value()
    return {
        "count": said.count,
        "mean": round(said.mean(), 4),
        "trend": round(trend, 4),
        "positive": said.positive,
        "neutral": said.neutral,
        "negative": said.negative,
        "model": model,
        "trend_p_value": None if p_value is None else round(p_value, 4),
        "aspects": tuple(rows),
        "praised": tuple(row.aspect for row in overview.praised(rows)),
        "criticised": tuple(row.aspect for row in overview.criticised(rows)),
        "summary": overview.sentences(
            (said.negative, said.neutral, said.positive),
            rows,
            trend,
            p_value,
            chinese=said.chinese > said.english,
        ),
    }
