"""What the demo's shop says to its customers: frequent questions in English and Chinese."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from shopkeeper.shared.datasets.knowledge import read_knowledge

if TYPE_CHECKING:
    from shopkeeper.shared.contracts.events.shop import KnowledgePublished


def built_in() -> list[KnowledgePublished]:
    """The entries that ship with the demo."""
    with resources.as_file(resources.files(__package__) / "faq.jsonl") as path:
        return read_knowledge(path)
