"""Drift against a naive twin that keeps every text, and what the index must be whatever comes."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.text import drift as subject
from shopkeeper.shared.text.drift import Drift, psi
from shopkeeper.shared.text.unusual import CHARACTERS_MAX, unusual_shares

histograms = st.integers(1, 12).flatmap(
    lambda bins: st.tuples(
        *[st.lists(st.integers(0, 1000), min_size=bins, max_size=bins).map(np.float64)] * 2
    )
)


@given(histograms, st.randoms())
def test_the_index_is_a_divergence(both, random):
    recent, reference = both
    found = psi(recent, reference)
    assert found >= 0
    assert math.isfinite(found)
    assert psi(recent, recent) == 0
    assert psi(reference, recent) == pytest.approx(found, abs=1e-12)
    order = list(range(len(recent)))
    random.shuffle(order)
    assert psi(recent[order], reference[order]) == pytest.approx(found, abs=1e-12)
    # Bins that neither has ever seen say nothing.
    padded = [np.append(each, [0.0, 0.0]) for each in both]
    assert psi(*padded) == pytest.approx(found, abs=1e-12)


@given(st.lists(st.integers(10, 1000), min_size=1, max_size=12).map(np.float64))
def test_the_same_shares_of_many_more_texts_are_no_shift(counts):
    assert psi(counts, 100 * counts) < 0.02


def test_the_index_is_that_of_the_books():
    # 20 % / 80 % against 50 % / 50 %: 0.3 ln 2.5 + 0.3 ln 1.6, but for half a text in each bin.
    found = psi(np.array([2000.0, 8000.0]), np.array([5000.0, 5000.0]))
    assert found == pytest.approx(0.3 * math.log(2.5) + 0.3 * math.log(1.6), abs=2e-4)


class Twin:
    """A text at a time, every text of every block kept; sums taken when asked."""

    def __init__(self):
        self.blocks = [[]]
        self.closed_ms = []
        self.expired = 0
        self.now_ms = 0

    def add(self, text_bins, time_ms):
        block = self.blocks[-1]
        block.append((text_bins, time_ms))
        old = time_ms - block[0][1] >= subject.BLOCK_MS
        if len(block) >= subject.BLOCK_TEXTS and old:
            self.closed_ms.append(time_ms)
            self.blocks.append([])

    def parts(self, now_ms):
        """(recent, reference): lists of (bins, weight)."""
        gone = max(self.expired, len(self.closed_ms) - subject.RECENT_BLOCKS)
        while gone < len(self.closed_ms) and self.closed_ms[gone] < now_ms - subject.RECENT_MS_MAX:
            gone += 1
        self.expired = gone
        reference = [
            (bins, 0.5 ** ((gone - 1 - number) / subject.REFERENCE_HALF_LIFE))
            for number, block in enumerate(self.blocks[:gone])
            for bins, _ in block
        ]
        return [(bins, 1.0) for block in self.blocks[gone:] for bins, _ in block], reference

    def shifts(self, now_ms, features):
        recent, reference = self.parts(now_ms)
        if (
            len(recent) < subject.RECENT_TEXTS_MIN
            or sum(weight for _, weight in reference) < subject.REFERENCE_TEXTS_MIN
        ):
            return [None] * features
        return [self.index(recent, reference, feature) for feature in range(features)]

    @staticmethod
    def index(recent, reference, feature):
        shares = []
        seen = {bins[feature] for bins, _ in (*recent, *reference)}
        for part in (recent, reference):
            counts = dict.fromkeys(seen, 0.5)
            for bins, weight in part:
                counts[bins[feature]] += weight
            total = sum(counts.values())
            shares.append({at: count / total for at, count in counts.items()})
        p, q = shares
        return sum((p[at] - q[at]) * math.log(p[at] / q[at]) for at in seen)


def naive_bins(text, row, language):
    usual_han = language == "zh"

    def usual(character):
        if " " <= character <= "~" or character in "\t\n\r‘’“”–—…£€":
            return True
        if not usual_han:
            return False
        try:
            code = character.encode("gb2312")
        except UnicodeEncodeError:
            code = b""
        level_1 = len(code) == 2 and 0xB0 <= code[0] <= 0xD7
        return (
            level_1 or character in "·￥" or "、" <= character <= "】" or "！" <= character <= "～"
        )

    head = text[:CHARACTERS_MAX]
    share = sum(not usual(character) for character in head) / max(len(head), 1)
    return (
        int(row.argmax()),
        bisect_right(subject.CONFIDENCE_FROM, float(row.max())),
        bisect_right(subject.LENGTHS_FROM, len(text)),
        bisect_left(subject.UNUSUAL_ABOVE, share),
    )


# Lengths and shares of unusual characters on the bounds of their classes, and on either side.
TEXTS = [
    "",
    *("a" * length for length in (1, 4, 5, 8, 9, 16, 17, 300)),
    *("é" * unusual + "a" * (20 - unusual) for unusual in (1, 2, 4, 10, 11, 20)),
    "红色连衣裙。",
    "鍘熸潵濡傛",
    "红鍘",
    "Ã©tÃ©",
    "a" * 256 + "鍘" * 256,
    "\ud800x",
]
ROWS = np.array([[0.5, 0.25, 0.25], [0.25, 0.75, 0.0], [0.0, 0.45, 0.55], [0.0, 0.0, 1.0]])


def stream(random, number, spacing_ms):
    """Texts with their languages, probabilities and times; they change halfway, and a time may lie
    behind the one before."""
    languages = random.choice(subject.LANGUAGES, number, p=random.dirichlet([1, 1, 0.2]))
    half = np.arange(number) > number * random.random()
    texts = np.where(half, random.choice(len(TEXTS), number), random.choice(3, number))
    rows = ROWS[np.where(half, random.choice(len(ROWS), number), 0)]
    times = np.cumsum(random.integers(-spacing_ms // 2, 2 * spacing_ms, number))
    return [TEXTS[each] for each in texts], languages.tolist(), rows.astype(np.float32), times


@pytest.fixture
def small(monkeypatch):
    for name, value in {
        "BLOCK_TEXTS": 4,
        "BLOCK_MS": 50,
        "RECENT_BLOCKS": 2,
        "RECENT_MS_MAX": 400,
        "REFERENCE_HALF_LIFE": 3,
        "RECENT_TEXTS_MIN": 6,
        "REFERENCE_TEXTS_MIN": 7,
    }.items():
        monkeypatch.setattr(subject, name, value)


def compare(seed, number, spacing_ms, batch_max):
    """Feed the same to both; returns how many indices were compared."""
    random = np.random.default_rng(seed)
    texts, languages, rows, times = stream(random, number, spacing_ms)
    watched = Drift(3)
    twins = {language: Twin() for language in (*subject.LANGUAGES, subject.ALL)}
    first = newest = compared = 0
    while first < number:
        part = slice(first, first := first + int(random.integers(1, batch_max + 1)))
        # A clock that lags: what is ahead of it counts as now.
        clock = max(int(times[part][0]), newest)
        watched.observe(
            texts[part], languages[part], rows[part], [int(each) for each in times[part]], clock
        )
        for text, of, row, time_ms in zip(
            texts[part], languages[part], rows[part], times[part], strict=True
        ):
            newest = max(newest, min(int(time_ms), clock))
            twins[of].add(naive_bins(text, row, of), newest)
            twins[subject.ALL].add((subject.LANGUAGES.index(of),), newest)
        shifts = list(watched.shifts())
        for held in watched.held():
            features = 1 if held.language == subject.ALL else 4
            found = [each.psi for each in shifts if each.language == held.language]
            wanted = twins[held.language].shifts(newest, features)
            assert found == pytest.approx(wanted, abs=1e-9)
            compared += sum(each is not None for each in found)
            recent, reference = twins[held.language].parts(newest)
            assert held.recent == len(recent)
            assert held.reference == pytest.approx(sum(weight for _, weight in reference))
    return compared


@pytest.mark.usefixtures("small")
def test_windows_are_those_of_the_naive_twin_however_texts_are_batched():
    @given(
        st.integers(0, 2**32 - 1),
        st.integers(1, 150),
        st.sampled_from([2, 10, 40, 200]),
        st.integers(1, 60),
    )
    def holds(seed, number, spacing_ms, batch_max):
        compare(seed, number, spacing_ms, batch_max)

    holds()
    # And whatever was drawn above, by streams that are long enough for an index.
    for spacing_ms in (2, 10, 40, 200):
        compared = sum(compare(seed, 300, spacing_ms, 20) for seed in range(5))
        assert compared > 50, spacing_ms


@given(st.lists(st.tuples(st.text(max_size=300), st.booleans())))
def test_shares_of_unusual_characters_are_shares(said):
    shares = unusual_shares([text for text, _ in said], np.array([of for _, of in said], bool))
    assert shares.shape == (len(said),)
    assert ((shares >= 0) & (shares <= 1)).all()


def test_windows_are_bounded_and_forget():
    watched = Drift(17)
    row = np.full((2000, 17), 1 / 17, np.float32)
    half_life_texts = subject.REFERENCE_HALF_LIFE * subject.BLOCK_TEXTS
    for number in range(200):
        times = [number * 2_000_000_000 + 900_000 * each for each in range(2000)]
        watched.observe(["red dress"] * 2000, ["en"] * 2000, row, times, 10**15)
    english = next(iter(watched.held()))
    # The sum of a geometric series, ln 2 in the denominator.
    assert english.reference < half_life_texts / math.log(2) * 1.01
    assert english.recent <= (subject.RECENT_BLOCKS + 1) * subject.BLOCK_TEXTS
