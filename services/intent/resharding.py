"""Nothing is kept by key, so nothing is split."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shopkeeper.shared.runtime.api.processor import Sections

RESHARD: dict[str, Callable[[Mapping[int, Sections], int], dict[int, Sections]]] = {}
