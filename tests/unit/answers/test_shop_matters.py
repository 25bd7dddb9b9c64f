"""What questions to a shop are about beside its products."""

from __future__ import annotations

import pytest

from shopkeeper.services.answers.core.shop_matters import matters_of
from tests.unit.answers.dialogue_shop import Shop

QUESTIONS = [
    ("how do I send this jacket back?", "returns"),
    ("can I bring the pan back if I change my mind", "returns"),
    ("这口锅不想要了怎么退货", "returns"),
    ("几天之内能退", "returns"),
    ("I'd like to swap them for a bigger size", "exchange"),
    ("鞋子小了，能换大一码吗", "exchange"),
    ("when do I get my money?", "refund"),
    ("钱什么时候退回来", "refund"),
    ("how many days until it gets here", "delivery time"),
    ("how soon will the parcel arrive", "delivery time"),
    ("下单后几天能收到", "delivery time"),
    ("is shipping free from some amount?", "delivery cost"),
    ("do I pay postage", "delivery cost"),
    ("满多少包邮", "delivery cost"),
    ("please cancel it", "cancelling"),
    ("my card was refused", "payment refused"),
    ("付款老是失败", "payment refused"),
    ("you took the money twice", "charged twice"),
    ("扣了我两次款", "charged twice"),
    ("I can't log in any more", "password"),
    ("登录不上去了", "password"),
    ("please close my account", "deleting an account"),
    ("这个账号不要了", "deleting an account"),
    ("the cup came in pieces", "broken"),
    ("收到时已经碎了", "broken"),
    ("do you take bitcoin", "ways to pay"),
    ("能用支付宝付吗", "ways to pay"),
    ("can I split it into three", "instalments"),
]


@pytest.mark.parametrize(("question", "matter"), QUESTIONS)
def test_a_question_is_about_its_matter(question, matter):
    assert matters_of(question) == {matter}


@pytest.mark.parametrize(
    "text", ["how heavy is the tent?", "is it waterproof", "这个多少钱", "是什么材质", ""]
)
def test_a_question_about_a_product_is_about_none(text):
    assert matters_of(text) == frozenset()


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("how do I send this jacket back?", "30 days"),
        ("I'd like to swap them for a bigger size", "Exchanges are free"),
        ("you took the money twice", "reservation"),
        ("please close my account", "Delete account"),
        ("扣了我两次款", "预授权"),
        ("登录不上去了", "忘记密码"),
        ("满多少包邮", "50欧元"),
    ],
)
def test_an_entry_about_the_matter_answers_in_other_words(shop, question, said):
    assert said in (shop.say(question, question).text or "")


@pytest.mark.parametrize(
    "question", ["can I pay by bitcoin?", "can I pay with cash", "能用比特币付款吗"]
)
def test_an_entry_about_another_matter_does_not_answer(shop, question):
    assert shop.say(question, question).text is None


@pytest.fixture(scope="module")
def shop():
    return Shop(vectors=True)
