"""The catalogue that ships with the demo."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from shopkeeper.shared.datasets.products import load

if TYPE_CHECKING:
    from shopkeeper.shared.contracts.events.shop import ProductCatalogued


def built_in() -> list[ProductCatalogued]:
    """The products that ship with the demo."""
    with resources.as_file(resources.files(__package__) / "catalogue.jsonl") as path:
        return load(path)
