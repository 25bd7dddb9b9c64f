"""What the plots of the case study show, as numbers: groups of users, the space of items, texts.

Takes data frames of `apps.frames`; returns data frames and arrays. Seeds are fixed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, silhouette_score

from shopkeeper.services.recommender.models.item_encoder import ItemCodes, ItemEncoder
from shopkeeper.shared.contracts.events.shop import ProductCatalogued

from .prequential import Asked, Click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shopkeeper.apps.report.source import Retained

SEED = 1
GROUPS = range(2, 13)
NEIGHBOURS = 5
CLICKS_MIN = 3  # of a user who is grouped


class UserGroups(NamedTuple):
    """Users by what they click. users: a row each, with `user`, `x`, `y` (the first two principal
    components), `group`, and `served` where the recommender published a group. shares: group x
    category, mean share of clicks. scores: silhouette by number of groups. agreement: adjusted Rand
    index of our groups and the recommender's, NaN without any."""

    users: pd.DataFrame
    shares: pd.DataFrame
    scores: dict[int, float]
    explained: tuple[float, float]
    agreement: float


def user_groups(
    clicks: pd.DataFrame, catalogue: pd.DataFrame, segments: pd.DataFrame
) -> UserGroups:
    """K-means on each user's shares of clicks by category; as many groups as the silhouette says
    (Rousseeuw 1987)."""
    category = dict(zip(catalogue["product_id"], catalogue["category"].fillna(""), strict=True))
    told = clicks.assign(category=clicks["product_id"].map(category).fillna(""))
    counts = pd.crosstab(told["key"], told["category"])
    counts = counts[counts.sum(axis=1) >= CLICKS_MIN]
    shares = counts.div(counts.sum(axis=1), axis=0)
    values = np.sqrt(shares.to_numpy())  # Hellinger: shares differ as distributions do
    scores: dict[int, float] = {}
    labels: dict[int, NDArray[Any]] = {}
    for count in GROUPS:
        if count < len(values):
            labels[count] = KMeans(count, n_init=10, random_state=SEED).fit_predict(values)
            scores[count] = float(silhouette_score(values, labels[count], random_state=SEED))
    best = max(scores, key=lambda count: scores[count])
    pca = PCA(2, random_state=SEED).fit(values)
    at = pca.transform(values)
    group = labels[best]
    order = np.argsort(-np.bincount(group))
    renamed = np.argsort(order)[group]  # group 0 is the largest
    users = pd.DataFrame({"user": shares.index, "x": at[:, 0], "y": at[:, 1], "group": renamed})
    if "group" in segments:
        served = segments.drop_duplicates("key", keep="last").set_index("key")["group"]
        users["served"] = users["user"].map(served)
    else:
        users["served"] = np.nan
    known = users.dropna(subset=["served"])
    agreement = (
        float(adjusted_rand_score(known["served"], known["group"])) if len(known) else float("nan")
    )
    by_group = shares.groupby(renamed).mean()
    first, second = pca.explained_variance_ratio_
    return UserGroups(users, by_group, scores, (float(first), float(second)), agreement)


class ItemSpace(NamedTuple):
    """Items by the autoencoder's codes. items: `product_id`, `title`, `category`, `x`, `y` (PCA of
    the codes). purity: the share of an item's nearest five that are of its category; chance: what
    it would be of items drawn at random."""

    items: pd.DataFrame
    purity: float
    chance: float


def item_space(catalogue: pd.DataFrame, model_dir: str = "") -> ItemSpace:
    """Codes of the shipped autoencoder. Raises ModelError."""
    rows = catalogue.astype(object).where(catalogue.notna(), None)
    names = ("product_id", "title", "category", "brand", "price", "title_zh")
    products = [
        ProductCatalogued(**{name: row[name] for name in names if row.get(name) is not None})
        for row in rows.to_dict("records")
    ]
    codes = ItemCodes(ItemEncoder(model_dir), model_dir).encode(products)
    at = PCA(2, random_state=SEED).fit_transform(codes)
    items = catalogue[["product_id", "title", "category"]].assign(x=at[:, 0], y=at[:, 1])
    items["category"] = items["category"].fillna("")
    unit = codes / np.maximum(np.linalg.norm(codes, axis=1, keepdims=True), 1e-12)
    near = unit @ unit.T
    np.fill_diagonal(near, -np.inf)
    nearest = np.argsort(-near, axis=1, kind="stable")[:, :NEIGHBOURS]
    category = items["category"].to_numpy()
    purity = float((category[nearest] == category[:, None]).mean())
    share = items["category"].value_counts(normalize=True)
    return ItemSpace(items, purity, float((share**2).sum()))


def neighbours(similar: pd.DataFrame, catalogue: pd.DataFrame) -> pd.DataFrame:
    """A row for each of the first five neighbours of each item, as published: `product_id`,
    `neighbour`, `score`, `count`, and both titles and categories."""
    of = catalogue.set_index("product_id")
    rows = [
        {
            "product_id": row.product_id,
            "neighbour": each["product_id"],
            "score": each["score"],
            "count": each["count"],
        }
        for row in similar.drop_duplicates("key", keep="last").itertuples()
        for each in row.items[:NEIGHBOURS]
    ]
    found = pd.DataFrame(rows, columns=["product_id", "neighbour", "score", "count"])
    for name, column in (("", "product_id"), ("neighbour_", "neighbour")):
        for what in ("title", "category"):
            found[f"{name}{what}"] = found[column].map(of[what]).fillna("")
    return found


def sentiment_matrix(scored: pd.DataFrame) -> pd.DataFrame:
    """(rating's side, label) counts of reviews that were judged by their text and have a rating."""
    told = scored[(scored["basis"] == "text") & scored["rating"].notna()]
    side = pd.cut(told["rating"], [-1, 2.5, 3.5, 5], labels=["negative", "neutral", "positive"])
    order = ["negative", "neutral", "positive"]
    return pd.crosstab(side, told["label"]).reindex(index=order, columns=order, fill_value=0)


def asked(retained: Retained) -> list[Asked]:
    """The lists that a click answered and that could have been seen."""
    names = retained.numbers
    return [
        Asked(
            float(each.event_ms),
            each.user,
            tuple(names.product_ids[item] for item in each.items),
            names.product_ids[each.answer],
        )
        for each in retained.lists
        if each.answer is not None and each.could_be_seen and each.event_ms is not None
    ]


def clicked(clicks: pd.DataFrame) -> list[Click]:
    """All clicks, for `prequential.replay`. clicks: of product.clicked alone."""
    session = clicks["session_id"].fillna("") if "session_id" in clicks else [""] * len(clicks)
    times = (clicks["time"] - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(milliseconds=1)
    return [
        Click(float(time), str(user), str(of), str(item))
        for time, user, of, item in zip(
            times, clicks["key"], session, clicks["product_id"], strict=True
        )
    ]


def gini(counts: Sequence[float] | NDArray[Any]) -> float:
    """0: all alike; near 1: all of one (Gini 1912)."""
    ordered = np.sort(np.asarray(counts, float))
    if not ordered.sum():
        return 0.0
    places = np.arange(1, len(ordered) + 1)
    return float((2 * places - len(ordered) - 1) @ ordered / (len(ordered) * ordered.sum()))
