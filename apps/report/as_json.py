"""The report's figures for programs: the same numbers, without charts."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import figures, parameters

if TYPE_CHECKING:
    from .source import Retained

LORENZ_EACH = 5  # of 101 points


def document(found: Retained, made_ms: int) -> dict[str, Any]:
    """Of a shop with at least one list. Shares are 0 to 1, times are Unix milliseconds."""
    shop = figures.Shop(found.catalogue, found.trending, found.opinions, found.profiles)
    numbers = figures.compute(found.lists, found.join, found.numbers, shop)
    clustering = found.questions.clusters()
    shown, clicked = numbers.lorenz
    plain = {
        "made_ms": made_ms,
        "lists": numbers.lists,
        "users": numbers.users,
        "seeable": numbers.seeable,
        "clicks": numbers.clicks,
        "catalogue": numbers.catalogue,
        "accuracy": numbers.accuracy,
        "fairness": {
            "cutoff": figures.CUTOFF,
            "coverage": numbers.coverage,
            "gini_clicks": numbers.gini_clicks,
            "beyond": numbers.beyond,
            "trending_share": numbers.trending_share,
            "lorenz_shown": shown[::LORENZ_EACH],
            "lorenz_clicked": clicked[::LORENZ_EACH],
            "categories": numbers.categories,
            "prices": numbers.prices,
            "currency": numbers.currency,
            "opinions": numbers.opinions,
            "brands": numbers.brands,
            "newness": numbers.newness,
            "groups": numbers.groups,
            "profiles": numbers.profiles,
        },
        "parameters": parameters.weights(list(found.parameters.values())),
        "reasons": numbers.codes,
        "fallbacks": numbers.fallback,
        "answers": {
            "routes": found.questions.routes(),
            "reasons": found.questions.reasons(),
            "clusters": clustering.clusters,
            "alone": clustering.alone,
            "not_compared": clustering.not_compared,
        },
    }
    made: dict[str, Any] = _plain(plain)
    return made


def _plain(value: Any) -> Any:
    """What JSON can hold: arrays as lists, named tuples and dataclasses as objects, NaN as null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if hasattr(value, "_asdict"):
        return _plain(value._asdict())
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
