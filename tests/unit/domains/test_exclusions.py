"""What is sensitive: by id, category, path of categories, and words in any text."""

from __future__ import annotations

import pytest

from shopkeeper.shared.contracts.events.shop import ProductCatalogued
from shopkeeper.shared.domains.exclusions import NOTHING, exclusions_of

RULES = exclusions_of(["HIV & STI", "Pregnancy"], ["hiv", "怀孕", "drug use"], ["p-9"])


def product(**fields):
    return ProductCatalogued(**{"product_id": "p-1", "title": "A thing"} | fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"product_id": "p-9"},
        {"category": "HIV & STI"},
        {"category": "hiv &amp; sti"},
        {"category": "ＨＩＶ & STI"},
        {"category": "Pharmacy > Pregnancy"},
        {"category": "Pharmacy/Pregnancy/Tests"},
        {"category": "Books on HIV"},
        {"title": "HIV self-test"},
        {"title": "Test (HIV)"},
        {"title_zh": "懷孕手冊"},  # traditional characters
        {"brand": "HIV Clinic"},
        {"attributes": {"tags": ["safer", "hiv"]}},
        {"attributes": {"hiv_test": True}},
        {"attributes": {"for": {"whom": "drug  use"}}},
    ],
)
def test_a_product_is_sensitive_by_any_of_what_is_said_of_it(fields):
    assert RULES.covers(product(**fields))
    assert not NOTHING.covers(product(**fields))


@pytest.mark.parametrize(
    "fields",
    [{}, {"title": "Archive of shivers"}, {"category": "Pregnancy-free"}, {"product_id": "p-99"}],
)
def test_words_are_whole_and_ids_exact(fields):
    assert not RULES.covers(product(**fields))


def test_only_no_rules_are_nothing():
    assert RULES
    assert not NOTHING
    assert not exclusions_of([], [], [])
