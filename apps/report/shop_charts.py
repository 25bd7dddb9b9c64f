"""The sections of a running shop: `Figures` with words around them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from shopkeeper.apps.cli.summaries import printable

from . import groups
from .charts import Chart, Section, Series, Words, written, written_duration
from .figures import CUTOFF, CUTOFFS, NONE, OTHERS, Figures, Share
from .kinds_of_products import NEW_VISITS

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

MEASURES = ("HR", "MRR", "NDCG")
LIFT_EDGES = np.linspace(-1, 3, 33)  # what lies beyond is in the last
AGE_STEPS_PER_TENFOLD = 4
USERS_MIN, ANSWERS_MIN = 5, 20  # of which a plot says something
TITLE_CHARACTERS = 60


def sections(found: Figures, titles: Mapping[str, str], words: Words) -> list[Section]:
    """titles: product id -> title, of the catalogue."""
    return [
        _quality(found, words),
        _items(found, titles, words),
        _users(found, words),
        groups.section(found.groups, found.profiles, words, CUTOFF),
        _clarity(found, words),
        _use(found, words),
        _timeliness(found, words),
    ]


def chart(name: str, words: Words, least: int = USERS_MIN, **rest: Any) -> Chart:
    """A chart with the words of its name. least: how many a point must stand for."""
    return Chart(
        name,
        words(f"{name}.title"),
        words(f"{name}.text", least=least),
        x_label=words(f"{name}.x"),
        y_label=words(f"{name}.y"),
        **rest,
    )


def _quality(found: Figures, words: Words) -> Section:
    count = found.answered_seeable
    few = "" if count >= ANSWERS_MIN else words("few-answers", count=count)
    accuracy = chart(
        "accuracy",
        words,
        x=[f"@{cutoff}" for cutoff in CUTOFFS],
        series=[_at_cutoffs(found.accuracy, measure) for measure in MEASURES],
        problem=few,
    )
    windows = chart(
        "windows",
        words,
        kind="times",
        x=found.windows_ms,
        series=[
            Series(f"{m}@{CUTOFF}", [window[f"{m}@{CUTOFF}"] for window in found.windows])
            for m in MEASURES
        ],
        problem=few or ("" if found.windows else words("few-answers", count=count)),
    )
    groups = {n: part for n, part in found.activity.items() if part["users"] >= USERS_MIN}
    activity = chart(
        "activity",
        words,
        x=[
            words("activity.group", clicks=name, users=f"{part['users']:,}")
            for name, part in groups.items()
        ],
        series=[
            Series(
                f"{m}@{CUTOFF}",
                [part[f"{m}@{CUTOFF}"] for part in groups.values()],
                [part[f"{m}@{CUTOFF}_95"][0] for part in groups.values()],
                [part[f"{m}@{CUTOFF}_95"][1] for part in groups.values()],
            )
            for m in MEASURES[:2]
        ],
        problem=few or ("" if groups else words("few-users", count=found.users)),
    )
    return _section("quality", words, _accuracies(found, words), [accuracy, windows, activity])


def _accuracies(found: Figures, words: Words) -> list[tuple[str, ...]]:
    names = [f"{measure}@{CUTOFF}" for measure in MEASURES]
    rows = [(words("lists"), words("predictions"), *names)]
    for name, part in (
        ("lists-seeable", found.accuracy),
        ("lists-unseen", found.accuracy_unseen),
        ("lists-all", found.accuracy_all),
    ):
        if part:
            figures = (
                f"{part[n]:.3f} ({part[f'{n}_95'][0]:.3f}–{part[f'{n}_95'][1]:.3f})" for n in names
            )
            rows.append((words(name), f"{part['predictions']:,}", *figures))
    return rows if len(rows) > 1 else []


def _at_cutoffs(accuracy: Mapping[str, Any], measure: str) -> Series:
    if not accuracy:
        return Series(measure, [])
    low, high = accuracy[f"{measure}@{CUTOFF}_95"]
    unknown = [math.nan] * (len(CUTOFFS) - 1)
    values = [accuracy[f"{measure}@{cutoff}"] for cutoff in CUTOFFS]
    return Series(measure, values, [*unknown, low], [*unknown, high])


def _items(found: Figures, titles: Mapping[str, str], words: Words) -> Section:
    shown, clicked = found.lorenz
    lorenz = chart(
        "lorenz",
        words,
        kind="lines",
        x=np.linspace(0, 1, len(shown)).tolist(),
        series=[Series(words("shown"), shown.tolist()), Series(words("clicked"), clicked.tolist())],
        x_form="share",
        even=True,
        table_step=10,
    )
    no_catalogue = "" if found.categories else words("no-catalogue")
    shares = [
        chart(
            "categories",
            words,
            kind="rows",
            problem=no_catalogue,
            **_shares(found.categories, words),
        ),
        chart(
            "prices",
            words,
            problem="" if found.prices else words("no-prices"),
            **_shares(found.prices, words),
        ),
        chart(
            "opinions",
            words,
            problem="" if found.opinions else words("no-opinions"),
            **_shares(found.opinions, words),
        ),
        chart(
            "brands",
            words,
            problem="" if found.brands else words("no-brands"),
            **_shares(found.brands, words, "brand"),
        ),
        _newness(found, words),
    ]
    facts = [
        (words("product"), words("times-shown"), words("clicks")),
        *(
            (printable(titles.get(name, name), TITLE_CHARACTERS), f"{n:,}", f"{clicks:,}")
            for name, n, clicks in found.top
        ),
    ]
    text = words(
        "items.text",
        coverage=written(found.coverage, "share"),
        gini=f"{found.beyond[f'gini@{CUTOFF}']:.3f}",
        gini_clicks=f"{found.gini_clicks:.3f}",
    )
    return Section("items", words("items.title"), text, facts, [lorenz, *shares])


def _newness(found: Figures, words: Words) -> Chart:
    return Chart(
        "newness",
        words("newness.title"),
        words("newness.text", visits=NEW_VISITS),
        x_label=words("newness.x"),
        y_label=words("newness.y"),
        problem="" if found.newness else words("no-catalogue"),
        **_shares(found.newness, words, "newness"),
    )


def _shares(groups: Sequence[Share], words: Words, prefix: str = "opinion") -> dict[str, Any]:
    return {
        "x": [_group(share.group, words, prefix) for share in groups],
        "series": [
            Series(words("of-catalogue"), [share.catalogue for share in groups]),
            Series(words("of-shown"), [share.shown for share in groups]),
            Series(words("of-clicks"), [share.clicked for share in groups]),
        ],
    }


def _group(name: str, words: Words, prefix: str) -> str:
    named = {OTHERS: "others", NONE: "none"}
    return words(named[name]) if name in named else words.get(f"{prefix}.{name}", name)


def _users(found: Figures, words: Words) -> Section:
    count = len(found.lift)
    inside = np.clip(found.lift, LIFT_EDGES[0], LIFT_EDGES[-1])
    lift = chart(
        "lift",
        words,
        kind="histogram",
        form="count",
        x=LIFT_EDGES.tolist(),
        series=[Series(words("users"), np.histogram(inside, LIFT_EDGES)[0].tolist())],
        x_form="share",
        mark=0.0,
        problem="" if count >= USERS_MIN else words("few-users", count=count),
    )
    above = float((found.lift > 0).mean()) if count else 0.0
    facts = [
        (words("figure"), words("value")),
        (words("lift-mean"), written(found.beyond[f"popularity_lift@{CUTOFF}"], "share")),
        (words("lift-above"), f"{written(above, 'share')} ({count:,})"),
        (words("novelty"), written(found.beyond[f"novelty@{CUTOFF}"], "number")),
    ]
    if found.trending_share is not None:
        facts.append((words("trending-share"), written(found.trending_share, "share")))
    return _section("users", words, facts, [lift])


def _clarity(found: Figures, words: Words) -> Section:
    return _section(
        "clarity",
        words,
        charts=[
            _counted("codes", found.codes, "code", words),
            _counted("fallback", found.fallback, "fallback", words),
            _counted("models", found.models, "model", words),
        ],
    )


def _counted(name: str, counts: Counter[str], prefix: str, words: Words) -> Chart:
    total = max(1, counts.total())
    ranked = counts.most_common()
    return chart(
        name,
        words,
        kind="rows",
        x=[words.get(f"{prefix}.{key}", key) for key, _ in ranked],
        series=[Series(words(f"{name}.x"), [count / total for _, count in ranked])],
        problem="" if ranked else words("nothing"),
    )


def _use(found: Figures, words: Words) -> Section:
    def rate(counts: NDArray[np.int64]) -> list[float]:
        values: list[float] = (counts / np.maximum(1, found.shown_at)).tolist()
        return values

    series = [Series(words("next-click"), rate(found.hits_at))]
    if found.named:
        series.append(Series(words("named-click"), rate(found.named_at)))
    positions = chart(
        "positions",
        words,
        x=[str(place + 1) for place in range(CUTOFF)],
        series=series,
        problem="" if found.hits_at.any() or found.named else words("no-hits"),
    )
    facts = [
        (words("figure"), words("value")),
        (
            words("named-lists"),
            f"{written(found.named_lists / found.lists, 'share')} ({found.named_lists:,})",
        ),
        (words("named"), f"{found.named:,}"),
        (words("named-inside"), f"{int(found.named_at.sum()):,}"),
        (words("unknown-ids"), f"{found.unknown_ids:,}"),
    ]
    note = words("use.text") + ("" if found.named else " " + words("no-echo"))
    return Section("use", words("use.title"), note, facts, [positions])


def _timeliness(found: Figures, words: Words) -> Section:
    ages = np.maximum(1, found.ages_ms)
    edges: list[float] = []
    counts: list[float] = []
    facts: list[tuple[str, ...]] = []
    if len(ages):
        low = math.floor(math.log10(float(ages.min())))
        high = max(low + 1, math.ceil(math.log10(float(ages.max()) + 1)))
        edges = np.logspace(low, high, (high - low) * AGE_STEPS_PER_TENFOLD + 1).tolist()
        counts = np.histogram(ages, edges)[0].tolist()
        facts = [
            (words("figure"), words("value")),
            *(
                (words(f"age-{p}"), written_duration(float(np.percentile(ages, p))))
                for p in (50, 90, 99)
            ),
        ]
    ages_chart = chart(
        "ages",
        words,
        kind="durations",
        form="count",
        x=edges,
        series=[Series(words("lists"), counts)],
        problem="" if len(ages) else words("no-times"),
    )
    return _section("timeliness", words, facts, [ages_chart])


def _section(
    name: str,
    words: Words,
    facts: Sequence[Sequence[str]] = (),
    charts: Sequence[Chart] = (),
) -> Section:
    return Section(name, words(f"{name}.title"), words(f"{name}.text"), facts, charts)
