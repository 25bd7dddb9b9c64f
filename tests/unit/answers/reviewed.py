"""Reviews of a product as the answers service holds them, made from texts and opinions."""

from __future__ import annotations

from shopkeeper.services.answers.core.opinions.review_table import ReviewTable
from shopkeeper.services.answers.core.opinions.route import OpinionRoute
from shopkeeper.services.answers.core.product_table import ProductTable
from shopkeeper.services.answers.core.question import Question
from shopkeeper.shared.contracts.erased_users import number_of
from shopkeeper.shared.contracts.events.shop import ProductCatalogued
from shopkeeper.shared.contracts.review_digests import (
    FORMAT,
    NOBODY,
    Digest,
    Sentence,
    author_of,
    opinion,
    packed,
    review_key,
    review_name,
)
from shopkeeper.shared.text.language import detect

PRODUCTS = {
    "shoe": ProductCatalogued(
        product_id="shoe", title="Larchmont Trail Shoe", title_zh="落叶松徒步鞋"
    ),
    "boot": ProductCatalogued(product_id="boot", title="Larchmont Winter Boot"),
    "phone": ProductCatalogued(
        product_id="phone", title="Qinghe 5G Smartphone", title_zh="青禾5G手机"
    ),
}


def bits(opinions):
    """{"fit": 1, "quality": -1} as bits."""
    return sum(opinion(aspect, sign > 0) for aspect, sign in opinions.items())


def reviewed(product, number, text, label=0, author=None, time_ms=None, **opinions):
    """A record of the topic: one sentence, with its aspects' signs."""
    digest = Digest(
        FORMAT,
        product,
        f"r{number}",
        author_of(author, None) if author else NOBODY,
        1000 + number if time_ms is None else time_ms,
        label,
        bits(opinions),
        detect(text),
        (Sentence(text, bits(opinions)),) if text else (),
    )
    return review_key(review_name(product, f"r{number}")), packed(digest)


def removed(product, number):
    return review_key(review_name(product, f"r{number}")), None


def erased(author, time_ms):
    """In the place of a record, for `table`: another topic says so."""
    return author, time_ms


def table(records, reviews_max=1000, **more):
    made = ReviewTable(reviews_max, **more)
    read(made, records)
    return made


def read(into, records):
    """Records, and erasures among them, in their order."""
    for key, value in records:
        if isinstance(value, int):
            into.erase([(number_of(key), value)])
        else:
            into.apply([(key, value)])


def route(records):
    products = ProductTable(100)
    products.change(PRODUCTS)
    return OpinionRoute(products, table(records))


def asked(records, text, product_id=None):
    return route(records).answer(Question(text, product_id), detect(text))
