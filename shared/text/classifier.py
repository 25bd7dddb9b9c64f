"""What a service's core needs of a model that labels texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


class Classifier(Protocol):
    """`OnnxModel` is one; a core knows no runtime of models."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def labels(self) -> tuple[str, ...]: ...

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, labels); rows sum to 1; a row depends on its own text alone."""
        ...


class TieredClassifier(Classifier, Protocol):
    """A classifier that can also be asked without what stands behind its first tier."""

    def first_tier(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As `probabilities`, cheaper and less often right: of many small texts."""
        ...
