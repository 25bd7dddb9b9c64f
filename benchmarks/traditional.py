"""The traditional way: item-CF, an autoencoder over items and K-means, retrained every night.

Whatever is offered on a day (of event time, UTC) was learned from what happened before it. A
session's own events of the day are known when its next one is predicted, as they are to any shop's
page, but nothing learns from them until midnight. Of the first day nothing is known.

Shapes. visits: sparse (sessions, items), 1 where a session had the item. recent: sparse (targets,
items), sessions so far: DECAY to the power of the events since the item was last looked at. Scores:
(targets, items), what is not above 0 is not offered.
"""

from __future__ import annotations

import time
import warnings
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import normalize

from shopkeeper.services.recommender.core.numeric.types import HOUR_MS
from shopkeeper.services.recommender.evaluation.local_cluster import Repeats
from shopkeeper.services.recommender.evaluation.metrics import RankingMetrics
from shopkeeper.services.recommender.evaluation.next_item import CUTOFF
from shopkeeper.services.recommender.evaluation.splits import lines
from shopkeeper.shared.datasets.products import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Scores = NDArray[np.float32]
    Scorer = Callable[[sparse.csr_matrix], Scores]  # of `recent`
    Weights = tuple[float, ...]

DECAY = 0.8
SHRINKAGE = 20.0
CLUSTERS, CLUSTER_COMPONENTS = 300, 32
BEHAVIOUR_COMPONENTS, TITLE_COMPONENTS, CODE_SIZE = 256, 64, 256
EPOCHS, ITEMS_AT_ONCE, LEARNING_RATE = 10, 64, 0.005
TARGETS_AT_ONCE = 2_048
WEIGHTS = [(a / 5, b / 5, (5 - a - b) / 5) for a in range(6) for b in range(6 - a)]
CF, CF_SELF = "item-CF", "item-CF with self-similarity"
AUTOENCODER, K_MEANS = "autoencoder", "K-means"
TOGETHER, TOGETHER_SELF = "together", "together with self-similarity"
SUMS = {TOGETHER: (CF, AUTOENCODER, K_MEANS), TOGETHER_SELF: (CF_SELF, AUTOENCODER, K_MEANS)}


# -- the stream


@dataclass(frozen=True)
class Stream:
    """A file's events in order. session, item: (events,) numbers by first appearance; day:
    (events,) days since 1970. titles, prices: (items,) those that an item came with first, "" and 0
    where there are none."""

    session: NDArray[np.int64]
    item: NDArray[np.int64]
    day: NDArray[np.int64]
    titles: tuple[str, ...]
    prices: NDArray[np.float64]

    @property
    def days(self) -> list[int]:
        return np.unique(self.day).tolist()

    def visits(self, before_day: int) -> sparse.csr_matrix:
        """What happened before a day, with rows and columns for all of the stream's."""
        past = self.day < before_day
        shape = int(self.session.max()) + 1, len(self.titles)
        found = sparse.csr_matrix(
            (np.ones(past.sum(), np.float32), (self.session[past], self.item[past])), shape
        )
        found.data[:] = 1.0  # how often in the session does not matter
        return found


def read_stream(path: Path) -> Stream:
    """Raises FormatError, OSError."""
    sessions: dict[str, int] = {}
    names: dict[str, int] = {}
    rows = [
        (
            sessions.setdefault(event.data.session_id, len(sessions)),
            names.setdefault(event.data.product_id, len(names)),
            event.time_ms // (24 * HOUR_MS),
        )
        for event in lines(path)
    ]
    session, item, day = np.array(rows, np.int64).T
    assert (np.diff(day) >= 0).all()
    products = {product.product_id: product for product in load(path, titled=False)}
    return Stream(
        session, item, day,
        # `restore` lets the id stand for a title that is missing.
        tuple("" if products[name].title == name else products[name].title for name in names),
        np.array([products[name].price or 0.0 for name in names]),
    )  # fmt: skip


class Targets(NamedTuple):
    """What is predicted on a day, in order. session: (targets,) numbered by their first target."""

    session: NDArray[np.int64]
    item: NDArray[np.int64]
    recent: sparse.csr_matrix


def targets_by_day(stream: Stream, repeats: Repeats) -> Iterator[tuple[int, Targets]]:
    """The targets of `prequential`: every event of a session from the second on, with repeats
    forbidden only those that are new in it."""
    places: dict[int, dict[int, int]] = defaultdict(dict)  # session -> item -> its last place
    lengths: dict[int, int] = defaultdict(int)
    numbers: dict[int, int] = {}
    for day in stream.days:
        first, last = np.searchsorted(stream.day, [day, day + 1])
        owners: list[int] = []
        wanted: list[int] = []
        columns: list[int] = []
        ages: list[int] = []
        ends = [0]
        for session, item in zip(
            stream.session[first:last].tolist(), stream.item[first:last].tolist(), strict=True
        ):
            before, length = places[session], lengths[session]
            if before and (repeats == "allow" or item not in before):
                owners.append(numbers.setdefault(session, len(numbers)))
                wanted.append(item)
                columns.extend(before)
                ages.extend([length - 1 - place for place in before.values()])
                ends.append(len(columns))
            before[item] = length
            lengths[session] = length + 1
        recent = sparse.csr_matrix(
            (np.float32(DECAY) ** np.array(ages, np.float32), np.array(columns, np.int32), ends),
            (len(wanted), len(stream.titles)),
        )
        yield day, Targets(np.array(owners, np.int64), np.array(wanted, np.int64), recent)


# -- what is trained at night


def item_cf(visits: sparse.csr_matrix) -> Scorer:
    """Cosines of co-occurrence, c(i, j) / sqrt((n(i) + s) (n(j) + s)), summed with decay (Sarwar et
    al., "Item-based collaborative filtering recommendation algorithms", WWW 2001)."""
    together = (visits.T @ visits).toarray()
    size = np.sqrt(np.diag(together) + SHRINKAGE)
    np.fill_diagonal(together, 0.0)
    size[size == 0] = 1.0
    similar = together / size / size[:, None]
    return lambda recent: recent @ similar


def autoencoder(
    visits: sparse.csr_matrix, titles: Sequence[str], prices: NDArray[np.float64]
) -> Scorer:
    """Cosines of hidden codes i = sigmoid(W1 y + b1), summed with decay (AutoRec by items: Sedhain
    et al., "AutoRec: autoencoders meet collaborative filtering", WWW 2015).

    y: an item's visits, reduced to their principal directions as is usual where there are
    thousands of sessions; and where there are titles and prices, the same of the title's words, and
    the price.
    """
    known = np.flatnonzero(np.asarray(visits.sum(axis=0)).ravel())
    inputs = [normalize(_directions(normalize(visits.T.tocsr()[known]), BEHAVIOUR_COMPONENTS))]
    if any(titles[i] for i in known.tolist()):
        words = TfidfVectorizer().fit_transform(titles[i] for i in known.tolist())
        price = np.log1p(prices[known])
        spread = price.std() or 1.0
        inputs += [
            _directions(words, TITLE_COMPONENTS),
            (price - price.mean())[:, None] / spread / np.sqrt(TITLE_COMPONENTS),
        ]
    y = np.concatenate(inputs, axis=1)
    # Rows of unit length have tiny entries: at scale 1 the logistic units see them.
    y *= np.sqrt(y.shape[1])
    network = MLPRegressor(
        hidden_layer_sizes=(CODE_SIZE,), activation="logistic", learning_rate_init=LEARNING_RATE,
        batch_size=min(ITEMS_AT_ONCE, len(known)), max_iter=EPOCHS, random_state=0,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # so many epochs are meant
        network.fit(y, y)
    hidden = 1 / (1 + np.exp(-(y @ network.coefs_[0] + network.intercepts_[0])))
    # All units are above 0, so that without their mean every cosine would be near 1.
    codes = np.zeros((visits.shape[1], CODE_SIZE), np.float32)
    codes[known] = normalize(hidden - hidden.mean(axis=0))
    # An item is as alike to itself as can be: not what such a list is for.
    itself = (codes**2).sum(axis=1)

    def score(recent: sparse.csr_matrix) -> Scores:
        scores: Scores = (recent @ codes) @ codes.T
        scores -= recent.multiply(itself).toarray()
        return scores

    return score


def _directions(rows: sparse.csr_matrix, count: int) -> NDArray[np.float64]:
    """(rows, count or fewer) principal directions, about 0 already as most of it is zeros."""
    count = min(count, min(rows.shape) - 1)
    if count < 1:
        return rows.toarray()
    return TruncatedSVD(count, random_state=0).fit_transform(rows)


def k_means(visits: sparse.csr_matrix) -> Scorer:
    """What the sessions of a cluster had most, the cluster being the nearest to the session so far
    (its items, in principal directions); after that, what all sessions had most."""
    visits = visits[np.flatnonzero(visits.getnnz(axis=1))]
    rows = normalize(visits)
    count = min(CLUSTER_COMPONENTS, min(rows.shape) - 1)
    reduce = TruncatedSVD(max(1, count), random_state=0).fit(rows)
    clusters = MiniBatchKMeans(min(CLUSTERS, visits.shape[0]), n_init=3, random_state=0)
    owner = clusters.fit_predict(reduce.transform(rows))
    member = sparse.csr_matrix(
        (np.ones(len(owner), np.float32), (owner, np.arange(len(owner)))),
        (clusters.n_clusters, len(owner)),
    )
    everyone = np.asarray(visits.sum(axis=0), np.float32).ravel()
    popular = (member @ visits).toarray() + everyone / (everyone.sum() + 1)

    def score(recent: sparse.csr_matrix) -> Scores:
        seen = normalize(recent.sign())
        return popular[clusters.predict(reduce.transform(seen))]

    return score


# -- day by day


@dataclass
class Nights:
    """What training took. seconds: by model, of all nights together."""

    count: int = 0
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))


class Batch(NamedTuple):
    """Some targets, and by model what each item scores for them: 1 for the best, at most."""

    session: NDArray[np.int64]
    item: NDArray[np.int64]
    scores: Mapping[str, Scores]


def batches(
    stream: Stream, repeats: Repeats, days: Sequence[int], nights: Nights
) -> Iterator[Batch]:
    """The targets of some days, from the first on, by what the night before each has trained."""
    for day, targets in targets_by_day(stream, repeats):
        if day > days[-1]:
            return
        scorers = _train(stream, day, nights)
        for start in range(0, len(targets.item), TARGETS_AT_ONCE):
            part = slice(start, start + TARGETS_AT_ONCE)
            recent = targets.recent[part]
            scores = {name: score(recent) for name, score in scorers.items()}
            if repeats == "allow":
                scores[CF_SELF] = scores[CF] + recent.toarray()
            else:
                for each in scores.values():
                    each[recent.nonzero()] = 0.0
            for each in scores.values():
                each /= np.maximum(each.max(axis=1, keepdims=True), 1e-12)
            yield Batch(targets.session[part], targets.item[part], scores)


def _train(stream: Stream, day: int, nights: Nights) -> dict[str, Scorer]:
    visits = stream.visits(day)
    if not visits.nnz:
        nothing: Scorer = lambda recent: np.zeros(recent.shape, np.float32)  # noqa: E731
        return dict.fromkeys((CF, AUTOENCODER, K_MEANS), nothing)
    nights.count += 1
    found: dict[str, Scorer] = {}
    for name, train in {
        CF: lambda: item_cf(visits),
        AUTOENCODER: lambda: autoencoder(visits, stream.titles, stream.prices),
        K_MEANS: lambda: k_means(visits),
    }.items():
        started = time.perf_counter()
        found[name] = train()
        nights.seconds[name] += time.perf_counter() - started
    return found


def mixed(batch: Batch, row: str, weights: Weights) -> Scores:
    """The weighted sum of what a row of SUMS is made of."""
    sums = np.zeros_like(batch.scores[CF])
    for weight, name in zip(weights, SUMS[row], strict=True):
        if weight:
            sums += np.float32(weight) * batch.scores[name]
    return sums


def choose(stream: Stream, repeats: Repeats, days: Sequence[int]) -> dict[str, Weights]:
    """By row of SUMS, the weights with the most hits on some days, from the first on."""
    rows = list(SUMS) if repeats == "allow" else [TOGETHER]
    hits = np.zeros((len(rows), len(WEIGHTS)), np.int64)
    for batch in batches(stream, repeats, days, Nights()):
        for n, row in enumerate(rows):
            for m, weights in enumerate(WEIGHTS):
                scores = mixed(batch, row, weights)
                mine = scores[np.arange(len(scores)), batch.item][:, None]
                hits[n, m] += ((mine > 0).ravel() & ((scores > mine).sum(axis=1) < CUTOFF)).sum()
    return {row: WEIGHTS[n] for row, n in zip(rows, hits.argmax(axis=1).tolist(), strict=True)}


def evaluate(
    stream: Stream, repeats: Repeats, weights: Mapping[str, Weights]
) -> tuple[dict[str, RankingMetrics], Nights]:
    """By row, its lists for the targets of the whole stream."""
    nights = Nights()
    tallies: dict[str, RankingMetrics] = defaultdict(RankingMetrics)
    for batch in batches(stream, repeats, stream.days, nights):
        sums = {row: mixed(batch, row, each) for row, each in weights.items()}
        for row, scores in {**batch.scores, **sums}.items():
            for session, item, offered in zip(
                batch.session.tolist(), batch.item.tolist(), best(scores), strict=True
            ):
                tallies[row].add(session, item, offered)
    return dict(tallies), nights


def best(scores: Scores) -> list[list[int]]:
    """The best CUTOFF items of each row, those above 0; ties to the item that came first."""
    count = min(CUTOFF, scores.shape[1])
    least = -np.partition(-scores, count - 1, axis=1)[:, count - 1 : count]
    found = []
    for row, bound in zip(scores, least, strict=True):
        items = np.flatnonzero((row >= bound) & (row > 0))
        found.append(items[np.argsort(-row[items], kind="stable")][:count].tolist())
    return found
