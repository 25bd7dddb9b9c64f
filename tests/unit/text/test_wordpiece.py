"""Texts into pieces: what BERT's tokenizer does with them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.text.wordpiece import WORDS_MAX, WordPiece

PIECES = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##aff", "##able", "##a", "good", "!", "好", "吃",
    "cafe", "'", "don", "t", "##s", "s", "5", "/",
]  # fmt: skip


@pytest.fixture(scope="module")
def words() -> WordPiece:
    return WordPiece(PIECES, strip_accents=True)


def cut(words: WordPiece, text: str) -> list[str]:
    ids = words.encode(text)
    assert (PIECES[ids[0]], PIECES[ids[-1]]) == ("[CLS]", "[SEP]")
    return [PIECES[each] for each in ids[1:-1]]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("  \t\n ", []),
        ("unaffable", ["un", "##aff", "##able"]),
        ("good!!", ["good", "!", "!"]),
        ("好吃good", ["好", "吃", "good"]),
        ("don't", ["don", "'", "t"]),
        ("café", ["cafe"]),
        ("5/5", ["5", "/", "5"]),
        ("go\u200bod", ["good"]),
        ("bad", ["[UNK]"]),
        ("unx", ["[UNK]"]),
        ("[SEP] good", ["[UNK]", "[UNK]", "[UNK]", "good"]),  # a text's own is no end
        ("a" * 101, ["[UNK]"]),
        ("\ud83d good", ["good"]),
    ],
)
def test_a_text_is_cut_into_the_longest_pieces(words, text, pieces):
    assert cut(words, text) == pieces


def test_accents_stay_where_the_vocabulary_has_them():
    kept = WordPiece([*PIECES, "é"], strip_accents=False)
    assert kept.encode("é") == [2, len(PIECES), 3]


def test_a_vocabulary_without_its_special_pieces_is_refused():
    with pytest.raises(ValueError, match=r"no \[SEP\], \[UNK\]"):
        WordPiece(["[CLS]", "a"], strip_accents=False)


def longest_first(pieces: list[str], word: str) -> list[str]:
    """The definition, word by word."""
    found: list[str] = []
    while word:
        before = "##" if found else ""
        for end in range(len(word), 0, -1):
            if before + word[:end] in pieces:
                found.append(before + word[:end])
                word = word[end:]
                break
        else:
            return ["[UNK]"]
    return found


@given(st.text("unafbleods", max_size=12))
def test_it_agrees_with_the_definition(word):
    pieces = WordPiece(PIECES, strip_accents=True)
    assert cut(pieces, word) == longest_first(PIECES, word)


@given(st.text(max_size=200))
def test_any_text_has_pieces_and_the_same_ones_again(text):
    pieces = WordPiece(PIECES, strip_accents=True)
    assert pieces.encode(text) == pieces.encode(text)
    assert all(0 <= each < len(PIECES) for each in pieces.encode(text))


def test_what_is_remembered_is_bounded():
    pieces = WordPiece(PIECES, strip_accents=False)
    for number in range(WORDS_MAX + 10):
        pieces.encode(f"w{number}")
    assert len(pieces._known) <= WORDS_MAX


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("UNAFFABLE good", [("un", "UN"), ("##aff", "AFF"), ("##able", "ABLE"), ("good", "good")]),
        ("go\u200bod!", [("good", "go\u200bod"), ("!", "!")]),
        ("ＧＯＯＤ５", [("[UNK]", "ＧＯＯＤ５")]),
        ("ｇｏｏｄ", [("good", "ｇｏｏｄ")]),
        ("CAFÉ 好吃", [("cafe", "CAFÉ"), ("好", "好"), ("吃", "吃")]),
        ("cafe\u0301s", [("cafe", "cafe\u0301"), ("##s", "s")]),
        ("bad 5", [("[UNK]", "bad"), ("5", "5")]),
        ("", []),
    ],
)
def test_pieces_have_places_in_the_text(words, text, pieces):
    found = words.placed(text)
    assert [
        (PIECES[each], text[begin:end])
        for each, begin, end in zip(found.ids, found.begins, found.ends, strict=True)
    ] == pieces


@given(st.text(st.one_of(st.sampled_from("unaffable good's 好吃É\u0301"), st.characters())))
def test_places_follow_one_another_in_any_text(text):
    found = WordPiece(PIECES, strip_accents=True).placed(text)
    assert len(found.ids) == len(found.begins) == len(found.ends)
    assert all(0 <= b < e <= len(text) for b, e in zip(found.begins, found.ends, strict=True))
    assert list(found.begins) == sorted(found.begins)


@given(st.text(st.sampled_from("unaffable good's 好吃/5!")))
def test_both_ways_of_cutting_find_the_same_pieces(text):
    words = WordPiece(PIECES, strip_accents=True)
    assert words.placed(text).ids == words.encode(text)[1:-1]
