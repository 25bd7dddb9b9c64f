"""Which searches are for products, where a domain has labels of its own."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from shopkeeper.services.recommender.models.support_filter import (
    SUPPORT_INTENTS,
    SupportQueryFilter,
    support_filter,
)
from shopkeeper.shared.domains import pack
from shopkeeper.shared.domains.examples import read_file

HELD = Path(__file__).parents[3] / "training" / "data" / "domains"


@cache
def filters(name):
    like = pack.load(name).intents.like
    return SupportQueryFilter(), support_filter(name), like


@pytest.mark.parametrize("name", pack.names())
def test_a_domains_searches_for_products_are_none_for_support(name):
    shop, own, like = filters(name)
    held = read_file(HELD / f"{name}.jsonl")
    wanted = [each.text for each in held if like.get(each.intent) == "product_search"]
    support = [each.text for each in held if like.get(each.intent) in SUPPORT_INTENTS]
    assert own.is_support(wanted).mean() <= 0.05
    assert own.is_support(support).mean() >= 2 * shop.is_support(support).mean()


def test_an_account_is_a_product_to_a_bank_and_support_to_a_shop():
    shop, own, _ = filters("finance")
    texts = ["account for freelancers", "premium account", "how do I block my card"]
    assert shop.is_support(texts)[:2].all()
    assert own.is_support(texts).tolist() == [False, False, True]
    assert not len(own.is_support([]))


def test_a_row_depends_on_its_own_text_alone():
    _, own, _ = filters("social")
    texts = ["i want to die", "hats", "怎么举报", "rescue dog"]
    alone = [bool(own.is_support([text])[0]) for text in texts]
    assert own.is_support(texts).tolist() == alone
