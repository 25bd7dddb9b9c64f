"""Intents learned from nothing: one-vs-rest linear SVMs on hashed n-grams, made probabilities.

Margins become probabilities by a softmax with one temperature (Guo et al. 2017, "On calibration of
modern neural networks"). It, and the threshold below which the model abstains, are chosen on
out-of-fold margins of the training rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from shopkeeper.shared.text import features

from .linear import Linear, idf_of, term_frequencies, weighted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .state import State

SEED = 1
PENALTY = 2.0  # C of the SVM; by cross-validation on the shared sets' training part
STYLE_WEIGHT = 0.3
FOLDS = 4
LOSS_OF_ACCURACY_MAX = 0.0025  # what abstaining may cost a language, out of fold


def fit(x: Any, y: NDArray[Any], weights: NDArray[Any]) -> Any:
    """One SVM per label."""
    return LinearSVC(C=PENALTY, random_state=SEED).fit(x, y, weights)


def log_loss(margins: NDArray[Any], truth: NDArray[Any], sharpness: float) -> float:
    """Mean, of a softmax of the margins times `sharpness`."""
    scores = margins * sharpness
    scores = scores - scores.max(axis=1, keepdims=True)
    picked = scores[np.arange(len(truth)), truth]
    return float(np.mean(np.log(np.exp(scores).sum(axis=1)) - picked))


def softmax(scores: NDArray[Any]) -> NDArray[Any]:
    """Row by row."""
    power = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: NDArray[Any] = power / power.sum(axis=1, keepdims=True)
    return result


def abstention(
    probabilities: NDArray[Any], truth: NDArray[Any], oos: int, tables: NDArray[Any]
) -> float:
    """The highest threshold that costs no table more than a quarter point of accuracy against none.

    Texts unlike anything in training have low scores; out-of-fold texts do not show them, so
    accuracy there cannot choose the threshold, only bound it.
    """

    def accuracies(threshold: float) -> NDArray[Any]:
        decided = probabilities.argmax(axis=1)
        decided[probabilities.max(axis=1) < threshold] = oos
        return np.array([(decided == truth)[tables == table].mean() for table in np.unique(tables)])

    plain = accuracies(0.0)
    grid = np.arange(0.0, 0.9, 0.01)
    return float(max(t for t in grid if (accuracies(t) >= plain - LOSS_OF_ACCURACY_MAX).all()))


def learned(
    texts: Sequence[str],
    y: NDArray[Any],
    weights: NDArray[Any],
    *,
    labels: Sequence[str],
    oos: int,
    bits: int,
    sizes: dict[int, features.Sizes],
    state: State,
) -> tuple[Linear, dict[str, float], dict[str, Any]]:
    """(model, its parameters, figures out of fold). y: (texts,) places among labels; weights:
    (texts,), those of less than 1 help the fit and choose nothing. `oos`: place of out_of_scope.

    A label without a text keeps a weight of zero and a low bias: only an abstention gives it.
    """
    matrix = term_frequencies(list(texts), bits, sizes)
    idf = idf_of(matrix)
    x = weighted(matrix, idf, STYLE_WEIGHT)
    there = np.unique(y)
    place = np.searchsorted(there, y)
    margins = np.full((len(y), len(there)), 0.0)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    for number, (kept, left_out) in enumerate(folds.split(x, y)):

        def fold(kept: Any = kept, left_out: Any = left_out) -> dict[str, Any]:
            model = fit(x[kept], place[kept], weights[kept])
            return {"margins": _both(model.decision_function(x[left_out]))}

        margins[left_out] = state.step(f"fold {number + 1} of {FOLDS}", fold)["margins"]
    told = weights >= 1.0
    held, truth, tables = margins[told], place[told], matrix.tables[told]
    sharpness = float(
        minimize_scalar(lambda s: log_loss(held, truth, s), bounds=(0.5, 20), method="bounded").x
    )
    if oos in there:
        at = int(np.searchsorted(there, oos))
        threshold = abstention(softmax(held * sharpness), truth, at, tables)
    else:
        threshold = abstention(softmax(held * sharpness), truth, len(there), tables)

    def whole() -> dict[str, Any]:
        model = fit(x, place, weights)
        return {"weights": _both_weights(model.coef_), "bias": _both_bias(model.intercept_)}

    model = state.step("all rows", whole)
    linear = _linear(model["weights"], model["bias"], sharpness, idf, there, len(labels))
    right = held.argmax(axis=1) == truth
    out_of_fold = {
        "sharpness": round(sharpness, 3),
        "accuracy": {
            name: round(float(right[tables == table].mean()), 4)
            for name, table in (("en", features.EN), ("zh", features.ZH))
            if (tables == table).any()
        },
    }
    return linear, {"abstain_below": round(threshold, 2)}, out_of_fold


UNSEEN = -30.0  # log-odds of a label that no row has


def _linear(
    coefficients: NDArray[Any],
    intercepts: NDArray[Any],
    sharpness: float,
    idf: NDArray[Any],
    there: NDArray[Any],
    count: int,
) -> Linear:
    columns = len(idf)
    weights = np.zeros((coefficients.shape[1], count))
    weights[:, there] = coefficients.T * sharpness
    bias = np.full(count, UNSEEN)
    bias[there] = intercepts * sharpness
    style = weights[columns : columns + features.STYLE] * STYLE_WEIGHT
    shift = weights[columns + features.STYLE] * STYLE_WEIGHT
    return Linear(idf, weights[:columns], style, np.stack([bias, bias + shift]))


# Of two labels scikit-learn fits one column: that of the second against the first.
def _both(margins: NDArray[Any]) -> NDArray[Any]:
    return margins if margins.ndim == 2 else np.stack([-margins, margins], axis=1)


def _both_weights(coefficients: NDArray[Any]) -> NDArray[Any]:
    return coefficients if len(coefficients) > 1 else np.concatenate([-coefficients, coefficients])


def _both_bias(intercepts: NDArray[Any]) -> NDArray[Any]:
    return intercepts if len(intercepts) > 1 else np.concatenate([-intercepts, intercepts])
