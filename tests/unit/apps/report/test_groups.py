"""Fairness by group of users on the page: figures, privacy, and what it says without profiles."""

from __future__ import annotations

import dataclasses
from statistics import fmean

import pytest

from shopkeeper.apps.report import figures, page
from shopkeeper.apps.report.charts import Words
from shopkeeper.apps.report.compose import running_shop
from shopkeeper.services.recommender.evaluation.group_fairness import NONE, POOL

from .test_page import EVIL, Seen, retained

USERS = 90
JOBS = ("cook", EVIL)


def profiles_of(users=USERS):
    """A third does not say; five say a gender that nobody else says."""
    found = {}
    for number in range(users):
        if number % 3 == 0:
            continue
        gender = "other" if number < 8 else ("female", "male")[number % 2]
        found[f"u{number}"] = {"gender": gender, "occupation": JOBS[number % 2]}
    return found


def shop(users=USERS, profiles=None, **options):
    found = retained(users, 4, **options)
    # The next click of every second user is answered by a list that could be seen.
    for shown in found.lists:
        shown.stood_ms = None
    return dataclasses.replace(found, profiles=profiles_of(users) if profiles is None else profiles)


def computed(found):
    return figures.compute(
        found.lists, found.join, found.numbers, figures.Shop({}, profiles=found.profiles)
    )


def test_the_figures_are_those_of_a_look_at_each_user():
    found = shop()
    groups = computed(found).groups
    assert list(groups) == ["gender", "occupation"]  # of the fields that anybody says
    # The five are pooled, and with the next larger group: else they were the rest of all.
    sizes = [(group.name, group.users) for group in groups["gender"].groups]
    assert sizes == [("female", 28), (NONE, 30), (POOL, 5 + 27)]
    assert groups["gender"].pooled == 2
    for group in groups["occupation"].groups:
        own = {
            user
            for user in (f"u{n}" for n in range(USERS))
            if found.profiles.get(user, {}).get("occupation", NONE) == group.name
        }
        hits, clicked, shown_clicks = [], [], []
        for user in own:
            lists = [each for each in found.lists if each.user == user]
            answered = [each for each in lists if each.answer is not None]
            if answered:
                hits.append(fmean(each.answer in each.items[:10] for each in answered))
            clicked.append(fmean(each.named > 0 for each in lists))
            shown_clicks.append(
                fmean(fmean(found.join.clicks[i] for i in each.items[:10]) for each in lists)
            )
        assert group.users == len(own) == 30
        assert group.hit is not None
        assert group.hit.value == pytest.approx(fmean(hits))
        assert group.clicked is not None
        assert group.clicked.value == pytest.approx(fmean(clicked))
        assert group.popularity is not None
        assert group.popularity.value == pytest.approx(fmean(shown_clicks))


def test_a_list_that_nobody_can_have_seen_is_no_answer():
    found = shop()
    for shown in found.lists:
        if found.profiles.get(shown.user, {}).get("occupation") == "cook":
            shown.stood_ms = 1
    cook = next(g for g in computed(found).groups["occupation"].groups if g.name == "cook")
    assert cook.hit is None
    assert cook.predicted is not None  # it may still have been right
    assert cook.clicked is None
    assert cook.popularity is not None  # exposure is of every list


def test_without_an_echo_there_is_no_click_through():
    found = shop(named=False)
    assert all(g.clicked is None for g in computed(found).groups["gender"].groups)
    assert all(g.hit is not None for g in computed(found).groups["gender"].groups)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_shows_groups_and_hides_small_ones(language):
    words = Words(language)
    parts = running_shop(shop(), words)
    text = page.render(parts.sections, parts.about, parts.tiles, words)
    seen = Seen(text)
    assert seen.tags["script"] == 0
    charts = next(section for section in parts.sections if section.name == "groups").charts
    assert [chart.name for chart in charts] == [
        "groups-accuracy-gender", "groups-exposure-gender",
        "groups-accuracy-occupation", "groups-exposure-occupation",
    ]  # fmt: skip
    assert [chart.problem for chart in charts] == [""] * 4
    said = "".join(seen.text)
    assert words("profile.gender.female") in said
    assert "cook" in said
    facts = next(section for section in parts.sections if section.name == "groups").facts
    other = f"{words('profile.gender')}: {words('profile.gender.other')}"
    assert other not in [row[0] for row in facts], "five users are no group"
    assert f"{words('profile.gender')}: {words('group-pool', least=20)}" in [r[0] for r in facts]
    assert {len(row) for row in facts} == {len(facts[0])}
    assert "nan" not in said.lower()


def test_where_there_are_no_profiles_the_page_says_so():
    words = Words("en")
    for profiles, says in (
        ({}, "shop.profiles.v1 is empty or not there"),
        ({"nobody-here": {"gender": "female"}}, "1 users have a profile, but none of those"),
    ):
        parts = running_shop(shop(profiles=profiles), words)
        text = page.render(parts.sections, parts.about, parts.tiles, words)
        assert says in "".join(Seen(text).text)
        assert "groups-accuracy" not in text


def test_fewer_users_than_a_group_needs_are_no_group():
    words = Words("en")
    parts = running_shop(shop(users=12), words)
    section = next(section for section in parts.sections if section.name == "groups")
    assert section.facts == []
    assert {chart.problem for chart in section.charts} == {"fewer than 20 users have lists."}
