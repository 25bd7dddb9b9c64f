"""Any text has one spelling: spelled again, it stays; and it never outgrows its bound."""

from __future__ import annotations

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from shopkeeper.shared.text.language import detect, detect_cleaned
from shopkeeper.shared.text.normalisation import TEXT_CHARACTERS_MAX, clean, normalise

WORDS = "<< b> <b> </b> </ <!-- --> <script> && amp; &amp; #38; lt; &nbsp #x3c; u2019"
SIGNS = "<>&;\\'`＜＞﹤＆aB好，😡👍🏽❤\ufe0f\u200b\u0301\u0323ﾞ\u0f73â€œ™‴ŉﷺİßé각\ud83d\ude00 \n\x00"
PIECES = st.sampled_from([*WORDS.split(), *SIGNS])
MARKUP = st.lists(PIECES, max_size=60).map("".join)
ANY = st.text(st.characters(exclude_categories=()))


@given(st.one_of(MARKUP, ANY))
@example("<<b>b>x")
@example("&lt;<b>b>x")
@example("a\u0302€œ")
@example("İ\uff9e")
@example("İ\u0307")
@example("ab " * TEXT_CHARACTERS_MAX)
@example("😡" * TEXT_CHARACTERS_MAX)
def test_what_is_spelled_stays(text: str) -> None:
    spelled = normalise(text)
    assert normalise(spelled) == spelled
    assert len(spelled) <= TEXT_CHARACTERS_MAX
    spelled.encode()  # no lone surrogate is left


@given(st.one_of(MARKUP, ANY))
def test_what_is_clean_stays(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert unicodedata.is_normalized("NFKC", cleaned)
    assert len(cleaned) <= 18 * len(text)  # NFKC's largest expansion
    assert detect(cleaned) == detect_cleaned(cleaned)
