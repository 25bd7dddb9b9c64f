"""Quality on items that nobody has visited: who is kept out, ties, what may be known of them."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner

from shopkeeper.apps.cli.main import command
from shopkeeper.services.recommender.evaluation import cold_start
from shopkeeper.services.recommender.evaluation.cold_start import (
    COLD_OF,
    batched,
    is_cold,
    measure_cold,
)
from shopkeeper.services.recommender.evaluation.metrics import CUTOFFS
from shopkeeper.shared.contracts.events.shop import ProductCatalogued
from shopkeeper.shared.datasets.readers import FormatError
from shopkeeper.shared.testing.sessions import write_sessions

if TYPE_CHECKING:
    from pathlib import Path

KINDS = 8
ITEMS = [f"i{n}" for n in range(1200)]
Sessions = list[list[str]]


def kind(name: str) -> int:
    return int(name[1:]) // COLD_OF % KINDS


def catalogue(told: bool = True) -> list[ProductCatalogued]:
    """Each item's kind is its category; or nothing but what all have in common."""
    return [
        ProductCatalogued(
            product_id=name, title=name, category=f"kind {kind(name)}" if told else "all"
        )
        for name in ITEMS
    ]


def sessions(seed: int, count: int) -> Sessions:
    """Pairs of kinds: who looks at items of kind 2 k goes on to kind 2 k + 1, and back."""
    chance = random.Random(seed)
    by_kind = [[name for name in ITEMS if kind(name) == k] for k in range(KINDS)]
    found = []
    for _ in range(count):
        first = chance.randrange(KINDS)
        found.append([chance.choice(by_kind[first ^ (place % 2)]) for place in range(2)])
    return found


def test_a_tenth_is_kept_out() -> None:
    names = [f"item-{n}" for n in range(20_000)]
    share = sum(map(is_cold, names)) / len(names)
    assert share == pytest.approx(1 / COLD_OF, abs=5 * (0.09 / len(names)) ** 0.5)


def test_ties_count_by_their_expected_place() -> None:
    chance = np.random.default_rng(1)
    fits = chance.integers(-1, 3, (12, 40)).astype(float)  # many are equal
    targets = chance.integers(0, 40, 12).tolist()
    draws = 4_000
    total = np.zeros((len(fits), 2 * len(CUTOFFS)))
    for _ in range(draws):
        shuffled = np.lexsort((chance.random(fits.shape), -fits), axis=1)
        ranks = 1 + np.argmax(shuffled == np.array(targets)[:, None], axis=1)
        for n, cutoff in enumerate(CUTOFFS):
            total[:, 2 * n] += ranks <= cutoff
            total[:, 2 * n + 1] += (ranks <= cutoff) / ranks
    assert np.allclose(cold_start._expected(fits, targets), total / draws, atol=0.04)


def test_without_ties_ranks_are_exact() -> None:
    fits = np.arange(30.0)[None, ::-1]
    for rank in (1, 5, 6, 20, 21):
        expected = [(rank <= cutoff) / by for cutoff in CUTOFFS for by in (1, rank)]
        assert cold_start._expected(fits, [rank - 1])[0] == pytest.approx(expected)


def test_parts_are_all_and_in_order() -> None:
    tasks = [(n, [n], n) for n in range(10)]
    assert [task for some in batched(tasks, 4) for task in some] == tasks
    assert [len(some) for some in batched(tasks, 4)] == [4, 4, 2]


def test_what_leads_to_a_kind_finds_its_new_items(tmp_path: Path) -> None:
    train = write_sessions(tmp_path / "train.csv", sessions(1, 3000), 0)
    data = sessions(2, 900)
    test = write_sessions(tmp_path / "test.csv", data, 10_000)
    figures = measure_cold(train, test, catalogue())
    assert figures["cold_items"] == sum(map(is_cold, ITEMS))
    assert figures["predictions"] == sum(
        is_cold(items[1]) and items[1] != items[0] for items in data
    )
    # Alike is the wrong kind at every step; behaviour tells the other of the pair.
    assert figures["HR@20"] > 0.9
    assert figures["HR@20_alike"] < 0.5
    gain, low, high = figures["HR@20_above_alike"]
    assert gain == pytest.approx(figures["HR@20"] - figures["HR@20_alike"], abs=2e-4)
    assert 0 < low <= gain <= high
    low, high = figures["HR@20_95"]
    assert low <= figures["HR@20"] <= high
    assert figures["HR@5"] <= figures["HR@10"] <= figures["HR@20"]


def test_nothing_is_learned_of_what_is_kept_out(tmp_path: Path) -> None:
    data = sessions(3, 1000)
    # Each new item always comes after one and the same other: who learned of it would know it.
    hidden = [name for name in ITEMS if is_cold(name)]
    others = [name for name in ITEMS if not is_cold(name)]
    revealing = [[others[n], item] for n, item in enumerate(hidden)]
    test = write_sessions(tmp_path / "test.csv", revealing, 10_000)
    with_them = write_sessions(tmp_path / "with.csv", data + 5 * revealing, 0)
    without = write_sessions(
        tmp_path / "without.csv",
        [[item for item in items if not is_cold(item)] for items in data + 5 * revealing], 0,
    )  # fmt: skip
    nothing_told = measure_cold(with_them, test, catalogue(told=False))
    assert nothing_told["HR@20"] == pytest.approx(nothing_told["HR@20_random"], abs=1e-3)
    seen, unseen = (measure_cold(train, test, catalogue()) for train in (with_them, without))
    assert {k: v for k, v in seen.items() if k != "seconds"} == {
        k: v for k, v in unseen.items() if k != "seconds"
    }


def test_a_shop_without_a_click_on_a_new_item_is_an_error(tmp_path: Path) -> None:
    data = [[item for item in items if not is_cold(item)] for items in sessions(4, 60)]
    train, test = (
        write_sessions(tmp_path / "a.csv", data, 0),
        write_sessions(tmp_path / "b.csv", data, 1000),
    )
    with pytest.raises(FormatError, match="no click on a new item"):
        measure_cold(train, test, catalogue())


def test_the_command(tmp_path: Path) -> None:
    train = str(write_sessions(tmp_path / "train.csv", sessions(5, 2000), 0))
    products = tmp_path / "products.csv"
    products.write_text(
        "".join(["item_id,kind\n", *(f"{name},kind {kind(name)}\n" for name in ITEMS)])
    )
    runner = CliRunner()
    cold_items = ["evaluate", "recommender", train, "--hold-out", "0.2", "--cold-items"]
    without = runner.invoke(command, cold_items)
    assert without.exit_code == 2
    assert "--catalogue" in without.output
    nowhere = runner.invoke(command, [*cold_items, "--catalogue", str(tmp_path / "nowhere.csv")])
    assert nowhere.exit_code == 2
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b\n1,2\n")
    wrong = runner.invoke(command, [*cold_items, "--catalogue", str(bad)])
    assert wrong.exit_code == 1
    assert "no column" in wrong.stderr
    figures = []
    for columns in ([], ["--attribute", "kind"]):
        result = runner.invoke(command, [*cold_items, "--catalogue", str(products), *columns])
        assert result.exit_code == 0, result.output
        figures.append(json.loads(result.stdout))
    nothing, told = figures
    assert nothing["HR@20"] == pytest.approx(nothing["HR@20_random"], abs=2e-3)
    assert told["HR@20"] > 2 * nothing["HR@20"]
