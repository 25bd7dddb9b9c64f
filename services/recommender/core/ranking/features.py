"""What the blend is told of a candidate: what each expert says of it, and what it is.

`gather` (in candidates.py) writes the raw numbers of `RAW`, a row per candidate; `describe` scales
them so that a small network can use them, by blocks of columns, for a whole batch of lists at once:
live batches are small, and then every numpy call counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Raw numbers by how they are scaled. Neighbours: item-based collaborative filtering; "last" and
# "second" are the item of the newest entry and the one before it that is another.
ROOTS = (  # square root
    "base",  # score without the blend
    "similarity_last",
    "similarity_second",
    "similarity_max",
    "confidence_last",  # c(i, j) / n(i)
    "two_step",  # neighbours of neighbours
    "followed",  # sequential rules: came after a recent item in the newest sessions with it
    "followed_last",
    "next_last",  # directly after
    "preceded_last",
    "recent_last",  # share of the newest 30 sessions with the last item
    "return_rate",  # how often who saw it came back to it in the session
    "immediate_rate",  # and at once
    "content",  # a new item that fits what was looked at
    "searched",  # fits what was searched for last
)
LOGS = (  # log(1 + x)
    "count_last",  # c(i, j)
    "votes",  # recent items that have it as a neighbour
    "sessions",  # neighbour sessions (VMIS-kNN)
    "sessions_recent",  # likewise, newer ones counting more
    "sessions_last",  # the newest sessions that hold it and the last item
    "popularity",  # n(j)
    "heat",  # lately
    "silence",  # events since it was last seen anywhere
    "length",  # recent entries
    "distinct",  # different ones among them
    "place_base",  # place in the list by each expert
    "place_two_step",
    "place_followed",
    "place_sessions",
)
PLAIN = (
    "share_base",  # of the list's largest
    "share_two_step",
    "share_followed",
    "share_sessions",
    "times",  # it is among the recent items
    "recency",  # 1 / (1 + entries since it was last there), 0 if it was not
    "sentiment",  # Bayesian mean of its reviews
    "same_category",  # as the last item
    "vector_last",  # cosine with the last item's vector (item2vec)
    "vector_recent",  # with the recent items' vectors, older ones counting less
)
RAW = ROOTS + LOGS + PLAIN
LOGARITHMS = ("base", "similarity_last", "two_step", "followed", "followed_last")  # as well
PLACES = ("place_base", "place_two_step", "place_followed", "place_sessions")
DERIVED = (
    *(f"{name}_log" for name in LOGARITHMS),
    *(f"{name}_inverse" for name in PLACES),  # 1 / sqrt(1 + place)
    *(f"{name}_top" for name in PLACES),  # within the first 20
    "seen",
    "seen_last",  # it is the last item
    "seen_second",  # one entry ago
    "seen_third",
    "twice",  # at least
    "only_entry",  # the last item, with nothing before it
    "only_item",  # the last item, with no other before it
    "last_of_repeats",  # the last item, where something was seen twice
    "seen_of_repeats",
    "seen_length",  # log(1 + length) where seen
    "return_rate_seen",
    "return_rate_last",
    "immediate_rate_last",
)
FEATURES = RAW + DERIVED
BASE = FEATURES.index("base")
PRIOR = {FEATURES.index("searched"): 0.5}  # by feature: its weight before anybody has clicked
# fmt: off
EXPERTS = {  # whose word a feature is
    "neighbours": (
        "base",
        "similarity",
        "confidence",
        "count",
        "votes",
        "place_base",
        "share_base",
    ),
    "two_step": ("two_step", "place_two_step", "share_two_step"),
    "sequence": ("followed", "next", "preceded", "place_followed", "share_followed"),
    "sessions": ("sessions", "recent", "place_sessions", "share_sessions"),
    "popularity": ("popularity", "heat", "silence"),
    "repeats": ("times", "recency", "seen", "twice", "only", "last_of", "return", "immediate"),
    "reviews": ("sentiment",),
    "category": ("same_category",),
    "content": ("content",),
    "search": ("searched",),
    "vectors": ("vector",),
    "context": ("length", "distinct"),
}
# fmt: on
TINY = 1e-3
TIMES_MAX = 5.0


def expert_of(feature: str) -> str:
    """Which expert's word a feature is: the longest prefix decides."""
    _, expert = max(
        (len(prefix), expert)
        for expert, prefixes in EXPERTS.items()
        for prefix in prefixes
        if feature.startswith(prefix)
    )
    return expert


EXPERT_OF = tuple(expert_of(feature) for feature in FEATURES)
_ROOTS = slice(0, len(ROOTS))
_LOGS = slice(len(ROOTS), len(ROOTS) + len(LOGS))
_PLAIN = slice(len(ROOTS) + len(LOGS), len(RAW))
_LOGARITHMS = [RAW.index(name) for name in LOGARITHMS]
_PLACES = [RAW.index(name) for name in PLACES]
_TIMES, _RECENCY = RAW.index("times"), RAW.index("recency")
_LENGTH, _DISTINCT = RAW.index("length"), RAW.index("distinct")
_RETURN, _IMMEDIATE = RAW.index("return_rate"), RAW.index("immediate_rate")


def describe(raw: NDArray[np.float32]) -> NDArray[np.float32]:
    """(candidates, features), in the order of `FEATURES`, of (candidates, RAW)."""
    features = np.empty((len(raw), len(FEATURES)), np.float32)
    np.sqrt(raw[:, _ROOTS], out=features[:, _ROOTS])
    np.log(raw[:, _LOGS] + np.float32(1), out=features[:, _LOGS])  # faster than log1p by far
    features[:, _PLAIN] = raw[:, _PLAIN]
    times = raw[:, _TIMES]
    np.minimum(times, TIMES_MAX, out=features[:, _TIMES])
    at = len(RAW)
    features[:, at : at + len(LOGARITHMS)] = np.log(raw[:, _LOGARITHMS] + np.float32(TINY))
    at += len(LOGARITHMS)
    places = raw[:, _PLACES]
    features[:, at : at + len(PLACES)] = 1 / np.sqrt(places + 1)
    at += len(PLACES)
    features[:, at : at + len(PLACES)] = places < 20
    at += len(PLACES)
    recency = raw[:, _RECENCY]
    seen, last = recency > 0, recency == 1
    repeats = raw[:, _LENGTH] > raw[:, _DISTINCT]
    features[:, at] = seen
    features[:, at + 1] = last
    features[:, at + 2] = recency == np.float32(1 / 2)
    features[:, at + 3] = recency == np.float32(1 / 3)
    features[:, at + 4] = times >= 2
    features[:, at + 5] = last & (raw[:, _LENGTH] == 1)
    features[:, at + 6] = last & (raw[:, _DISTINCT] == 1)
    features[:, at + 7] = last & repeats
    features[:, at + 8] = seen & repeats
    features[:, at + 9] = features[:, _LENGTH] * seen
    features[:, at + 10] = raw[:, _RETURN] * seen
    features[:, at + 11] = raw[:, _RETURN] * last
    features[:, at + 12] = raw[:, _IMMEDIATE] * last
    return features
