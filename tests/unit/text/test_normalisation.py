"""Spellings of one text: phones, browsers and exports write it in many ways."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.text.emoji import EMOTICONS, FEELINGS
from shopkeeper.shared.text.language import detect, detect_cleaned
from shopkeeper.shared.text.normalisation import clean, normalise

SPELLINGS = {
    "I don't like it": [
        "I don’t like it", "I don‘t like it", "I donʼt like it", "I don`t like it",
        "I don´t like it", "I don′t like it", "I don＇t like it", "I don‛t like it",
        "I don&#39;t like it", "I don&apos;t like it", "I don&rsquo;t like it",
        "I don&#x27;t like it", "I don&#8217;t like it", "I don&amp;#39;t like it",
        "I don&amp;amp;rsquo;t like it", "I don&#38;#39;t like it",
        "I&nbsp;don't&nbsp;like&nbsp;it", "I don't\u00a0like\u202fit",
        "I don't\u200b li\u00adke it",
        "<p>I don't like it</p>", "I don't<br>like<br/>it", "I don't<BR />like it",
        "&lt;p&gt;I don't like it&lt;/p&gt;", '<p class="a b" id=x>I don\'t like it</p>',
        "I <b>don't</b> like it", "I do<em>n't</em> like it", "I don't <!-- at all --> like it",
        "<script>var a = 1</script>I don't like it", "Ｉ ｄｏｎ＇ｔ ｌｉｋｅ ｉｔ",
        "\ufeffI don't like it",
        "<a href='https://a.example/?a=1&b=2'>I don't</a> like it",
    ],
    'it says "new"': [
        "it says “new”", "it says «new»", "it says „new‟", "it says &quot;new&quot;",
        "it says &amp;quot;new&amp;quot;", "it says &ldquo;new&rdquo;", "it says ＂new＂",
        "it says 「new」", "it says 『new』", "it says 〝new〞",
    ],
    "non-stick - really...": [
        "non‑stick – really…", "non‐stick — really…", "non-stick &ndash; really&hellip;",
    ],
    "质量不好,退货!": [
        "质量不好，退货！", "质量\u200b不好，退货！", "质量不好&#65292;退货&#65281;",
        "<div>质量不好，退货！</div>",
    ],
    "5 stars": ["5️⃣ stars", "５ stars"],
    "great product": [
        "ＧＲＥＡＴ ｐｒｏｄｕｃｔ", "ＧＲＥＡＴ　ｐｒｏｄｕｃｔ", "gr\u2060eat pro\u200cduct",
        "👍 product",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("plain", "written"), [(p, w) for p, all_ in SPELLINGS.items() for w in all_]
)
def test_it_reads_as_the_plain_text(plain: str, written: str) -> None:
    assert normalise(written) == normalise(plain)
    assert detect(written) == detect(plain)


@pytest.mark.parametrize(
    "text",
    [
        "price < 5 and > 3", "i <3 it", "a<b", "x > y", "R&D at AT&T", "salt & pepper", "M&Ms",
        "if a < b then c", "size <M>", "<- look", "5 < 6 > 2", "<3 <3 <3", "&", "&;", "<", "<>",
        "a&b;c",
    ],
)  # fmt: skip
def test_what_is_no_markup_stays(text: str) -> None:
    assert clean(text) == text


def test_an_emoji_is_a_word_in_the_text_s_language() -> None:
    assert normalise("It broke😡") == "it broke angry"
    assert normalise("坏了😡") == "坏了生气"
    assert normalise("👍🏽👍🏿👍") == "great great great"
    assert normalise("❤️") == normalise("❤") == "love"
    assert normalise("👩‍👩‍👧 🦄") == "👩👩👧 🦄"  # unknown ones stay what they are
    assert detect("😀😀") == "other"


def test_the_table_of_emoji_is_sound() -> None:
    for sign, feeling in FEELINGS.items():
        assert len(sign) == 1, sign
        assert unicodedata.category(sign) in {"So", "Cn"}, sign  # Cn: newer than this Python
        assert -2 <= feeling.polarity <= 2
        assert feeling.polarity != 0
        assert normalise(sign) == feeling.english
    assert all(-2 <= polarity <= 2 for polarity in EMOTICONS.values())


@given(st.text())
def test_any_text_cleans_to_one_that_is_clean(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned or "&" in text or "<" in text
    assert unicodedata.is_normalized("NFKC", cleaned)
    assert detect(text) == detect_cleaned(cleaned)


@given(st.text(st.sampled_from("好坏不的，。！？、；：（）～ aB9&<>;'`“’")))
def test_the_short_cut_for_plain_texts_changes_nothing(text: str) -> None:
    assert detect(text) == detect_cleaned(clean(text))
    if "&" not in text and "<" not in text:
        slow = text.translate(str.maketrans({"`": "'", "’": "'", "“": '"'}))
        assert clean(text) == unicodedata.normalize("NFKC", slow)


@pytest.mark.parametrize(
    "piece",
    ["&amp;", "<", "<a ", "<a b=c ", "<!--", "<script>", "&", "</", "`", "😡", "<p x='", "ﷺ"],
)
def test_cost_is_linear_in_the_text(piece: str) -> None:
    started = time.process_time()
    clean(piece * (262_144 // len(piece)))
    assert time.process_time() - started < 2
