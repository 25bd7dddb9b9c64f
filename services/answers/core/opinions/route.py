"""Answers from reviews: how many reviewers are pleased with what is asked, in their own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.contracts.events.answers import AnswerSource

from ..plain import plain
from ..question import Answer
from ..terms import content_terms
from . import phrasing
from .counting import about, leading, mentioned
from .phrasing import Counted
from .quoting import chosen
from .searching import sentences_with
from .understanding import understood

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.review_digests import Digest

    from ..product_table import ProductTable
    from ..question import Question
    from .counting import Opinions, Said
    from .facets import Facet
    from .review_table import ReviewTable
    from .understanding import Asked

ROUTE = "opinions"
ASPECTS_NAMED = 2  # of the product as a whole, on either side
TITLE_CHARACTERS_MAX = 300
SEVERAL_MAX = 4  # of the products that a question can be about, who asks back needs a few


class OpinionRoute:
    """Counts one review of each author, the newest, as they are now."""

    def __init__(self, products: ProductTable, reviews: ReviewTable) -> None:
        self._products, self._reviews = products, reviews

    def answer(self, question: Question, language: str) -> Answer | None:
        """None where the question asks for no opinion of a product, or, of what no facet covers, no
        review has its words."""
        declined: Answer | None = None
        for asked in understood(self._products, question.text, question.product_id):
            answer = self._answered(asked, language)
            if answer is not None and answer.text is not None:
                return answer
            declined = declined or answer
        return declined

    def _answered(self, asked: Asked, language: str) -> Answer | None:
        if asked.product_id is None:
            several = asked.several[:SEVERAL_MAX]
            return _declined("several_products", language, None)._replace(products=several)
        digests = self._reviews.of(asked.product_id)
        if asked.facet is None:
            found = sentences_with(digests, content_terms(asked.rest))
            if not found:
                return None
            given = self._given(asked, None, mentioned(digests, found), digests, language)
            return given._replace(yields=True)
        opinions = about(digests, asked.facet)
        if not opinions.mentioning:
            return _declined("no_reviews", language, asked.product_id)
        return self._given(asked, asked.facet, opinions, digests, language)

    def _given(
        self,
        asked: Asked,
        facet: Facet | None,
        opinions: Opinions,
        digests: Sequence[Digest],
        language: str,
    ) -> Answer:
        quotes = chosen(opinions, language)
        counted = Counted(opinions, quotes, _title(asked, language))
        if facet is None:
            text = phrasing.mentions(counted, language)
        else:
            if not facet.aspect:
                praised, criticised = leading(digests, ASPECTS_NAMED)
                counted = counted._replace(praised=praised, criticised=criticised)
            text = phrasing.said_of(facet, counted, language)
        return Answer(
            text,
            opinions.confidence,
            ROUTE,
            language,
            _sources(asked.product_id or "", counted, facet),
            product_id=asked.product_id,
        )


def _title(asked: Asked, language: str) -> str:
    product = asked.product
    if product is None:
        return ""
    title = (product.title_zh if language == "zh" else None) or product.title
    return plain(title, TITLE_CHARACTERS_MAX)


def _sources(product_id: str, counted: Counted, facet: Facet | None) -> tuple[AnswerSource, ...]:
    """All reviews of the product with their counts, and each review that is quoted."""
    opinions = counted.opinions
    counts = (
        f"{opinions.mentioning} of {opinions.reviewers} reviewers: "
        f"{opinions.positive} positive, {opinions.negative} negative"
    )
    title = counted.title or None
    whole = AnswerSource(id=product_id, kind="reviews", quote=counts, title=title)
    return (whole, *(_source(quote) for quote in counted.quotes))


def _source(quote: Said) -> AnswerSource:
    return AnswerSource(id=quote.review_id, kind="review", quote=quote.text)


def _declined(why: str, language: str, product_id: str | None) -> Answer:
    return Answer(None, 0.0, "person", language, abstained=why, product_id=product_id)
