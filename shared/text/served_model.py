"""The model that a text worker answers with, and how a newer one takes its place.

`ModelFiles` loads and checks on whatever thread it is called; `ServedModel` belongs to the state
thread, where `replace` is called between two batches: no batch is answered by two models.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import numpy as np

from .manifest import MANIFEST, Described, ModelError, model_folder, read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from .cascade import Cascade
    from .classifier import Classifier

    class Model(Classifier, Protocol):
        """One that is loaded from a folder."""

        @property
        def parameters(self) -> Mapping[str, float]: ...


M = TypeVar("M", bound="Model")
# Asked of every model before it is used: a first call is slower than those after it, and what
# does not work shows here and not in the middle of a batch.
TRIAL = (
    "",
    "does it fit and when will it arrive?",
    "质量很好，物流也快",
    "⭐⭐⭐⭐⭐ 5/5",
    "a" * 600,
)
SUM_ERROR_MAX = 1e-3


class ModelFiles(Generic[M]):
    """A folder with a manifest, and the model of one name that was last loaded from there."""

    def __init__(
        self,
        name: str,
        load: Callable[[], M],
        model_dir: str = "",
        *,
        labels: Sequence[str] | None = None,
    ) -> None:
        """load: raises ModelError. labels: that a model must have; None: those of the first."""
        self.name, self.folder = name, model_folder(model_dir)
        self._load, self._labels = load, None if labels is None else tuple(labels)
        self._described: Described | None = None
        self._version: str | None = None

    def load(self) -> M | None:
        """The model as the manifest names it now; None where it is the one loaded last.

        Raises ModelError, after which what was loaded last counts on: where files are altered or
        half copied, labels are others, it does not work, or it has the version of another model.
        """
        described = Described.of(read_manifest(self.folder), self.name)
        if described == self._described:
            return None
        model = self._load()
        place = self.folder / MANIFEST
        if self._labels is not None and model.labels != self._labels:
            differing = sorted(set(model.labels) ^ set(self._labels)) or "in another order"
            raise ModelError(
                f"{place}: model {self.name} {model.version} has other labels than the model that "
                f"answers ({differing}); labels change only with a restart of the worker"
            )
        if model.version == self._version:
            raise ModelError(
                f"{place}: another model {self.name}, and its version is still {model.version}; "
                "outputs name their model by it: give the new one a version of its own"
            )
        try_out(model)
        self._described, self._version, self._labels = described, model.version, model.labels
        return model


def try_out(model: Model) -> None:
    """Answer a few texts. Raises ModelError where that fails or gives no probabilities."""
    try:
        rows = model.probabilities(TRIAL)
    # onnxruntime's exceptions have no common base but Exception.
    except Exception as error:
        raise ModelError(
            f"model {model.name} {model.version}: it cannot answer a text ({str(error)[:200]})"
        ) from None
    if not np.all(np.isfinite(rows)) or not np.allclose(rows.sum(axis=1), 1.0, atol=SUM_ERROR_MAX):
        raise ModelError(
            f"model {model.name} {model.version}: what it gives for a text are no probabilities"
        )


class ServedModel:
    """A `Classifier` whose model may be replaced. For one thread.

    `tiers` counts texts as `Cascade.tiers` does, over all models; `on_answer`, where set, is told
    of every call's texts and rows.
    """

    def __init__(self, model: Cascade) -> None:
        self.name, self.labels = model.name, model.labels
        self.tiers: Counter[str] = Counter()
        self.on_answer: Callable[[Sequence[str], NDArray[np.float32]], None] | None = None
        self._told: Callable[[float, int], None] | None = None
        self._model = model
        self.replace(model)

    @property
    def version(self) -> str:
        """Of the model that answers now."""
        return self._model.version

    @property
    def parameters(self) -> Mapping[str, float]:
        """Of the model that answers now, as its manifest gives them."""
        return self._model.parameters

    def on_call(self, told: Callable[[float, int], None]) -> None:
        """Tell of every ONNX call of every model: (seconds, texts)."""
        self._told = told
        self._model.on_call(told)

    def replace(self, model: Cascade) -> None:
        """Answer with this model from now on. Between two batches only."""
        assert model.labels == self.labels, (model.labels, self.labels)
        model.tiers = self.tiers
        if self._told is not None:
            model.on_call(self._told)
        self._model = model

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, labels); rows sum to 1. A row depends on its own text alone, to the bit."""
        found = self._model.probabilities(texts)
        if self.on_answer is not None:
            self.on_answer(texts, found)
        return found

    def first_tier(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As the model that answers now; `on_answer` is not told."""
        return self._model.first_tier(texts)
