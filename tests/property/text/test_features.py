"""Hashed n-grams against a naive twin that knows no arrays; batches against single texts."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.text import alphabet, features
from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.features import EN, SIZES, ZH
from shopkeeper.shared.text.normalisation import normalise

M64 = (1 << 64) - 1
MULTIPLIER = 0x9E3779B97F4A7C15
BITS = 12

PIECES = st.sampled_from(
    list("abzAZ09 '-!?.é ßİﬁＡ１　\t\n\u00a0")
    + list("好不很的還。，𠮷")
    + ["aaaaaa", "好好好好", "’", "&#39;", "&amp;lt;", "<br>", "\u200b"]
    + ["カ", "한", "я", "ق", "😀", "👍", "🏽", "\u0301", "\ud83d"]
)
TEXTS = st.one_of(
    st.lists(PIECES, max_size=40).map("".join), st.text(max_size=20), st.sampled_from(["", " "])
)
ANY_SURROGATES = st.text(st.characters(exclude_categories=()), max_size=10)


def mixed(value: int) -> int:
    value = (value ^ (value >> 33)) * 0xFF51AFD7ED558CCD & M64
    value = (value ^ (value >> 33)) * 0xC4CEB9FE1A85EC53 & M64
    return value ^ (value >> 33)


def naive_points(text: str) -> list[int]:
    points: list[int] = []
    for point in (ord(c) for c in f" {simplified(normalise(text))} "):
        letter = alphabet.LATIN <= alphabet.classes()[point] <= alphabet.OTHER_LETTER
        if not (letter and points[-3:] == [point] * 3):
            points.append(point)
    digit = [48 <= p <= 57 for p in points]
    return [
        48 if digit[i] and (digit[i - 1] or digit[i + 1]) else p for i, p in enumerate(points)
    ]  # the frame's spaces make i - 1 and i + 1 safe for every digit


def naive_tokens(points: list[int]) -> list[list[int]]:
    kinds = alphabet.classes()
    runs = {alphabet.LATIN, alphabet.DIGIT, alphabet.OTHER_LETTER}
    tokens: list[list[int]] = []
    joinable = False
    for point in points:
        kind = int(kinds[point])
        if kind in runs and joinable:
            tokens[-1].append(point)
        elif kind != alphabet.SPACE:
            tokens.append([point])
        joinable = kind in runs
    return tokens


def naive_grams(units: list[int], sizes: tuple[int, ...], salt: int) -> Counter[int]:
    found: Counter[int] = Counter()
    for size in sizes:
        for first in range(len(units) - size + 1):
            value = 0
            for unit in units[first : first + size]:
                value = (value * MULTIPLIER + unit) & M64
            found[mixed((value + salt + size) & M64) >> (64 - BITS)] += 1
    return found


def naive(text: str, table: int) -> dict[tuple[int, int], float]:
    """(block, bucket) -> tf."""
    points = naive_points(text)
    words = [
        sum(mixed(p) * pow(MULTIPLIER, i, 1 << 64) for i, p in enumerate(token)) & M64
        for token in naive_tokens(points)
    ]
    blocks = (
        naive_grams(words, SIZES[table].words, 0),
        naive_grams([mixed(p) for p in points], SIZES[table].characters, 100),
    )
    return {
        (block, bucket): 1 + math.log(count)
        for block, counts in enumerate(blocks)
        for bucket, count in counts.items()
    }


def extracted(texts: list[str], tables: list[int]) -> features.Features:
    return features.extract(features.to_batch(texts), np.array(tables, np.int32), BITS)


def of_row(found: features.Features, row: int) -> dict[tuple[int, int], float]:
    out: dict[tuple[int, int], float] = {}
    for entry in np.flatnonzero(found.segments >> 1 == row):
        assert found.ids[entry] >> BITS == found.tables[row]
        key = int(found.segments[entry] & 1), int(found.ids[entry]) & ((1 << BITS) - 1)
        assert key not in out
        out[key] = float(found.tf[entry])
    return out


@given(st.lists(st.tuples(st.one_of(TEXTS, ANY_SURROGATES), st.sampled_from([EN, ZH])), max_size=6))
def test_a_batch_equals_the_naive_twin(rows: list[tuple[str, int]]) -> None:
    texts, tables = [text for text, _ in rows], [table for _, table in rows]
    found = extracted(texts, tables)
    assert (np.diff(found.segments) >= 0).all()
    for row, (text, table) in enumerate(rows):
        assert of_row(found, row) == pytest.approx(naive(text, table), rel=1e-6)


@given(st.lists(st.tuples(TEXTS, st.sampled_from([EN, ZH])), min_size=1, max_size=8))
def test_a_batch_is_its_texts_one_by_one_to_the_bit(rows: list[tuple[str, int]]) -> None:
    whole = extracted([text for text, _ in rows], [table for _, table in rows])
    singles = [extracted([text], [table]) for text, table in rows]
    np.testing.assert_array_equal(whole.ids, np.concatenate([s.ids for s in singles]))
    np.testing.assert_array_equal(whole.tf, np.concatenate([s.tf for s in singles]))
    np.testing.assert_array_equal(
        whole.segments, np.concatenate([s.segments + 2 * i for i, s in enumerate(singles)])
    )
    np.testing.assert_array_equal(whole.style, np.concatenate([s.style for s in singles]))


@pytest.mark.parametrize("characters_max_per_chunk", [1, 50, 1 << 16])
def test_chunks_leave_no_trace(
    monkeypatch: pytest.MonkeyPatch, characters_max_per_chunk: int
) -> None:
    texts = ["where is my order 123?", "质量很好", "", "a" * 100, "iPhone 壳", "x y"] * 3
    tables = [EN, ZH, EN, EN, ZH, EN] * 3
    expected = extracted(texts, tables)
    monkeypatch.setattr(features, "CHARACTERS_MAX_PER_CHUNK", characters_max_per_chunk)
    found = extracted(texts, tables)
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_array_equal(found.segments, expected.segments)


@given(TEXTS)
def test_case_spaces_and_width_do_not_count(text: str) -> None:
    folded = normalise(text)
    assert normalise(f" \t{text}\n") == folded
    assert normalise("ＧＯＯＤ　好") == normalise("good 好")


def test_order_numbers_are_alike_and_stars_are_not() -> None:
    one = extracted(["order 12345", "order 99871"], [EN, EN])
    assert of_row(one, 0) == of_row(one, 1)
    two = extracted(["5 stars", "1 stars"], [EN, EN])
    assert of_row(two, 0) != of_row(two, 1)


def test_text_beyond_the_cap_is_not_read() -> None:
    long = "good " * 5000
    cut = extracted([long, long[: features.TEXT_CHARACTERS_MAX]], [EN, EN])
    assert of_row(cut, 0) == of_row(cut, 1)
    # A ligature of 18 characters cannot get round the cap.
    assert len(normalise("\ufdfa" * 5000)) <= features.TEXT_CHARACTERS_MAX


@pytest.mark.parametrize(
    ("long", "short"),
    [("soooooooo good", "sooo good"), ("好好好好好", "好好好"), ("aaaa bbbb", "aaa bbb")],
)
def test_a_letter_counts_three_times_in_a_row_at_most(long: str, short: str) -> None:
    one = extracted([long, short, "x"], [EN, EN, EN])
    assert of_row(one, 0) == of_row(one, 1)
    assert of_row(one, 2) == of_row(extracted(["x"], [EN]), 0)
    sizes = extracted(["XXXL", "XXL", "2000", "200"], [EN] * 4)
    assert of_row(sizes, 0) != of_row(sizes, 1)
    assert of_row(sizes, 2) != of_row(sizes, 3)
