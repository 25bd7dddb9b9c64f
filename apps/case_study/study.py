"""From a broker's topics to the report: numbers, plots and a page in one folder."""

from __future__ import annotations

import asyncio
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from shopkeeper.apps import frames
from shopkeeper.apps.report import source
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.settings import KafkaSettings

from . import analyses, drawings, prequential
from .writing import number, percent, plain, share, told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure


LISTS_MAX = 200_000
ANSWERS_MIN = 20  # answered lists, below which no rate is drawn
USERS_MIN = 20
EXAMPLES = 6


@dataclass
class Plot:
    """One plot of the report and what stands around it. table: rows, the head first."""

    name: str
    title: str
    text: str
    figure: Figure | None = None
    table: Sequence[Sequence[str]] = ()


@dataclass
class Section:
    """A heading and its plots."""

    name: str
    title: str
    plots: list[Plot] = field(default_factory=list)


@dataclass
class Study:
    """Everything found. numbers: what figures.json holds."""

    sections: list[Section]
    numbers: dict[str, Any]


def study(broker: str, type_prefix: str = "com.example.shop.", model_dir: str = "") -> Study:
    """Read the topics of the broker, and work everything out. Raises KafkaError, ModelError."""
    kafka = KafkaSettings((broker,))
    with ThreadPoolExecutor(1, "case-study") as pool:
        retained = pool.submit(asyncio.run, source.read(kafka, type_prefix, LISTS_MAX)).result()
    of = {name: frames.read(name, broker) for name in _READ}
    newest = of[topics.CATALOGUE].drop_duplicates("key", keep="last", ignore_index=True)
    clicks = of[topics.CLICKS]
    clicks = clicks[clicks["type"] == "product.clicked.v1"].reset_index(drop=True)
    numbers: dict[str, Any] = {
        "records": {name: len(frame) for name, frame in of.items()},
        "clicks": len(clicks),
        "users": int(clicks["key"].nunique()),
        "products": len(newest),
    }
    category = (
        {
            row.product_id: row.category if isinstance(row.category, str) else ""
            for row in newest.itertuples()
        }
        if "category" in newest
        else {}
    )
    steps = prequential.replay(analyses.clicked(clicks), analyses.asked(retained), category)
    sections = [
        _recommendations(steps, clicks, numbers),
        _groups(clicks, newest, of[topics.SEGMENTS], numbers),
        _items(newest, of[topics.SIMILAR_ITEMS], model_dir, numbers),
        _texts(of, numbers),
        _fairness(steps, clicks, of, numbers),
    ]
    return Study([section for section in sections if section.plots], numbers)


_READ = (
    topics.CLICKS,
    topics.CATALOGUE,
    topics.SEARCHES,
    topics.QUESTIONS,
    topics.SEGMENTS,
    topics.SIMILAR_ITEMS,
    topics.INTENTS,
    topics.SENTIMENTS,
    topics.ANSWERS,
)


def _recommendations(
    steps: Sequence[prequential.Step], clicks: pd.DataFrame, numbers: dict[str, Any]
) -> Section:
    section = Section("recommendations", "Recommendations against the traditional way")
    numbers["answered_lists"] = len(steps)
    if len(steps) < ANSWERS_MIN:
        return section
    rates, ranks = prequential.hit_rates(steps), prequential.reciprocal_ranks(steps)
    lifts = {method: prequential.uplift(steps, method) for method in prequential.METHODS[1:]}
    numbers |= {
        "HR@10": plain(rates),
        "MRR@10": plain(ranks),
        "uplift": plain(lifts),
        "HR@10_by_history": {n: plain(part) for n, part in prequential.by_history(steps).items()},
        "HR@10_by_item": {n: plain(part) for n, part in prequential.by_item_age(steps).items()},
    }
    table = [("method", "HR@10", "MRR@10", "uplift of shopkeeper")]
    for method in prequential.METHODS:
        over = "" if method == prequential.SYSTEM else percent(lifts[method])
        table.append((method, told(rates[method]), told(ranks[method]), over))
    section.plots += [
        Plot(
            "uplift",
            "How often the next click is among the ten items shown",
            f"{len(steps):,} lists that stood long enough to be seen and that a click answered. "
            "Every method ranks from the clicks before the list's own event. The traditional way "
            "is the most popular items, of all or of the category that the user looks at. "
            "Intervals of 95 % are of a bootstrap over users.",
            drawings.hit_rates(rates),
            table,
        ),
        Plot(
            "history",
            "From the first click on: cold start of users",
            "By how many clicks the user had when the list was made.",
            drawings.rates_by(prequential.by_history(steps), "clicks of the user so far"),
        ),
        Plot(
            "new-items",
            "Cold start of items",
            f"By whether the item that was clicked next had {prequential.COLD_CLICKS} clicks yet. "
            "Methods that know clicks alone cannot find what nobody has clicked.",
            drawings.rates_by(prequential.by_item_age(steps), "the item that was clicked next"),
        ),
    ]
    return section


def _groups(
    clicks: pd.DataFrame, catalogue: pd.DataFrame, segments: pd.DataFrame, numbers: dict[str, Any]
) -> Section:
    section = Section("groups", "Groups of users")
    active = clicks["key"].value_counts()
    if "category" not in catalogue or (active >= analyses.CLICKS_MIN).sum() < USERS_MIN:
        return section
    found = analyses.user_groups(clicks, catalogue, segments)
    numbers["groups"] = {
        "users": len(found.users),
        "silhouette": {str(count): round(score, 4) for count, score in found.scores.items()},
        "explained_variance": [round(share, 4) for share in found.explained],
        "agreement_with_served_groups": number(found.agreement),
    }
    best = found.users["group"].nunique()
    served = (
        f" The recommender's own groups agree with them at an adjusted Rand index of "
        f"{found.agreement:.2f} (0: as by chance, 1: the same)."
        if math.isfinite(found.agreement)
        else ""
    )
    section.plots += [
        Plot(
            "users",
            "Users by what they click",
            f"PCA of each user's shares of clicks by category (square roots), and K-means with "
            f"{best} groups, the number with the highest silhouette "
            f"({found.scores[best]:.2f}).{served}",
            drawings.users(found),
        ),
        Plot(
            "group-categories",
            "What each group clicks",
            "Mean share of a member's clicks by category.",
            drawings.group_categories(found),
        ),
    ]
    return section


def _items(
    catalogue: pd.DataFrame, similar: pd.DataFrame, model_dir: str, numbers: dict[str, Any]
) -> Section:
    section = Section("items", "Items: what they are, and what goes with them")
    if not {"title", "category"} <= set(catalogue):
        return section
    if len(catalogue) > 3:
        for name in ("brand", "price", "title_zh"):
            if name not in catalogue:
                catalogue = catalogue.assign(**{name: None})
        space = analyses.item_space(catalogue, model_dir)
        numbers["item_space"] = {
            "purity@5": round(space.purity, 4),
            "purity_by_chance": round(space.chance, 4),
        }
        section.plots.append(
            Plot(
                "item-space",
                "The space of items",
                "PCA of the autoencoder's 64 codes, made from titles, categories, brands and "
                f"prices alone: no click is needed. Of an item's five nearest, "
                f"{100 * space.purity:.0f} % are of its category (by chance "
                f"{100 * space.chance:.0f} %).",
                drawings.items(space),
            )
        )
    if not len(similar):
        return section
    near = analyses.neighbours(similar, catalogue)
    within = float((near["category"] == near["neighbour_category"]).mean())
    numbers["neighbours"] = {"pairs": len(near), "within_category": round(within, 4)}
    table = [("item", "goes with", "sessions with both", "score")]
    best = near.sort_values(["count", "score"], ascending=False).drop_duplicates("product_id")
    for row in best.head(EXAMPLES).itertuples():
        table.append((row.title, row.neighbour_title, f"{row.count:,}", f"{row.score:.3f}"))
    section.plots.append(
        Plot(
            "neighbours",
            "Neighbours of items",
            "The first five similar items of each, learned from sessions and published on "
            f"{topics.SIMILAR_ITEMS}. {100 * within:.0f} % stay in the item's category; the rest "
            "are what goes with it.",
            drawings.neighbours(near),
            table,
        )
    )
    return section


def _texts(of: Mapping[str, pd.DataFrame], numbers: dict[str, Any]) -> Section:
    section = Section("texts", "Intents, sentiment, answers")
    intents, scored, given = of[topics.INTENTS], of[topics.SENTIMENTS], of[topics.ANSWERS]
    if len(intents):
        outside = float((intents["intent"] == "out_of_scope").mean())
        searches = intents[intents["event_type"] == "products.searched.v1"]
        numbers["intents"] = {
            "texts": len(intents),
            "by_intent": {str(k): int(v) for k, v in intents["intent"].value_counts().items()},
            "out_of_scope": round(outside, 4),
            "searches_for_products": share(searches["intent"] == "product_search"),
        }
        section.plots.append(
            Plot(
                "intents",
                "What searches and questions want",
                f"{len(intents):,} texts; {100 * outside:.1f} % were out of scope or not sure "
                "enough to say.",
                drawings.intents(intents),
            )
        )
    if len(scored):
        if "rating" not in scored:
            scored = scored.assign(rating=np.nan)
        table = analyses.sentiment_matrix(scored)
        right, count = int(np.trace(table.to_numpy())), int(table.to_numpy().sum())
        numbers["sentiment"] = {
            "reviews": len(scored),
            "by_label": {str(k): int(v) for k, v in scored["label"].value_counts().items()},
            "with_rating": count,
            "agrees_with_rating": round(right / count, 4) if count else None,
        }
        if count:
            section.plots.append(
                Plot(
                    "sentiment",
                    "How reviews feel, and how they were rated",
                    f"{count:,} reviews that have a text and a rating; the label is made from the "
                    f"text alone, and agrees with the rating for {100 * right / count:.0f} %. "
                    "Ratings: up to 2 negative, 3 neutral, 4 and 5 positive.",
                    drawings.matrix(table, "rating", "label of the text"),
                )
            )
        if "aspects" in scored and scored["aspects"].notna().any():
            section.plots.append(
                Plot("aspects", "What reviews speak of", "", drawings.aspects(scored))
            )
    if len(given):
        answered = given["answer"].notna()
        numbers["answers"] = {
            "questions": len(given),
            "answered": share(answered),
            "latency_ms_median": number(float(given["latency_ms"].median())),
            "by_route": {str(k): int(v) for k, v in given["route"].value_counts().items()},
        }
        section.plots.append(
            Plot(
                "answers",
                "Questions and answers",
                f"{len(given):,} questions, {100 * answered.mean():.0f} % answered from what the "
                "shop says, its catalogue, its reviews and the user's own orders; the others were "
                "left to a person.",
                drawings.answers(given),
            )
        )
    return section


def _fairness(
    steps: Sequence[prequential.Step],
    clicks: pd.DataFrame,
    of: Mapping[str, pd.DataFrame],
    numbers: dict[str, Any],
) -> Section:
    section = Section("fairness", "Fairness")
    if len(steps) < ANSWERS_MIN:
        return section
    clicked = {str(k): int(v) for k, v in clicks["product_id"].value_counts().items()}
    ginis = {
        method: round(analyses.gini(prequential.exposure(steps, method, sorted(clicked))), 4)
        for method in prequential.METHODS
    }
    shown = {
        m: round(float((prequential.exposure(steps, m, sorted(clicked)) > 0).mean()), 4)
        for m in prequential.METHODS
    }
    numbers["gini_of_exposure"] = ginis | {"clicks": round(analyses.gini([*clicked.values()]), 4)}
    numbers["coverage"] = shown
    table = [("method", "Gini index of exposure", "share of clicked items ever shown")]
    table += [(m, f"{ginis[m]:.3f}", f"{100 * shown[m]:.0f} %") for m in prequential.METHODS]
    section.plots.append(
        Plot(
            "lorenz",
            "How evenly items are shown",
            "Below the diagonal, few items get most of the places: popularity shows ten items "
            "alone. The dashed line is what users click by themselves.",
            drawings.lorenz(steps, clicked),
            table,
        )
    )
    spoken = _languages(of)
    groups = {
        name: [step for step in steps if spoken.get(step.user) == name]
        for name in sorted(set(spoken.values()))
    }
    rates = {
        name: prequential.hit_rates(some)[prequential.SYSTEM]
        for name, some in groups.items()
        if len({step.user for step in some}) >= USERS_MIN
    }
    numbers["HR@10_by_language"] = plain(rates)
    if len(rates) > 1:
        section.plots.append(
            Plot(
                "languages",
                "Users by the language that they write",
                f"Hit rate of the lists of users whose searches and questions are in one "
                f"language; groups of {USERS_MIN} users at least. The recommender is not told it.",
                drawings.groups_served(rates, "language"),
            )
        )
    return section


def _languages(of: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """User -> language, of those who wrote in one alone."""
    found: dict[str, set[str]] = {}
    for row in of[topics.INTENTS].itertuples():
        found.setdefault(str(row.key), set()).add(str(row.language))
    return {user: next(iter(said)) for user, said in found.items() if len(said) == 1}
