"""Lists for users of whom there is a profile and no event: known truths, and naive twins."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner

from shopkeeper.apps.cli.main import command
from shopkeeper.services.recommender.core.user_groups.profiles import cell_of, lifts_of_cells
from shopkeeper.services.recommender.evaluation import new_users
from shopkeeper.services.recommender.evaluation.cells import CellCounts
from shopkeeper.services.recommender.evaluation.new_users import (
    MEASURES,
    fold_of,
    load,
    measure_new_users,
    tasks_of,
    worth_of,
)
from shopkeeper.shared.datasets.base import FormatError

if TYPE_CHECKING:
    from pathlib import Path

USERS, CHOSEN, SHELF = 400, 6, 30


def write(folder: Path, apart: bool, seed: int = 1) -> tuple[Path, Path]:
    """MovieLens' two files of a simulated world: men and women choose from shelves of their own
    (apart), or all from both alike. Ages and occupations say nothing."""
    chance = random.Random(seed)
    data, users = folder / "u.data", folder / "u.user"
    with data.open("w") as events, users.open("w") as people:
        for user in range(1, USERS + 1):
            gender = chance.choice("FM")
            job = chance.choice(("artist", "writer"))
            people.write(f"{user}|{chance.randrange(15, 70)}|{gender}|{job}|85711\n")
            shelf = SHELF * (gender == "M" if apart else chance.randrange(2))
            items = chance.sample(range(shelf, shelf + SHELF), CHOSEN)
            for place, item in enumerate(items):
                events.write(f"{user}\t{item}\t3\t{880_000_000 + user * 100 + place}\n")
    return data, users


def test_a_group_of_another_taste_gets_better_lists(tmp_path: Path) -> None:
    found = measure_new_users(*write(tmp_path, apart=True), first=5)
    for order in new_users.ORDERS:
        for targets in ("first_5", "all"):
            new = found[order][targets]["after_0_events"]
            for measure in ("recall@10", "NDCG@10", "recall@20", "NDCG@20"):
                gain, low, high = new["gender"]["gain"][measure]
                assert 0.03 < low < gain < high, (order, targets, measure)
                # Age and occupation say nothing; nor do they take away what gender says.
                assert new["all"]["gain"][measure][1] > 0.02, (order, targets, measure)
                assert new["occupation"]["gain"][measure][1] < 0.01, (order, targets, measure)
    # Popularity serves both alike here; what is shown by the profile is their own shelf.
    groups = found["folds"]["all"]["by_group"]["gender"]
    assert set(groups["all"]["groups"]) == {"female", "male"}
    women = [groups[name]["groups"]["female"]["hit"][0] for name in ("all", "popularity")]
    assert women[0] > women[1]


def test_no_difference_of_taste_is_no_gain(tmp_path: Path) -> None:
    found = measure_new_users(*write(tmp_path, apart=False))
    for order in new_users.ORDERS:
        for name in ("age_band", "gender", "occupation", "all"):
            gain, low, high = found[order]["all"]["after_0_events"][name]["gain"]["recall@20"]
            assert low <= 0.01 and high >= -0.01 and abs(gain) < 0.03, (order, name)  # noqa: PT018


def test_who_is_new_and_what_others_did(tmp_path: Path) -> None:
    """Counts at a user's first event are a plain look at everything before it."""
    world = load(*write(tmp_path, apart=True))
    tasks = tasks_of(world)
    assert len(tasks) == USERS
    assert sum(len(task.chosen) for task in tasks) == USERS * CHOSEN == len(world.pairs)
    for order in new_users.ORDERS:
        for task, by_set in new_users._counted(world, tasks, {"g": ["gender"]}, order):
            counts = by_set["g"]
            name = world.users[task.user]
            others = (
                world.pairs[: task.start]
                if order == "before"
                else np.array(
                    [p for p in world.pairs.tolist() if fold_of(world.users[p[0]]) != fold_of(name)]
                )
            )
            assert task.user not in others[:, 0]
            if int(name) % 37 == 0:
                whole = np.bincount(others[:, 1], minlength=len(world.items))
                assert counts.popularity.tolist() == whole.tolist()


def test_worth_of_a_list_by_hand() -> None:
    worth = dict(zip(MEASURES, worth_of([7, 3, 9, 4], [3, 4, 5]), strict=True))
    assert worth["recall@10"] == pytest.approx(2 / 3)
    assert worth["HR@10"] == 1
    assert worth["MRR@10"] == pytest.approx(1 / 2)
    gains = 1 / np.log2(3) + 1 / np.log2(5)
    assert worth["NDCG@10"] == pytest.approx(gains / (1 + 1 / np.log2(3) + 1 / np.log2(4)))
    nothing = worth_of([7, 9], [3])
    assert not nothing.any()
    late = dict(zip(MEASURES, worth_of(list(range(20)), [15]), strict=True))
    assert late["HR@10"] == 0
    assert late["MRR@20"] == pytest.approx(1 / 16)


def test_the_command(tmp_path: Path) -> None:
    data, users = write(tmp_path, apart=True)
    run = CliRunner().invoke
    done = run(command, ["evaluate", "recommender", str(data), "--profiles", str(users)])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["protocol"] == "new users"
    others = measure_new_users(data, users, fold=0)
    assert found["users"] + others["users"] == USERS
    assert 0 < others["users"] < found["users"]
    again = run(
        command,
        ["evaluate", "recommender", str(data), "--profiles", str(users), "--prequential"],
    )
    assert again.exit_code == 2
    assert "--profiles" in again.output
    nobody = tmp_path / "nobody.csv"
    nobody.write_text("user_id,gender\nx,F\n")
    with pytest.raises(FormatError, match="names none of the 400 users"):
        measure_new_users(data, nobody)


def test_scores_are_those_of_plain_counts_by_cell(tmp_path: Path) -> None:
    """The serving functions get what a look through the pairs counts."""
    world = load(*write(tmp_path, apart=True))
    fields = ["gender", "occupation"]
    counts = CellCounts(len(world.items), world.profiles, fields)
    for part in np.array_split(world.pairs, 3):
        counts.add(part)
        counts.scores(0)  # lifts are made on the way, too
    clicks: Counter[int] = Counter()
    users: dict[int, set[int]] = defaultdict(set)
    field_of = {}
    for user, item in world.pairs.tolist():
        for field in fields:
            cell = cell_of(field, world.profiles[user][field])
            clicks[cell << 32 | item] += 1
            users[cell].add(user)
            field_of[cell] = field
    keys = sorted(clicks)
    lifts = lifts_of_cells(
        np.array(keys),
        np.array([float(clicks[key]) for key in keys]),
        {cell: len(some) for cell, some in users.items()},
        field_of,
    )
    for user in range(0, USERS, 50):
        cells = [cell_of(field, world.profiles[user][field]) for field in fields]
        expected = np.zeros(len(world.items))
        expected[lifts.items] = lifts.scores(cells)
        assert counts.scores(user) == pytest.approx(expected)
    nobody = CellCounts(len(world.items), [{} for _ in world.users], fields)
    nobody.add(world.pairs)
    assert nobody.scores(0).tolist() == nobody.popularity.tolist()
