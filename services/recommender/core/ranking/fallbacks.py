"""What fills a list that the experts leave short."""

from __future__ import annotations

ALL_SCOPE = "all"
