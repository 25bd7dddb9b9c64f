"""Sentiments learned from nothing: SVMs on hashed n-grams, mixed into three scores.

For each language four SVMs (positive against negative on all sets; neutral, negative and positive
each against the rest on the sets that know neutral), mixed by a softmax regression on their
out-of-fold margins (stacked generalisation, Wolpert 1992). A mix of linear scores is linear, so
all of it is one matrix of weights. Texts of sets without neutral count in the mixing by the odds of
positive to negative alone, and with the weight `teach` also as not neutral.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.svm import LinearSVC

from shopkeeper.shared.text import features

from .linear import Linear, idf_of, term_frequencies, weighted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .state import State

SEED = 1
FOLDS = 5
NEGATIVE, NEUTRAL, POSITIVE = range(3)
MIX_PENALTY = 1e-4
TEACH = 0.1
POLARITY_PENALTY, THREE_PENALTY = 0.3, 0.1
MIX_WEIGHT_TWO = 0.05  # of a text of a set without neutral, in the mixing


@dataclass(frozen=True)
class Task:
    """One SVM: the rows it learns from, its target, its penalty (C) and the weight of each text."""

    known: NDArray[np.bool_]
    target: NDArray[np.bool_]
    penalty: float
    weights: NDArray[Any]


@dataclass(frozen=True)
class Texts:
    """Texts of one language. y, sources, two, weights, mix, groups: (texts,); two: of a set that
    knows no neutral; weights: in the SVMs; mix: in the mixing; groups: what folds must not part."""

    texts: Sequence[str]
    y: NDArray[Any]
    sources: NDArray[Any]
    two: NDArray[np.bool_]
    weights: NDArray[Any]
    mix: NDArray[Any]
    groups: NDArray[Any]

    def folds(self) -> NDArray[Any]:
        """(texts,) number of the fold that each is left out of."""
        out = np.zeros(len(self.y), int)
        split = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
        strata = self.sources * 3 + self.y
        for fold, (_, left_out) in enumerate(split.split(self.y, strata, self.groups)):
            out[left_out] = fold
        return out

    def tasks(self) -> list[Task]:
        """Of each SVM of the language."""
        known = [self.y != NEUTRAL, ~self.two, ~self.two, ~self.two]
        targets = [self.y == label for label in (POSITIVE, NEUTRAL, NEGATIVE, POSITIVE)]
        penalties = [POLARITY_PENALTY, *[THREE_PENALTY] * 3]
        return [
            Task(rows, target, penalty, self.weights)
            for rows, target, penalty in zip(known, targets, penalties, strict=True)
        ]


def fit(x: Any, task: Task, rows: NDArray[np.bool_]) -> Any:
    """The SVM of these rows."""
    made = LinearSVC(C=task.penalty, random_state=SEED)
    return made.fit(x[rows], task.target[rows], task.weights[rows])


def mixed(parameters: NDArray[Any], margins: NDArray[Any], style: NDArray[Any]) -> NDArray[Any]:
    """(texts, 3) scores: margins mixed, a constant each, and the style's say in neutral.

    style: (texts, STYLE), whose weights are among the parameters; or (texts,), the say itself.
    """
    count = margins.shape[1]
    scores: NDArray[Any] = margins @ parameters[: 3 * count].reshape(count, 3)
    scores = scores + parameters[3 * count : 3 * count + 3]
    scores[:, NEUTRAL] += style if style.ndim == 1 else style @ parameters[3 * count + 3 :]
    return scores


def fit_mix(
    margins: NDArray[Any], style: NDArray[Any], of: Texts, teach: float = TEACH
) -> NDArray[Any]:
    """Softmax regression; the sets of two know no neutral. Convex: the start does not matter."""
    weights = of.mix / of.mix.sum()
    on_three = weights * np.where(of.two, teach, 1.0)
    on_two = weights * of.two
    rows = np.arange(len(of.y))
    truth = np.eye(3)[of.y]

    def loss(parameters: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        scores = mixed(parameters, margins, style)
        power = np.exp(scores - scores.max(axis=1, keepdims=True))
        p = power / power.sum(axis=1, keepdims=True)
        sides = np.maximum(p[:, NEGATIVE] + p[:, POSITIVE], 1e-300)
        own = np.log(np.maximum(p[rows, of.y], 1e-300))
        value = -(on_three @ own) - on_two @ (own - np.log(sides))
        conditional = p / sides[:, None]
        conditional[:, NEUTRAL] = 0
        slope = on_three[:, None] * (p - truth) + on_two[:, None] * (conditional - truth)
        of_style = style.T @ slope[:, NEUTRAL] if style.ndim == 2 else np.zeros(0)
        gradient = np.concatenate([(margins.T @ slope).ravel(), slope.sum(axis=0), of_style])
        return (
            float(value + MIX_PENALTY * (parameters @ parameters)),
            gradient + 2 * MIX_PENALTY * parameters,
        )

    of_style = style.shape[1] if style.ndim == 2 else 0
    start = np.zeros(3 * margins.shape[1] + 3 + of_style)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    return np.asarray(found)


@dataclass(frozen=True)
class Half:
    """The weights of one table. weights: (columns, 3), zero outside the table's columns."""

    idf: NDArray[Any]
    weights: NDArray[Any]
    style: NDArray[Any]
    bias: NDArray[Any]


def half(
    of: Texts,
    name: str,
    table: int,
    bits: int,
    *,
    sizes: Any,
    state: State,
    of_style: NDArray[Any] | None = None,
) -> Half:
    """Fit all SVMs of a language, and mix them. of_style: the style's weights, if they are known:
    one vector serves both tables."""
    matrix = term_frequencies(list(of.texts), bits, sizes, table)
    idf = idf_of(matrix)
    everything = weighted(matrix, idf)
    columns = everything.shape[1]
    used = np.flatnonzero(np.bincount(everything.indices, minlength=columns))
    x = everything[:, used]
    style, folds = matrix.style.astype(float), of.folds()
    if of_style is not None:
        style = style @ of_style
    tasks = of.tasks()
    margins = np.zeros((len(of.y), len(tasks)))
    whole = []
    for place, task in enumerate(tasks):
        for fold in range(FOLDS):
            left = folds == fold

            def margin(task: Task = task, left: NDArray[np.bool_] = left) -> dict[str, Any]:
                model = fit(x, task, task.known & ~left)
                return {"margins": model.decision_function(x[left])}

            step = f"{name}: classifier {place + 1} of {len(tasks)}, fold {fold + 1} of {FOLDS}"
            margins[left, place] = state.step(step, margin)["margins"]

        def final(task: Task = task) -> dict[str, Any]:
            model = fit(x, task, task.known)
            return {"weights": model.coef_[0], "bias": model.intercept_}

        whole.append(state.step(f"{name}: classifier {place + 1} of {len(tasks)}, all rows", final))
    mix = fit_mix(margins, style, of)
    by_label = mix[: 3 * len(tasks)].reshape(len(tasks), 3)
    weights = np.zeros((columns, 3))
    bias = mix[3 * len(tasks) : 3 * len(tasks) + 3].copy()
    for model, share in zip(whole, by_label, strict=True):
        weights[used] += model["weights"][:, None] * share
        bias += model["bias"][0] * share
    return Half(idf, weights, mix[3 * len(tasks) + 3 :], bias)


def learned(
    languages: dict[str, Texts], *, bits: int, sizes: dict[int, features.Sizes], state: State
) -> Linear:
    """The model of the texts by language (en, zh). A language without texts has no opinion."""
    columns = 2 << bits
    empty = Half(
        np.ones(columns, np.float32), np.zeros((columns, 3)), np.zeros(features.STYLE), np.zeros(3)
    )
    english, chinese = languages.get("en"), languages.get("zh")
    en, zh = empty, empty
    if english is not None:
        en = half(english, "en", features.EN, bits, sizes=sizes, state=state)
    if chinese is not None:
        known = en.style if english is not None else None
        zh = half(chinese, "zh", features.ZH, bits, sizes=sizes, state=state, of_style=known)
    idf = np.concatenate([en.idf[: columns // 2], zh.idf[columns // 2 :]])
    style = np.zeros((features.STYLE, 3))
    style[:, NEUTRAL] = en.style if english is not None else zh.style
    return Linear(idf, en.weights + zh.weights, style, np.stack([en.bias, zh.bias]))
