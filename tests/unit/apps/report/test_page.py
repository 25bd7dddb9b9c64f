"""The page: whole, self-contained, harmless whatever products are called, in both languages."""

from __future__ import annotations

import json
import re
import string
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pytest
from click.testing import CliRunner

from shopkeeper.apps.cli.main import command
from shopkeeper.apps.report import evaluation, page
from shopkeeper.apps.report.charts import Chart, Section, Series, Words
from shopkeeper.apps.report.compose import running_shop
from shopkeeper.apps.report.join import Join, Lists
from shopkeeper.apps.report.plots import standalone, svg, width_em
from shopkeeper.apps.report.reviews import Reviews
from shopkeeper.apps.report.source import Extent, Retained
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.services.recommender.evaluation.metrics import RankingMetrics
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.recommendation import Reason, RecommendationsUpdated
from shopkeeper.shared.contracts.events.recommendation import RecommendedItem as Item
from shopkeeper.shared.contracts.events.sentiment import (
    ASPECTS,
    AspectOpinions,
    ProductSentimentUpdated,
    SentimentScored,
)
from shopkeeper.shared.contracts.events.shop import ProductCatalogued, ProductClicked
from shopkeeper.shared.contracts.outputs import encode

START_MS = 1_790_000_000_000
EVIL = "</text></svg><script>alert(1)</script>"
NAMES = [EVIL, 'x" onload="alert(1)', "$\\frac{1}{0}$", "&amp;<b>", "bell\x07", "商品", *"abcdefgh"]
SECTIONS = (
    "quality",
    "items",
    "users",
    "groups",
    "clarity",
    "use",
    "timeliness",
    "parameters",
    "reviews",
    "sources",
)


def retained(users=12, rounds=8, named=True):
    """A shop whose products, categories, codes and models are called what hurts most."""
    numbers = ItemIndex()
    lists, log = Lists(numbers, 1000), []
    for number in range(users * rounds):
        user, offset = f"u{number % users}", number
        moment = START_MS + number * 1000
        items = NAMES[number % 5 : number % 5 + 9]
        lists.see(
            0, offset, user.encode(),
            encode(RecommendationsUpdated(
                recomm_id=f"list-{number}", fallback=("none", "trending")[number % 2],
                items=[Item(i, 0.5, Reason(NAMES[number % 4])) for i in items],
                cause=str(number), model=Model(NAMES[number % 3], "1"), user_id=user,
            )),
            moment, moment + 30 + number,
        )  # fmt: skip
        earlier = f"list-{number - users}" if named and number >= users else None
        data = ProductClicked(
            product_id=NAMES[(number // users + 2) % 9], user_id=user, recomm_id=earlier
        )
        log.append(Event("", data, None, offset, moment, str(number), "", ""))
    join = Join(numbers, lists.kept())
    for event in log:
        join.see(0, event, event.time_ms)
    catalogue = {
        name: ProductCatalogued(
            product_id=name, title=f"{name} title", category=NAMES[n % 7], price=n + 0.5,
            currency=EVIL, brand=EVIL if n % 8 else "small",
        )
        for n, name in enumerate(NAMES)
    }  # fmt: skip
    extent = Extent(3, {0: (5, 9), 1: (0, 2)}, START_MS, START_MS + 1000)
    return Retained(
        numbers, lists.kept(), join, catalogue, ["a", EVIL], {"a": 0.8, EVIL: -0.7},
        {"shop.clicks.v1": extent, "none": Extent()}, lists.seen, 2, reviews=opined(),
    )  # fmt: skip


def opined():
    """Reviews of all products, over a day, whose quotes hurt too."""
    found, model = Reviews(), Model(EVIL, "1")
    for number in range(120):
        label = ("positive", "negative", "neutral")[number % 3]
        found.see_review(
            SentimentScored(
                product_id=NAMES[number % 14], review_id=str(number), label=label, score=0.9,
                probabilities={label: 0.9}, language="en", basis="text", model=model,
                rating_disagrees=number % 40 == 0,
            ),
            START_MS + number * 720_000,
        )  # fmt: skip
    for number, name in enumerate(NAMES):
        row = AspectOpinions(
            aspect=ASPECTS[number % 12], positive=number, negative=14 - number, mean=0.0,
            praise=(EVIL,), criticism=("bell\x07 & <b onload=x>",),
        )  # fmt: skip
        said = ProductSentimentUpdated(
            product_id=name, count=20, mean=number / 10 - 0.6, trend=0.0, positive=number,
            neutral=20 - number, negative=0, model=model, aspects=(row,),
        )  # fmt: skip
        found.see_product(name, said, START_MS)
    return found


def rendered(language="en", **options):
    words = Words(language)
    shown = running_shop(retained(**options), words)
    return page.render(shown.sections, shown.about, shown.tiles, words), shown


class Seen(HTMLParser):
    """Counts tags and ids, keeps attributes and text; fails where tags do not match."""

    VOID = frozenset(("meta", "link", "br", "hr", "img", "input"))

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.attributes = Counter(), [], []
        self.open, self.text = [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_is_whole_and_harmless(language):
    text, shown = rendered(language)
    seen = Seen(text)
    assert [section.name for section in shown.sections] == list(SECTIONS)
    assert set(SECTIONS) <= set(seen.ids)
    assert [i for i, n in Counter(seen.ids).items() if n > 1] == []
    charts = [chart for section in shown.sections for chart in section.charts]
    assert [chart.problem for chart in charts] == [""] * len(charts)
    assert seen.tags["svg"] == len(charts) == seen.tags["details"] == seen.tags["figure"]
    for tag in ("script", "iframe", "object", "link", "img", "b onload"):
        assert seen.tags[tag] == 0, tag
    for _, name, value in seen.attributes:
        assert not name.startswith("on"), (name, value)
        if name in ("src", "href", "xlink:href"):
            assert value.startswith("#"), value
            assert value[1:] in seen.ids
        for target in re.findall(r"url\(([^)]*)\)", value):
            assert target.strip("'\"#") in seen.ids
    assert "http:" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", text)
    assert "https:" not in text
    assert "alert(1)" in "".join(seen.text), "shown, as text"


def test_no_user_is_named():
    found = retained()
    for shown in found.lists:
        shown.user = "someone-" + shown.user
    words = Words("en")
    found.join = Join(found.numbers, found.lists)
    for n in range(30):
        data = ProductClicked(product_id="a", user_id=f"someone-u{n % 12}")
        found.join.see(0, Event("", data, None, n, START_MS + n, str(n), "", ""), START_MS)
    parts = running_shop(found, words)
    assert "someone" not in page.render(parts.sections, parts.about, parts.tiles, words)


def test_a_shop_without_anything_but_lists_has_reasons_instead_of_empty_plots():
    found = retained()
    found.catalogue, found.trending, found.opinions = {}, [], {}
    found.reviews = Reviews()
    for shown in found.lists:
        shown.event_ms = None
    found.join = Join(found.numbers, [])
    for shown in found.lists:
        shown.answer, shown.named, shown.history = None, 0, ()
    words = Words("en")
    parts = running_shop(found, words)
    text = page.render(parts.sections, parts.about, parts.tiles, words)
    seen = Seen(text)
    drawn = {chart.name for section in parts.sections for chart in section.charts
             if not chart.problem}  # fmt: skip
    assert drawn == {"lorenz", "codes", "fallback", "models"}
    assert seen.tags["svg"] == len(drawn)
    assert "nan" not in "".join(seen.text).lower()


def test_tables_hold_the_numbers_of_the_plots():
    chart = Chart(
        "c", "t", "e", x_label="group", x=["a", "b"],
        series=[Series("one", [0.25, float("nan")], [0.2, float("nan")], [0.3, float("nan")])],
    )  # fmt: skip
    assert page.rows(chart, Words("en")) == [
        ["group", "one", "95 %"], ["a", "25.0 %", "20.0 % – 30.0 %"], ["b", "", ""]
    ]  # fmt: skip
    bins = Chart("h", "t", "e", "durations", "age", x=[100, 2000, 60_000],
                 series=[Series("lists", [3, 1200])], form="count")  # fmt: skip
    assert page.rows(bins, Words("en")) == [
        ["age (from)", "to", "lists"], ["100 ms", "2 s", "3"], ["2 s", "1 min", "1,200"]
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["lines", "times", "bars", "rows", "histogram", "durations"])
def test_every_kind_is_drawn_as_text_and_in_the_colour_of_the_page(kind):
    x = {"bars": NAMES[:3], "rows": NAMES[:3]}.get(kind, [1.0, 60_000.0, 3e6])
    values = [0.1, 0.5] if kind in ("histogram", "durations") else [0.1, 0.5, 0.0]
    chart = Chart("c", EVIL, "e", kind, "x axis", "y axis", x, [Series(EVIL, values)] * 2)
    root = ET.fromstring(svg(chart))
    assert root.attrib["role"] == "img"
    title = root.find("{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert title.text == EVIL
    assert root.attrib["aria-labelledby"] == title.attrib["id"]
    texts = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count(EVIL) == 2 + (EVIL in x)  # in the legend, and as a group
    assert "x axis" in texts
    drawing = ET.tostring(root, encoding="unicode")
    assert "#010203" not in drawing
    assert "currentColor" in drawing
    assert svg(chart) == svg(chart)
    assert "prefers-color-scheme" in standalone(chart)
    ET.fromstring(standalone(chart))


def test_full_width_characters_are_counted_as_wide():
    assert width_em("商品") == 2.0
    assert width_em("ab") < width_em("商") * 2


def test_both_languages_say_the_same_things():
    texts = [Words(language)._texts for language in ("en", "zh")]
    assert texts[0].keys() == texts[1].keys()
    for key in texts[0]:
        names = [
            {name for _, name, _, _ in string.Formatter().parse(text[key]) if name}
            for text in texts
        ]
        assert names[0] == names[1], key
        assert all(text[key] for text in texts), key


# -- evaluations


def run(chance, windows=0):
    tally = RankingMetrics()
    for group in range(200):
        tally.add(group, 1, [chance.integers(1, 4), 5, 6], [2, 3][: 1 + group % 2])
    found = {
        "repeats": "allow", "targets": "all", **tally.figures(8),
        **tally.beyond_accuracy(np.arange(1, 9)),
    }  # fmt: skip
    return found | ({"windows": tally.windows(windows)} if windows else {})


def written(path, found):
    path.write_text(json.dumps(found))
    return path


def invoke(*arguments):
    return CliRunner().invoke(command, ["report", *map(str, arguments)])


def test_evaluations_are_shown_side_by_side(tmp_path):
    chance = np.random.default_rng(2)
    live = written(tmp_path / "live.json", run(chance, 20) | {"protocol": "prequential"})
    night = written(tmp_path / "n<script>.json", run(chance, 20) | {"protocol": "nightly"})
    split = written(tmp_path / "split.json", run(chance) | {"targets": "new"})
    out = tmp_path / "page.html"
    plots = tmp_path / "plots"
    plots.mkdir()
    result = invoke(out, "--evaluation", live, "--evaluation", night, "--evaluation", split,
                    "--plots", plots)  # fmt: skip
    assert result.exit_code == 0, result.output
    seen = Seen(out.read_text("utf-8"))
    text = "".join(seen.text)
    for words in ("live", "n<script>", "split", "prequential", "nightly", "not comparable"):
        assert words in text
    assert seen.tags["script"] == 0
    assert seen.tags["svg"] == 5
    assert {p.stem for p in plots.iterdir()} == {
        "evaluation-accuracy", "evaluation-windows-hr", "evaluation-windows-mrr",
        "evaluation-history", "evaluation-beyond",
    }  # fmt: skip
    for path in plots.iterdir():
        ET.fromstring(path.read_text("utf-8"))
    figure = json.loads(live.read_text())["HR@20"]
    assert f"{figure:,.4g}" in text


def test_runs_of_one_name_are_told_apart(tmp_path):
    chance = np.random.default_rng(2)
    both = tmp_path / "a.json"
    both.write_text(json.dumps(run(chance)) + "\n" + json.dumps(run(chance)) + "\n")
    assert [name for name, _ in evaluation.load([both, both])] == ["a", "a #2", "a #3", "a #4"]
    laid_out = tmp_path / "b.json"
    laid_out.write_text(json.dumps(run(chance), indent=2))
    assert len(evaluation.load([laid_out])) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("{", "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"predictions": 3}', "no number HR@5"),
        ("WINDOWS", "windows is not"),
        ("INTERVAL", "HR@20_95 is not an interval"),
    ],
)
def test_what_is_no_evaluation_is_one_clear_line(tmp_path, text, says):
    found = run(np.random.default_rng(1))
    spoilt = {"WINDOWS": {"windows": [{"HR@20": "x"}]}, "INTERVAL": {"HR@20_95": [1]}}
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(found | spoilt[text]) if text in spoilt else text)
    result = invoke(tmp_path / "out.html", "--evaluation", bad)
    assert result.exit_code == 1
    assert says in result.stderr
    assert str(bad) in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out.html").exists()


def test_nothing_to_show_is_said(tmp_path):
    result = invoke(tmp_path / "out.html", "--no-broker")
    assert result.exit_code == 1
    assert "nothing to show" in result.stderr
    assert invoke(tmp_path / "no" / "out.html", "--no-broker").exit_code == 2


@pytest.mark.parametrize("missing", ["matplotlib", "jinja2"])
def test_without_the_extra_one_line_says_what_to_install(tmp_path, missing):
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from shopkeeper.apps.cli.main import main\n"
        f"sys.argv = ['shopkeeper', 'report', {str(tmp_path / 'a.html')!r}]\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f'Error: {missing} is missing: pip install "shopkeeper[report]"'
    ]


def test_a_section_may_stand_alone():
    text = page.render([Section("s", "<i>")], [], [], Words("en"))
    assert "&lt;i&gt;" in text
    Seen(text)
