"""Where a training goes on from after a stop: arrays by the name of the step that made them."""

from __future__ import annotations

import hashlib
import json
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]


class State:
    """The finished steps of one training, in a folder named by what goes into it.

    Other data or settings have another folder: nothing of another training is taken for its own.
    """

    def __init__(
        self, folder: Path, content: dict[str, Any], say: Callable[[str], None] = lambda line: None
    ) -> None:
        """content: JSON of all that decides the outcome. say: told of each step."""
        text = json.dumps(content, sort_keys=True, ensure_ascii=False)
        self.fingerprint = hashlib.sha256(text.encode()).hexdigest()[:16]
        self.folder = folder / self.fingerprint
        self.folder.mkdir(parents=True, exist_ok=True)
        self._say = say

    def step(self, name: str, compute: Callable[[], Arrays]) -> Arrays:
        """The arrays of this step: kept ones, or computed now and kept."""
        kept = self.load(name)
        if kept is not None:
            self._say(f"{name}: kept from before")
            return kept
        self._say(name)
        found = compute()
        self.save(name, found)
        return found

    def load(self, name: str) -> Arrays | None:
        """What was kept of a step; None: nothing, or half a file."""
        try:
            with np.load(self.folder / f"{name}.npz", allow_pickle=False) as stored:
                return {key: stored[key] for key in stored.files}
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
            return None

    def save(self, name: str, arrays: Arrays) -> None:
        """Whole or not at all: a stop in the middle leaves what was there."""
        draft = self.folder / f"{name}.new.npz"
        np.savez(draft, **arrays)  # type: ignore[arg-type]
        draft.replace(self.folder / f"{name}.npz")
