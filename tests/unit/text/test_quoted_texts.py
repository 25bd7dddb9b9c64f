"""Texts of the shop's demo that a bag of n-grams took for something else, judged as shipped."""

from __future__ import annotations

import pytest

from shopkeeper.services.intent import evaluate as intent_evaluate
from shopkeeper.services.sentiment import evaluate as sentiment_evaluate


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("return policy", "after_sales"),
        ("returns", "after_sales"),
        ("退货政策", "after_sales"),
        ("Do you have a voucher", "price_promotion"),
        ("voucher", "price_promotion"),
        ("优惠券", "price_promotion"),
        ("where is my parcel", "track_order"),
        ("我的包裹在哪里", "track_order"),
        ("包裹在哪", "track_order"),
        ("我的快递到哪了", "track_order"),
        ("查询订单", "track_order"),
    ],
)
def test_intents(text, label):
    assert intent_evaluate.classifier()([text])[0]["label"] == label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Exceeded my expectations in every way", "positive"),
        ("still delighted after three weeks", "positive"),
        ("not bad at all", "positive"),
        ("一般般，没什么特别的", "neutral"),
        ("还没用，用过再来评价", "neutral"),
        ("质量很差，再也不买了", "negative"),
        ("越用越顺手，已经回购两次", "positive"),
    ],
)
def test_sentiments(text, label):
    found = sentiment_evaluate.classifier()([text])[0]
    assert found["label"] == label, found
