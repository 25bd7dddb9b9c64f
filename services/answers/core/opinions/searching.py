"""Sentences of reviews that have the words of a question, for what no facet covers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..terms import terms_of
from .counting import Said, sign_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from shopkeeper.shared.contracts.review_digests import Digest

COVERED_MIN = 0.75  # share of the words, weighted by how telling they are
FOUND_MAX = 20


def sentences_with(
    digests: Sequence[Digest], wanted: Collection[str], covered_min: float = COVERED_MIN
) -> list[Said]:
    """The sentences that have nearly all of these terms, best first: by the weight of what they
    have, then the shorter one (BM25 where no word occurs twice).

    wanted: terms as `terms_of` gives them. covered_min: share of their weight that must be there.
    """
    if not wanted:
        return []
    rows: list[tuple[set[str], int, Said]] = []
    for digest in digests:
        for sentence in digest.sentences:
            terms = terms_of(sentence.text)
            shared = {term for term in wanted if term in terms}
            sign = sign_of(sentence.opinions, digest.label)
            said = Said(
                sentence.text, sign, digest.review_id, digest.language, digest.time_ms, bool(shared)
            )
            rows.append((shared, len(terms), said))
    weights = {
        term: math.log1p(
            (len(rows) - count + 0.5) / (count + 0.5),
        )
        for term in wanted
        for count in (sum(term in shared for shared, _, _ in rows),)
    }
    total = sum(weights.values())
    found = []
    for place, (shared, length, said) in enumerate(rows):
        weight = sum(weights[term] for term in shared)
        if shared and weight >= covered_min * total:
            found.append((-weight / total, length, place, said))
    return [each[-1] for each in sorted(found)[:FOUND_MAX]]
