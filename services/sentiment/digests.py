"""Reviews as the answers service counts and quotes them (`shared/contracts/review_digests.py`).

The topic holds a record for each review that the aggregates remember, and for no other: what they
forget is removed from it in the order of the log.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Output
from shopkeeper.shared.contracts.review_digests import (
    FORMAT,
    SENTENCE_CHARACTERS_MAX,
    SENTENCES_MAX,
    Digest,
    Sentence,
    author_of,
    packed,
    review_key,
    review_name,
)
from shopkeeper.shared.text.normalisation import clean, is_plain

from .aspects.extraction import CHARACTERS_MAX
from .aspects.opinions import opinion_of
from .tally import NEUTRAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from shopkeeper.shared.contracts.envelope import Event

    from .aspects.extraction import Said

WORDS_MIN: Final = 2  # of a sentence that says nothing of an aspect
_CHINESE_WORD = 2  # characters that count as one
# Behind a mark that ends a sentence; "2.5" and "..." stay whole, "long.It" does not.
_ENDS = re.compile(
    r"(?<=[。！？；!?])(?![。！？；!?\"')）”])|(?<=\.)(?=\s)|(?<=[a-z]{2}\.)(?=[A-Z])|\n+"
)
_UNITS = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")


def record(
    event: Event, label: int, said: Sequence[Said], language: str, text: str | None
) -> Output:
    """The record of one review. label: NEGATIVE, NEUTRAL or POSITIVE. text: with personal data
    masked; None: it has no words."""
    review = event.data
    opinions = 0
    for each in said:
        opinions |= 1 << opinion_of(each)
    digest = Digest(
        format=FORMAT,
        product_id=review.product_id,
        review_id=review.review_id,
        author=author_of(review.user_id, review.anonymous_id),
        time_ms=event.time_ms,
        label=label - NEUTRAL,
        opinions=opinions,
        language=language,
        sentences=() if text is None else tuple(sentences(text, said)),
    )
    name = review_name(review.product_id, review.review_id)
    return Output(topics.REVIEW_DIGESTS, review_key(name), packed(digest), [])


def removals(names: Iterable[int]) -> list[Output]:
    """Empty values for reviews, by `review_name`."""
    return [Output(topics.REVIEW_DIGESTS, review_key(name), None, []) for name in names]


def sentences(text: str, said: Sequence[Said]) -> list[Sentence]:
    """At most `SENTENCES_MAX` of a text, in its order: those that say something of an aspect, then
    the first ones. text: with personal data masked."""
    text = text[:CHARACTERS_MAX]
    if not is_plain(text):
        text = clean(text)
    parts = list(dict.fromkeys(_parts(text)))
    bits = dict.fromkeys(parts, 0)
    lower = [part.lower() for part in parts] if said else []
    for each in said:
        quote = each.quote.lower()
        place = next((place for place, part in enumerate(lower) if quote in part), None)
        if place is not None:
            bits[parts[place]] |= 1 << opinion_of(each)
    telling = [part for part in parts if bits[part]]
    others = (part for part in parts if not bits[part] and _has_words(part))
    kept = {*telling[:SENTENCES_MAX], *islice(others, max(0, SENTENCES_MAX - len(telling)))}
    return [Sentence(part, bits[part]) for part in parts if part in kept]


def _parts(text: str) -> Iterator[str]:
    """Sentences, one that is too long in pieces of whole words where it has any."""
    for sentence in _ENDS.split(text):
        left = " ".join(sentence.split())
        while len(left) > SENTENCE_CHARACTERS_MAX:
            end = 1 + max(left.rfind(mark, 0, SENTENCE_CHARACTERS_MAX) for mark in ",，、;")
            if end < SENTENCE_CHARACTERS_MAX // 4:
                end = left.rfind(" ", 0, SENTENCE_CHARACTERS_MAX) + 1
            if end < SENTENCE_CHARACTERS_MAX // 4:
                end = SENTENCE_CHARACTERS_MAX
            yield left[:end].strip()
            left = left[end:].strip()
        if left:
            yield left


def _has_words(text: str) -> bool:
    """Whether it has `WORDS_MIN` words; reads no further than to those."""
    words = han = 0
    for unit in _UNITS.finditer(text):
        if "\u3400" <= unit[0] <= "\u9fff":
            han += 1
        else:
            words += 1
        if words + han // _CHINESE_WORD >= WORDS_MIN:
            return True
    return False
