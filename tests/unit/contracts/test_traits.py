"""Traits of Segment's `identify` as fields of a profile."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.spec import RecommenderSettings
from shopkeeper.shared.contracts.events.shop import UserProfiled
from shopkeeper.shared.contracts.vocabularies.traits import profile_of
from shopkeeper.shared.runtime.settings import SettingsError

NOW_MS = 1_795_860_000_000  # 2026-11-28


@pytest.mark.parametrize(
    ("traits", "expected"),
    [
        ({"age": 17}, {"age_band": "under_18"}),
        ({"age": "65"}, {"age_band": "65_plus"}),
        ({"birthday": "2008-11-28"}, {"age_band": "18_24"}),
        ({"birthday": "2008-11-29"}, {"age_band": "under_18"}),
        ({"birthday": "2008-02-31"}, {}),
        ({"age": True, "gender": 1, "language": "?", "region": "x" * 65}, {}),
        ({"gender": " Female "}, {"gender": "female"}),
        ({"country": "FR", "address": {"country": "BR"}}, {"region": "FR"}),
        ({"address": {"country": "BR", "street": "secret"}}, {"region": "BR"}),
        ({"email": "a@b.c", "name": "N"}, {}),
    ],
)
def test_traits_that_mean_one_thing_are_fields(traits, expected):
    assert profile_of(traits, NOW_MS) == expected


VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just({}))
NAMES = st.sampled_from(
    ["age", "birthday", "gender", "region", "country", "address", "language", "locale", "title"]
)


@given(st.dictionaries(NAMES, VALUES))
def test_whatever_traits_say_the_fields_are_valid(traits):
    found = profile_of(traits, NOW_MS)
    msgspec.convert(found | {"user_id": "u"}, UserProfiled, strict=True)


def test_settings_name_fields_of_profiles():
    def read(**environ):
        found = RecommenderSettings.from_env(environ)
        return found.profile_fields, found.fairness_fields

    assert read() == (("region", "language"), ("region", "language"))
    assert read(PROFILE_FIELDS="none", FAIRNESS_FIELDS="gender, age_band") == (
        (),
        ("age_band", "gender"),
    )
    assert read(PROFILE_FIELDS="region", FAIRNESS_FIELDS="none") == (("region",), ())
    with pytest.raises(SettingsError, match="PROFILE_FIELDS: income: no field of a profile"):
        read(PROFILE_FIELDS="region,income")
