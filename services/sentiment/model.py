"""The sentiment model: where it comes from."""

from __future__ import annotations

from shopkeeper.shared.text.cascade import Cascade

NAME = "sentiment"


def load_model(model_dir: str = "", threads: int = 1) -> Cascade:
    """Raises ModelError."""
    return Cascade.load(NAME, model_dir, threads)
