"""The words of aspects: found where a plain search from left to right finds them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.services.sentiment.aspects.words import CHINESE, ENGLISH

OTHER = ["的", "x", "8", "了"]
LEXICONS = {"en": ENGLISH, "zh": CHINESE}


def found_plainly(lexicon, units):
    """(word, start) of the longest word at each place, without a place that one has already."""
    longest = max(map(len, lexicon._words))
    found, place = [], 0
    while place < len(units):
        for size in range(min(longest, len(units) - place), 0, -1):
            word = lexicon._words.get(units[place : place + size])
            if word is not None:
                found.append((word, place, place + size))
                place += size - 1
                break
        place += 1
    return found


def texts(lexicon):
    phrases = st.sampled_from(sorted(lexicon._words))
    # Beginnings too: what begins as a phrase does and goes on otherwise.
    cut = st.builds(lambda phrase, at: phrase[: max(1, at)], phrases, st.integers(1, 5))
    other = st.sampled_from(OTHER)
    parts = st.lists(st.one_of(phrases, cut, other), max_size=12)
    if lexicon.unit is None:
        return parts.map("".join)
    return parts.map(
        lambda chosen: tuple(u for part in chosen for u in (part if part not in OTHER else [part]))
    )


@pytest.mark.parametrize("language", ["en", "zh"])
@settings(max_examples=300)
@given(data=st.data())
def test_the_longest_word_is_found_at_each_place(language, data):
    lexicon = LEXICONS[language]
    units = data.draw(texts(lexicon))
    assert [tuple(each) for each in lexicon.find(units)] == found_plainly(lexicon, units)
