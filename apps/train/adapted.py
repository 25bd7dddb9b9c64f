"""A running linear model taught further: its weights stay, and what the rows add is kept small.

Scores are those of the running model plus D x + b, and softmax regression fits D and b to the rows
with a penalty of |D|^2 / 2C: the running weights are the prior's mean (Evgeniou and Pontil 2004,
"Regularized multi-task learning", with one task and a fixed centre). A few hundred rows so change
what they speak of, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import numpy_helper
from scipy.optimize import minimize
from sklearn.model_selection import GroupKFold

from .linear import Linear, term_frequencies, weighted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.text import features

    from .state import State

CENTRES = (0.1, 0.3, 1.0, 3.0, 10.0)  # C, of which the rows choose out of fold
FOLDS = 4
STEPS_MAX = 60
SAVED_EVERY = 10  # steps


def linear_of(content: bytes) -> Linear:
    """The weights in an ONNX file that `linear.graph` made. Raises ValueError for another one."""
    found = {
        each.name: numpy_helper.to_array(each)
        for each in onnx.load_from_string(content).graph.initializer
    }
    try:
        return Linear(
            found["idf"].astype(np.float32),
            found["weights"].astype(np.float32) * found["scale"],
            found["style_weights"],
            found["bias"],
        )
    except KeyError as error:
        raise ValueError(f"the running model is no linear one: it has no {error}") from None


def scores(model: Linear, matrix: Any, x: Any) -> NDArray[Any]:
    """(texts, labels): before the softmax. x: `weighted` of the matrix with the model's idf."""
    found: NDArray[Any] = x @ model.weights + matrix.style @ model.style
    found += model.bias[matrix.tables]
    return found


def learned(
    running: Linear,
    texts: Sequence[str],
    y: NDArray[Any],
    weights: NDArray[Any],
    *,
    two: NDArray[Any],
    groups: Sequence[str],
    bits: int,
    sizes: dict[int, features.Sizes],
    state: State,
) -> tuple[Linear, dict[str, Any]]:
    """(model, figures out of fold). two: (texts,), of a set that knows the first and the last label
    alone, whose rows count by the odds of those. groups: (texts,), what no fold parts."""
    matrix = term_frequencies(list(texts), bits, sizes)
    everything = weighted(matrix, running.idf)
    base = scores(running, matrix, everything)
    used = np.flatnonzero(np.bincount(everything.indices, minlength=everything.shape[1]))
    x = everything[:, used].tocsr()
    numbers: dict[str, int] = {}
    of = np.array([numbers.setdefault(group, len(numbers)) for group in groups])
    shuffled = np.random.default_rng(1).permutation(len(numbers))[of]
    parts = list(GroupKFold(min(FOLDS, len(numbers))).split(x, y, shuffled))
    losses = {"none": _loss(base, y, two, weights)}
    for centre in CENTRES:
        held = np.zeros_like(base)
        for number, (kept, left_out) in enumerate(parts):
            d, b = _fit(
                x[kept],
                base[kept],
                y[kept],
                (weights[kept], two[kept]),
                centre,
                _kept(state, f"C {centre:g}, fold {number + 1} of {len(parts)}"),
            )
            held[left_out] = base[left_out] + x[left_out] @ d + b
        losses[f"{centre:g}"] = _loss(held, y, two, weights)
    best = min(losses, key=lambda name: losses[name])
    model = running
    if best != "none":
        d, b = _fit(x, base, y, (weights, two), float(best), _kept(state, f"C {best}, all rows"))
        more = running.weights.copy()
        more[used] += d
        model = Linear(running.idf, more, running.style, running.bias + b)
    told = {name: round(loss, 4) for name, loss in losses.items()}
    return model, {"chosen": best, "log_loss_by_C": told}


def _loss(s: NDArray[Any], y: NDArray[Any], two: NDArray[Any], weights: NDArray[Any]) -> float:
    p = _softmax(s, two)
    own = np.log(np.maximum(p[np.arange(len(y)), y], 1e-12))
    return float(-(own @ weights) / weights.sum())


def _softmax(s: NDArray[Any], two: NDArray[Any]) -> NDArray[Any]:
    """Of rows of `two`, over the first and the last label alone."""
    s = s.copy()
    s[np.ix_(two, np.arange(1, s.shape[1] - 1))] = -np.inf
    power = np.exp(s - s.max(axis=1, keepdims=True))
    result: NDArray[Any] = power / power.sum(axis=1, keepdims=True)
    return result


def _kept(state: State, name: str) -> Callable[..., NDArray[Any]]:
    """Minimises, from where an earlier run of this step stopped."""

    def run(loss: Any, start: NDArray[Any]) -> NDArray[Any]:
        kept = state.load(name)
        if kept is not None and kept["done"]:
            return kept["at"]
        at = start if kept is None else kept["at"]
        steps = 0

        def told(now: NDArray[Any]) -> None:
            nonlocal steps
            steps += 1
            if steps % SAVED_EVERY == 0:
                state.save(name, {"at": now, "done": np.array(False)})

        minimised: Any = minimize  # its overloads know no function of arrays of any shape
        found = minimised(
            loss, at, jac=True, method="L-BFGS-B", callback=told, options={"maxiter": STEPS_MAX}
        ).x
        state.save(name, {"at": found, "done": np.array(True)})
        return np.asarray(found)

    return run


def _fit(
    x: Any,
    base: NDArray[Any],
    y: NDArray[Any],
    of: tuple[NDArray[Any], NDArray[Any]],
    centre: float,
    run: Callable[..., NDArray[Any]],
) -> tuple[NDArray[Any], NDArray[Any]]:
    """(D (columns, labels), b (labels,)). of: weights, and which rows are of two labels."""
    weights, two = of
    columns, labels = x.shape[1], base.shape[1]
    truth = np.eye(labels)[y]

    def loss(flat: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        d = flat[: columns * labels].reshape(columns, labels)
        p = _softmax(base + x @ d + flat[columns * labels :], two)
        own = np.log(np.maximum(p[np.arange(len(y)), y], 1e-12))
        slope = weights[:, None] * (p - truth)
        value = -(own @ weights) + (flat @ flat) / (2 * centre)
        return float(value), np.concatenate(
            [(x.T @ slope).ravel(), slope.sum(axis=0)]
        ) + flat / centre

    found = run(loss, np.zeros(columns * labels + labels))
    return found[: columns * labels].reshape(columns, labels), found[columns * labels :]
