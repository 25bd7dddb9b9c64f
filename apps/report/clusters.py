"""Questions that ask alike, found without a model: average linkage over the cosines of their terms.

Deterministic: the same questions in any order give the same clusters. Memory: the square of
`DISTINCT_MAX`, 4 bytes each.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from shopkeeper.services.answers.core.terms import question_terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

DISTINCT_MAX = 2000  # texts that are compared; further ones, asked less often, are only counted
# Two groups are one while their questions' mean cosine is at least this: see docs/report.md.
COSINE_MIN = 0.25
EXAMPLES_MAX = 3
CLUSTER_MIN = 2  # questions
_MASKED = re.compile(r"\[[a-z ]{1,20}\]")  # says nothing of what is asked


class Asked(NamedTuple):
    """One question, masked, and why it had no answer."""

    text: str
    reason: str


class Cluster(NamedTuple):
    """Questions that ask alike. reasons: why they had no answer, the most frequent first."""

    size: int
    reasons: tuple[tuple[str, int], ...]
    examples: tuple[str, ...]  # distinct, the most typical first


class Clustering(NamedTuple):
    """clusters: the largest first. alone: questions like no other. not_compared: those beyond
    `DISTINCT_MAX`."""

    clusters: tuple[Cluster, ...]
    alone: int
    not_compared: int


def clustered(questions: Iterable[Asked]) -> Clustering:
    """Questions in clusters of `CLUSTER_MIN` or more. One that has no word is alone."""
    counts: Counter[str] = Counter()
    reasons: dict[str, Counter[str]] = {}
    for text, reason in questions:
        counts[text] += 1
        reasons.setdefault(text, Counter())[reason] += 1
    terms = {text: sorted(set(question_terms(_MASKED.sub(" ", text)))) for text in counts}
    wordless = sum(count for text, count in counts.items() if not terms[text])
    texts = sorted((text for text in counts if terms[text]), key=lambda t: (-counts[t], t))
    rest = sum(counts[text] for text in texts[DISTINCT_MAX:])
    texts = texts[:DISTINCT_MAX]
    cosines = cosines_of([terms[text] for text in texts])
    clusters, alone = [], wordless
    for members in groups(cosines):
        size = sum(counts[texts[i]] for i in members)
        if size < CLUSTER_MIN:
            alone += size
            continue
        why: Counter[str] = Counter()
        for i in members:
            why.update(reasons[texts[i]])
        clusters.append(
            Cluster(
                size,
                tuple(sorted(why.items(), key=lambda item: (-item[1], item[0]))),
                tuple(texts[i] for i in _typical(members, cosines, texts)),
            )
        )
    clusters.sort(key=lambda cluster: (-cluster.size, cluster.examples))
    return Clustering(tuple(clusters), alone, rest)


def cosines_of(terms: Sequence[Sequence[str]]) -> NDArray[np.float32]:
    """(n, n) cosines of TF-IDF, each term counted once a text."""
    vocabulary = {term: i for i, term in enumerate(sorted({t for each in terms for t in each}))}
    columns = np.array([vocabulary[t] for each in terms for t in each], np.int64)
    ends = np.cumsum([0, *(len(each) for each in terms)])
    frequency = np.bincount(columns, minlength=len(vocabulary))
    weights = np.log((1 + len(terms)) / (1 + frequency)) + 1
    values = weights[columns]
    lengths = np.sqrt(np.add.reduceat(values**2, ends[:-1])) if len(terms) else np.ones(0)
    values = values / np.repeat(lengths, np.diff(ends))
    matrix = csr_array((values, columns, ends), (len(terms), len(vocabulary)))
    found: NDArray[np.float32] = (matrix @ matrix.T).toarray().astype(np.float32)
    return found


def groups(cosines: NDArray[np.float32], cosine_min: float = COSINE_MIN) -> list[list[int]]:
    """Rows of each group, by average linkage: the two nearest groups are one, until none are near.

    As scipy's `linkage` and `fcluster`, which an image goes without (decision 87).
    """
    found = {i: [i] for i in range(len(cosines))}
    # Rounded: no sum of floats in another order shall decide a tie.
    distances = np.round(np.clip(1 - cosines.astype(np.float64), 0, 1), 6)
    np.fill_diagonal(distances, np.inf)
    nearest = distances.min(axis=1, initial=np.inf)
    while len(found) > 1:
        one = int(nearest.argmin())
        if nearest[one] > 1 - cosine_min:
            break
        other = int(distances[one].argmin())
        sizes = len(found[one]), len(found[other])
        mean = (sizes[0] * distances[one] + sizes[1] * distances[other]) / sum(sizes)
        mean[[one, other]] = np.inf
        # Whose nearest was one of the two has to look again; of the others the new one may be it.
        again = (distances[one] <= nearest) | (distances[other] <= nearest)
        again &= np.isfinite(nearest)
        distances[one] = distances[:, one] = mean
        distances[other] = distances[:, other] = np.inf
        nearest = np.minimum(nearest, mean)
        nearest[again] = distances[again].min(axis=1)
        nearest[one], nearest[other] = mean.min(), np.inf
        found[one] += found.pop(other)
    return [sorted(members) for members in found.values()]


def _typical(
    members: Sequence[int], cosines: NDArray[np.float32], texts: Sequence[str]
) -> list[int]:
    """Those nearest to all others on average."""
    near = np.round(cosines[np.ix_(members, members)].mean(axis=1), 5)
    order = sorted(range(len(members)), key=lambda i: (-float(near[i]), texts[members[i]]))
    return [members[i] for i in order[:EXAMPLES_MAX]]
