"""The plots of the case study, in matplotlib and seaborn; each takes numbers, returns a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from . import prequential
from .prequential import METHODS, SYSTEM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from .analyses import ItemSpace, UserGroups
    from .prequential import Rate

WIDTH_IN, HEIGHT_IN = 8.0, 4.5
CATEGORIES_MAX = 12
OURS, THEIRS = "#1f6f8b", "#b9c4cc"
LINES = "#e6eaed"
SHADES = sns.light_palette(OURS, as_cmap=True)  # of a share: nearly white where there is none
INTENTS_MAX = 14


def _axes(
    width: float = WIDTH_IN, height: float = HEIGHT_IN, columns: int = 1
) -> tuple[Figure, Any]:
    """A figure of its own, and its axes: nothing of pyplot's state, which threads would share."""
    matplotlib.rcParams["svg.hashsalt"] = "shopkeeper"  # the same numbers, the same file
    figure = Figure((width, height), layout="constrained")
    return figure, figure.subplots(1, columns)


def _tidied(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=LINES, linewidth=0.8)
    axes.set_axisbelow(True)


def users(groups: UserGroups) -> Figure:
    """Users on the first two principal components, coloured by K-means group."""
    figure, axes = _axes(7.5, 5.5)
    count = groups.users["group"].nunique()
    sns.scatterplot(
        groups.users,
        x="x",
        y="y",
        hue="group",
        style="group",
        ax=axes,
        s=36,
        linewidth=0.3,
        palette=sns.color_palette("colorblind", count),
    )
    first, second = groups.explained
    axes.set_xlabel(f"first component ({100 * first:.0f} % of the variance)")
    axes.set_ylabel(f"second component ({100 * second:.0f} %)")
    axes.legend(title="group", loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def group_categories(groups: UserGroups) -> Figure:
    """What each group clicks: mean share by category."""
    shares = groups.shares
    order = shares.max().sort_values(ascending=False).index[:CATEGORIES_MAX]
    figure, axes = _axes(8, 0.5 * len(shares) + 2.2)
    sizes = groups.users["group"].value_counts()
    table = shares[order].set_axis([f"{n} ({sizes[n]} users)" for n in shares.index])
    sns.heatmap(
        table,
        ax=axes,
        cmap=SHADES,
        linecolor=LINES,
        annot=True,
        fmt=".0%",
        cbar=False,
        linewidths=1,
        annot_kws={"fontsize": 8},
    )
    axes.set_ylabel("group")
    axes.set_xlabel("")
    axes.tick_params(axis="x", rotation=40)
    for label in axes.get_xticklabels():
        label.set_horizontalalignment("right")
    axes.tick_params(axis="y", rotation=0)
    return figure


def items(space: ItemSpace) -> Figure:
    """Items by the autoencoder's codes, the largest categories coloured."""
    figure, axes = _axes(9, 6)
    largest = space.items["category"].value_counts().index[:CATEGORIES_MAX]
    kind = space.items["category"].where(space.items["category"].isin(largest), "others")
    order = [*largest, *(["others"] if (kind == "others").any() else [])]
    sns.scatterplot(
        space.items.assign(kind=kind),
        x="x",
        y="y",
        hue="kind",
        hue_order=order,
        style="kind",
        style_order=order,
        ax=axes,
        s=42,
        linewidth=0.3,
        palette=[*sns.color_palette("husl", len(largest)), "#b9c4cc"][: len(order)],
    )
    axes.set_xlabel("first component of the codes")
    axes.set_ylabel("second component")
    axes.legend(title="category", loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def neighbours(found: pd.DataFrame) -> Figure:
    """Categories of items against those of their neighbours, as shares of a row."""
    largest = found["category"].value_counts().index[: CATEGORIES_MAX + 4]
    some = found[found["category"].isin(largest) & found["neighbour_category"].isin(largest)]
    table = pd.crosstab(some["category"], some["neighbour_category"], normalize="index")
    figure, axes = _axes(9, 7)
    sns.heatmap(
        table,
        ax=axes,
        cmap=SHADES,
        vmin=0,
        vmax=1,
        linewidths=0.5,
        linecolor=LINES,
        square=True,
        cbar_kws={"label": "share of the row's neighbours", "shrink": 0.7},
    )
    axes.set_xlabel("category of the neighbour")
    axes.set_ylabel("category of the item")
    axes.tick_params(axis="x", rotation=45)
    for label in axes.get_xticklabels():
        label.set_horizontalalignment("right")
    return figure


def hit_rates(rates: Mapping[str, Rate], name: str = "HR@10") -> Figure:
    """One bar per method, with its interval."""
    figure, axes = _axes()
    values = [rates[method] for method in METHODS]
    colours = [OURS if method == SYSTEM else THEIRS for method in METHODS]
    axes.bar(METHODS, [rate.value for rate in values], color=colours)
    axes.errorbar(
        METHODS,
        [rate.value for rate in values],
        _reach(values),
        fmt="none",
        ecolor="#1c2733",
        capsize=4,
        lw=1.2,
    )
    for method, rate in zip(METHODS, values, strict=True):
        axes.annotate(
            f"{rate.value:.3f}",
            (method, rate.high),
            (0, 5),
            textcoords="offset points",
            ha="center",
        )
    axes.set_ylabel(f"{name} of answered lists")
    axes.margins(y=0.12)
    _tidied(axes)
    return figure


def rates_by(parts: Mapping[str, Mapping[str, Rate]], label: str) -> Figure:
    """Hit rates by method, for each part of the lists."""
    figure, axes = _axes()
    colours = dict(zip(METHODS, sns.color_palette("colorblind", len(METHODS)), strict=True))
    places = np.arange(len(parts))
    for number, method in enumerate(METHODS):
        values = [part[method] for part in parts.values()]
        shift = (number - (len(METHODS) - 1) / 2) * 0.06
        axes.errorbar(
            places + shift,
            [rate.value for rate in values],
            _reach(values),
            label=method,
            color=colours[method],
            marker="o",
            capsize=3,
            lw=2.4 if method == SYSTEM else 1.2,
        )
    names = [f"{name}\n({part[SYSTEM].steps} lists)" for name, part in parts.items()]
    axes.set_xticks(places, names)
    axes.set_xlabel(label)
    axes.set_ylabel("HR@10")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    _tidied(axes)
    return figure


def _reach(rates: Sequence[Rate]) -> NDArray[Any]:
    return np.array(
        [[rate.value - rate.low for rate in rates], [rate.high - rate.value for rate in rates]]
    ).clip(min=0)


def intents(found: pd.DataFrame) -> Figure:
    """How often each intent was recognised, by what was understood; and how sure it was."""
    figure, (left, right) = _axes(11, 5, 2)
    kinds = {"products.searched.v1": "searches", "question.asked.v1": "questions"}
    told = found.assign(kind=found["event_type"].map(kinds).fillna(found["event_type"]))
    order = told["intent"].value_counts().index[:INTENTS_MAX]
    counts = pd.crosstab(told["intent"], told["kind"]).reindex(order)
    counts.plot.barh(stacked=True, ax=left, color=sns.color_palette("colorblind"), width=0.8)
    left.invert_yaxis()
    left.set_ylabel("")
    left.set_xlabel("texts")
    left.legend(title="", frameon=False)
    left.spines[["top", "right"]].set_visible(False)
    sns.ecdfplot(told, x="score", hue="language", ax=right)
    right.set_xlabel("probability of the intent that was given")
    right.set_ylabel("share of texts up to it")
    _tidied(right)
    return figure


def matrix(table: pd.DataFrame, rows: str, columns: str) -> Figure:
    """A confusion matrix: shares of a row, with counts."""
    figure, axes = _axes(6, 4.6)
    shares = table.div(table.sum(axis=1).clip(lower=1), axis=0)
    told = table.map(str) + "\n" + shares.map("{:.0%}".format)
    sns.heatmap(
        shares,
        ax=axes,
        annot=told,
        fmt="",
        cmap=SHADES,
        vmin=0,
        vmax=1,
        cbar=False,
        linewidths=1,
        linecolor=LINES,
    )
    axes.set_xlabel(columns)
    axes.set_ylabel(rows)
    axes.tick_params(axis="y", rotation=0)
    return figure


def aspects(scored: pd.DataFrame) -> Figure:
    """What reviews speak of, and how they feel about it."""
    figure, axes = _axes()
    told = scored["aspects"].dropna()  # a review that speaks of none has none
    said = [(each["aspect"], each["polarity"]) for row in told for each in row]
    table = pd.DataFrame(said, columns=["aspect", "polarity"])
    counts = pd.crosstab(table["aspect"], table["polarity"])
    counts = counts.loc[counts.sum(axis=1).sort_values(ascending=False).index]
    counts.plot.bar(ax=axes, color=["#c8553d", OURS], width=0.75)
    axes.set_xlabel("")
    axes.set_ylabel("opinions in reviews")
    axes.tick_params(axis="x", rotation=25)
    axes.legend(title="", frameon=False)
    _tidied(axes)
    return figure


def answers(given: pd.DataFrame) -> Figure:
    """Who answered questions, and how sure answers were."""
    figure, (left, right) = _axes(11, 4.5, 2)
    has = given["answer"].notna()
    counts = pd.crosstab(given["route"], np.where(has, "answered", "left to a person"))
    counts = counts.loc[counts.sum(axis=1).sort_values(ascending=False).index]
    counts.plot.bar(stacked=True, ax=left, color=[OURS, THEIRS], width=0.7)
    left.set_xlabel("route")
    left.set_ylabel("questions")
    left.tick_params(axis="x", rotation=25)
    left.legend(title="", frameon=False)
    _tidied(left)
    shown = given.assign(outcome=np.where(has, "answered", "left to a person"))
    sns.histplot(
        shown,
        x="confidence",
        hue="outcome",
        bins=20,
        ax=right,
        multiple="stack",
        hue_order=["answered", "left to a person"],
        palette=[OURS, THEIRS],
        edgecolor="white",
    )
    right.set_xlabel("confidence")
    right.set_ylabel("questions")
    _tidied(right)
    return figure


def lorenz(steps: Sequence[prequential.Step], clicked: Mapping[str, int]) -> Figure:
    """Concentration of what each method shows, and of what users click: items from the least shown
    to the most (Lorenz 1905)."""
    figure, axes = _axes(6.5, 5.5)
    everything = sorted(clicked)
    lines = {m: prequential.exposure(steps, m, everything) for m in METHODS}
    lines["clicks"] = np.array([clicked[item] for item in everything], np.int64)
    for number, (name, counts) in enumerate(lines.items()):
        ordered = np.sort(counts)
        share = np.concatenate([[0], np.cumsum(ordered) / max(1, ordered.sum())])
        axes.plot(
            np.linspace(0, 1, len(share)),
            share,
            label=name,
            color=sns.color_palette("colorblind")[number],
            lw=2.4 if name == SYSTEM else 1.3,
            linestyle="--" if name == "clicks" else "-",
        )
    axes.plot([0, 1], [0, 1], color="#9aa5ae", lw=0.8)
    axes.set_xlabel("share of the items, the least shown first")
    axes.set_ylabel("share of what was shown")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def groups_served(rates: Mapping[str, Rate], label: str) -> Figure:
    """Hit rate by group of users, with intervals."""
    figure, axes = _axes(7, 4)
    names = [f"{name}\n({rate.steps} lists)" for name, rate in rates.items()]
    values = list(rates.values())
    axes.errorbar(
        names, [rate.value for rate in values], _reach(values), fmt="o", color=OURS, capsize=4
    )
    axes.set_ylim(bottom=0)
    axes.set_xlabel(label)
    axes.set_ylabel("HR@10")
    axes.margins(x=0.15)
    _tidied(axes)
    return figure
