"""The traditional way's targets are those of `prequential`, and its nights see no day to come."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from bench_traditional import LINES, chart
from scipy import sparse
from traditional import (
    AUTOENCODER,
    CF,
    CF_SELF,
    DECAY,
    K_MEANS,
    SHRINKAGE,
    TOGETHER,
    TOGETHER_SELF,
    WEIGHTS,
    Nights,
    Stream,
    autoencoder,
    batches,
    best,
    choose,
    evaluate,
    item_cf,
    k_means,
    read_stream,
    targets_by_day,
)

from shopkeeper.apps.report.plots import standalone
from shopkeeper.services.recommender.evaluation.next_item import WINDOWS, prequential

if TYPE_CHECKING:
    from pathlib import Path

    from shopkeeper.services.recommender.evaluation.local_cluster import Repeats

ITEMS, DAYS, DAY_S = 30, 4, 86_400


def events(seed: int, sessions: int = 60) -> list[tuple[int, int, int]]:
    """(seconds, session, item) in order of time: interleaved, some over midnight, with repeats."""
    chance = random.Random(seed)
    found = []
    for session in range(sessions):
        at = chance.randrange(DAYS * DAY_S)
        centre = chance.randrange(ITEMS)
        for _ in range(chance.randint(1, 8)):
            found.append((at, session, (centre + chance.randrange(4)) % ITEMS))
            at += chance.randrange(1, DAY_S // 4)
    return sorted(found)


def written(path: Path, rows: list[tuple[int, int, int]]) -> Path:
    lines = [f"{session},{item},{1_400_000_000 + at}" for at, session, item in rows]
    path.write_text("\n".join(["session_id,item_id,timestamp", *lines, ""]))
    return path


def stream(seed: int) -> Stream:
    session, item, day = np.array([(s, i, at // DAY_S) for at, s, i in events(seed)]).T
    return Stream(session, item, day, ("",) * ITEMS, np.zeros(ITEMS))


@pytest.mark.parametrize("repeats", ["allow", "forbid"])
def test_targets_are_those_of_prequential(tmp_path: Path, repeats: Repeats) -> None:
    rows = events(1)
    path = written(tmp_path / "clicks.csv", rows)
    _, live = prequential(path, repeats)
    read = read_stream(path)
    rows_of_tallies, nights = evaluate(read, repeats, {TOGETHER: (0.4, 0.2, 0.4)})
    assert len(live) > 50
    for tally in rows_of_tallies.values():
        assert len(tally) == len(live)
        live.gain_over(tally)  # raises where sessions or their order differ
    assert {CF, AUTOENCODER, K_MEANS, TOGETHER} <= set(rows_of_tallies)
    assert nights.count == len(read.days) - 1, "of the first day nothing is known"
    before: dict[int, list[int]] = {}
    numbers: dict[int, int] = {}
    wanted = []
    for _, session, item in rows:
        seen = before.setdefault(session, [])
        number = numbers.setdefault(item, len(numbers))
        if seen and (repeats == "allow" or item not in seen):
            wanted.append(number)
        seen.append(item)
    assert [i for _, t in targets_by_day(read, repeats) for i in t.item.tolist()] == wanted


def test_a_session_so_far_weighs_by_what_came_since() -> None:
    day = np.array([0, 0, 0, 1])
    clicks = Stream(np.zeros(4, int), np.array([0, 1, 0, 2]), day, ("",) * 3, np.zeros(3))
    (_, first), (_, second) = targets_by_day(clicks, "allow")
    np.testing.assert_allclose(first.recent.toarray(), [[1, 0, 0], [DECAY, 1, 0]], rtol=1e-6)
    np.testing.assert_allclose(second.recent.toarray(), [[1, DECAY, 0]], rtol=1e-6)
    assert [len(t.item) for _, t in targets_by_day(clicks, "forbid")] == [1, 1]


@pytest.mark.parametrize("titled", [False, True])
def test_a_night_sees_nothing_of_the_day_itself(titled: bool) -> None:
    before = stream(2)
    if titled:
        titles = tuple(f"colour{i % 3} thing{i % 5}" for i in range(ITEMS))
        before = replace(before, titles=titles, prices=np.arange(1.0, ITEMS + 1))
    last = before.days[-2]
    today = before.day >= last
    mine = int(before.session[np.flatnonzero(today)[0]])
    # The day and all after it, otherwise: but for one session, which asks for lists.
    other = np.where(today & (before.session != mine), (before.item * 7 + 3) % ITEMS, before.item)
    after = replace(before, item=other)
    assert (after.item != before.item).any()

    def asked(clicks: Stream) -> dict[str, np.ndarray]:
        found: dict[str, list[np.ndarray]] = {}
        sessions = {int(s): n for n, s in enumerate(_by_first_target(clicks))}
        for batch in batches(clicks, "allow", clicks.days, Nights()):
            for row, scores in batch.scores.items():
                found.setdefault(row, []).append(scores[batch.session == sessions[mine]])
        return {row: np.concatenate(each) for row, each in found.items()}

    one, two = asked(before), asked(after)
    until = sum(
        int((t.session == _by_first_target(before).index(mine)).sum())
        for day, t in targets_by_day(before, "allow")
        if day <= last
    )
    assert until > 0
    assert set(one) == {CF, CF_SELF, AUTOENCODER, K_MEANS}
    for row, scores in one.items():
        np.testing.assert_array_equal(scores[:until], two[row][:until], err_msg=row)
    assert not before.visits(before.days[0]).nnz


def _by_first_target(clicks: Stream) -> list[int]:
    """Sessions in the order of their second event, as they are numbered."""
    seen: set[int] = set()
    found: list[int] = []
    for session in clicks.session.tolist():
        if session in seen and session not in found:
            found.append(session)
        seen.add(session)
    return found


def test_weights_are_chosen_on_the_first_days_alone() -> None:
    clicks = stream(4)
    days = clicks.days[:2]
    later = clicks.day > days[-1]
    other = replace(clicks, item=np.where(later, (clicks.item * 7 + 3) % ITEMS, clicks.item))
    chosen = choose(clicks, "allow", days)
    assert chosen == choose(other, "allow", days)
    assert set(chosen) == {TOGETHER, TOGETHER_SELF}
    assert set(choose(clicks, "forbid", days)) == {TOGETHER}
    assert set(chosen.values()) <= set(WEIGHTS)
    assert all(sum(weights) == pytest.approx(1) for weights in WEIGHTS)


def test_item_cf_is_the_cosine_of_co_occurrence() -> None:
    visits = stream(5).visits(DAYS)
    dense = visits.toarray()
    n = dense.sum(axis=0)
    recent = sparse.csr_matrix(([1.0, DECAY], ([0, 0], [3, 8])), (1, ITEMS))
    for item, score in enumerate(item_cf(visits)(recent)[0].tolist()):
        wanted = sum(
            weight * (dense[:, seed] @ dense[:, item])
            / np.sqrt((n[seed] + SHRINKAGE) * (n[item] + SHRINKAGE))
            for seed, weight in ((3, 1.0), (8, DECAY))
            if seed != item
        )  # fmt: skip
        assert score == pytest.approx(wanted, abs=1e-6)


def test_an_autoencoder_finds_what_behaves_alike_but_not_the_item_itself() -> None:
    chance = np.random.default_rng(0)
    visits = np.zeros((400, 12), np.float32)
    for session, half in enumerate(chance.integers(0, 2, 400).tolist()):
        visits[session, 6 * half + chance.choice(6, 3, replace=False)] = 1
    visits[:, 11] = 0  # never seen: cannot be offered
    score = autoencoder(sparse.csr_matrix(visits), ("",) * 12, np.zeros(12))
    scores = score(sparse.csr_matrix(np.eye(12, dtype=np.float32)))
    assert abs(np.diag(scores)).max() < 1e-5
    assert scores[11].tolist() == scores[:, 11].tolist() == [0.0] * 12
    own, others = scores[:6, :6].sum() / 30, scores[:6, 6:11].mean()
    assert own > 0.1 > -0.1 > others


def test_a_cluster_offers_what_its_sessions_had() -> None:
    visits = np.zeros((100, 8), np.float32)
    visits[:50, :4] = visits[50:, 4:] = 1
    score = k_means(sparse.csr_matrix(visits))
    scores = score(sparse.csr_matrix(np.eye(8, dtype=np.float32)[[1, 6]]))
    assert set(best(scores)[0][:4]) == {0, 1, 2, 3}
    assert set(best(scores)[1][:4]) == {4, 5, 6, 7}
    assert (scores > 0).all(), "after the cluster's, everyone's"


def test_the_best_come_first_and_what_scores_nothing_does_not() -> None:
    scores = np.zeros((2, 50), np.float32)
    scores[0, [7, 3, 9]] = 0.5, 0.5, 0.9
    scores[1] = np.arange(50)
    assert best(scores) == [[9, 3, 7], list(range(49, 29, -1))]


def test_nothing_of_the_session_is_offered_where_repeats_are_forbidden() -> None:
    for batch in batches(stream(6), "forbid", range(DAYS + 2), Nights()):
        assert set(batch.scores) == {CF, AUTOENCODER, K_MEANS}
    tallies, _ = evaluate(stream(6), "forbid", {TOGETHER: (0.2, 0.4, 0.4)})
    assert all(
        items.isdisjoint(offered)
        for tally in tallies.values()
        for items, offered in zip(_seen(stream(6)), tally._lists, strict=True)
    )


def _seen(clicks: Stream) -> list[set[int]]:
    before: dict[int, set[int]] = {}
    found = []
    for session, item in zip(clicks.session.tolist(), clicks.item.tolist(), strict=True):
        seen = before.setdefault(session, set())
        if seen and item not in seen:
            found.append(set(seen))
        seen.add(item)
    return found


def test_the_plot_names_every_way() -> None:
    windows = {way: [{"HR@20": 0.1 * n} for n in range(WINDOWS)] for way in LINES}
    drawn = standalone(chart("shop", windows))
    ET.fromstring(drawn)
    assert all(label in drawn for label in LINES.values())
