"""Numbers of a study as a page and a program read them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .prequential import Rate


def told(rate: Rate) -> str:
    """A rate and its interval."""
    return f"{rate.value:.3f} ({rate.low:.3f} to {rate.high:.3f})"


def percent(rate: Rate) -> str:
    """An uplift and its interval."""
    if not math.isfinite(rate.value):
        return "never hit"
    return f"{100 * rate.value:+.0f} % ({100 * rate.low:+.0f} to {100 * rate.high:+.0f})"


def plain(rates: Mapping[str, Rate]) -> dict[str, Any]:
    """Rates as JSON has them."""
    return {
        name: {
            "value": number(r.value),
            "low": number(r.low),
            "high": number(r.high),
            "lists": r.steps,
        }
        for name, r in rates.items()
    }


def number(value: float) -> float | None:
    """A number as JSON has it; None: none."""
    return round(value, 4) if math.isfinite(value) else None


def share(of: Any) -> float | None:
    """The mean of truths; None of none."""
    return round(float(of.mean()), 4) if len(of) else None
