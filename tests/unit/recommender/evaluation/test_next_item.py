"""The next-item protocol against a plain implementation of it, and the command around it."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from shopkeeper.apps.cli.main import command
from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.evaluation.metrics import RankingMetrics
from shopkeeper.services.recommender.evaluation.next_item import measure, prequential
from shopkeeper.shared.testing.sessions import write_sessions

ITEMS = 25
TIMED = ("learn_seconds", "predict_seconds", "clicks_per_second", "ms_per_list")
Sessions = list[list[str]]


def run(*arguments: Any, **options: Any) -> dict[str, Any]:
    return measure(*arguments, **options)[0]


def sessions(seed: int, count: int) -> Sessions:
    chance = random.Random(seed)
    return [
        [f"{min(chance.randrange(ITEMS), chance.randrange(ITEMS))}" for _ in range(length)]
        for length in (chance.randint(2, 8) for _ in range(count))
    ]


def hits_within(train: Sessions, test: Sessions, repeats: str, k: int) -> tuple[int, int, int]:
    """(fewest hits, most hits, targets) at k by the protocol: ties may go either way."""
    n = Counter(item for items in train for item in set(items))
    c = Counter((i, j) for items in train for i in set(items) for j in set(items) if i != j)
    fewest = most = targets = 0
    for items in test:
        for place in range(1, len(items)):
            prefix, target = items[:place], items[place]
            if repeats == "forbid" and target in prefix:
                continue
            targets += 1
            scores: Counter[str] = Counter()
            for seed in set(prefix):
                weight = 0.8 ** prefix[::-1].index(seed)
                for other in n:
                    if c[seed, other]:
                        scores[other] += weight * c[seed, other] / (n[seed] * n[other]) ** 0.5
                if repeats == "allow":
                    scores[seed] += weight
            if repeats == "forbid":
                for seed in prefix:
                    scores.pop(seed, None)
            mine = scores[target]
            if mine > 0:
                others = [s for item, s in scores.items() if item != target]
                fewest += sum(s >= mine - 1e-4 for s in others) < k
                most += sum(s > mine + 1e-4 for s in others) < k
    return fewest, most, targets


@pytest.mark.parametrize("repeats", ["allow", "forbid"])
def test_figures_follow_the_protocol(tmp_path: Path, repeats: str) -> None:
    train, test = sessions(1, 150), sessions(2, 60)
    figures = run(
        write_sessions(tmp_path / "train.csv", train, 0),
        write_sessions(tmp_path / "test.csv", test, 10_000),
        "allow" if repeats == "allow" else "forbid",
        replace(
            RecommenderConfig(), neighbours_max=ITEMS, old_neighbours_max=ITEMS, shrinkage=0.0,
            two_step_weight=0.0, blend=False,
        ),
    )  # fmt: skip
    for k in (5, 10):
        fewest, most, targets = hits_within(train, test, repeats, k)
        assert figures["predictions"] == targets
        assert fewest <= round(figures[f"HR@{k}"] * targets) <= most
        assert most - fewest < targets / 10  # or this test says nothing
    assert 0 < figures["MRR@20"] < figures["HR@20"] <= 1
    assert figures["MRR@20"] < figures["NDCG@20"]
    assert figures["train_events"] == sum(map(len, train))


def test_learning_in_other_orders_gives_the_same_figures(tmp_path: Path) -> None:
    train, test = sessions(3, 80), write_sessions(tmp_path / "test.csv", sessions(4, 20), 10_000)
    timeless = set(TIMED)
    seen = []
    for data in (train, train[::-1]):
        figures = run(write_sessions(tmp_path / "train.csv", data, 0), test)
        seen.append({k: v for k, v in figures.items() if k not in timeless | {"MRR@20"}})
    assert seen[0]["HR@20"] == pytest.approx(seen[1]["HR@20"], abs=0.02)
    assert seen[0]["predictions"] == seen[1]["predictions"]


def test_the_command_prints_one_json_object(tmp_path: Path) -> None:
    train = write_sessions(tmp_path / "train.csv", sessions(5, 30), 0)
    test = write_sessions(tmp_path / "test.csv", sessions(6, 10), 10_000)
    result = CliRunner().invoke(
        command, ["evaluate", "recommender", str(train), str(test), "--repeats", "forbid"]
    )
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert figures["repeats"] == "forbid"
    assert {"HR@20", "MRR@20", "NDCG@20", "coverage@20", "predictions"} <= set(figures)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a,b\n1,2\n", "expected the columns"),
        ("", "expected the columns"),
        ("session_id,position,item_id\n1,0,a\n", "no session has a click to predict"),
        ("session_id,position,item_id\n1,0\n", "test.csv:2"),
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path: Path, content: str, says: str) -> None:
    train = write_sessions(tmp_path / "train.csv", sessions(5, 5), 0)
    test = tmp_path / "test.csv"
    test.write_text(content)
    result = CliRunner().invoke(command, ["evaluate", "recommender", str(train), str(test)])
    assert result.exit_code == 1
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert CliRunner().invoke(command, ["evaluate", "recommender", "nowhere"]).exit_code == 2


def test_a_share_of_the_sessions_can_be_held_out(tmp_path: Path) -> None:
    data = sessions(7, 40)
    whole = write_sessions(tmp_path / "whole.csv", data, 0)
    train = write_sessions(tmp_path / "train.csv", data[:30], 0)
    test = write_sessions(tmp_path / "test.csv", data[30:], 30)
    apart, held = run(train, test), run(whole, None, hold_out=0.25)
    timed = TIMED
    assert {k: v for k, v in held.items() if k not in timed} == {
        k: v for k, v in apart.items() if k not in timed
    }
    low, high = held["HR@20_95"]
    assert low <= held["HR@20"] <= high
    assert low < high
    runner = CliRunner()
    both = runner.invoke(
        command, ["evaluate", "recommender", str(train), str(test), "--hold-out", "0.1"]
    )
    neither = runner.invoke(command, ["evaluate", "recommender", str(train)])
    none = runner.invoke(command, ["evaluate", "recommender", str(train), "--hold-out", "0.001"])
    assert (both.exit_code, neither.exit_code, none.exit_code) == (2, 2, 1)
    assert "cannot be held out" in none.output


def test_new_targets_alone_can_be_counted(tmp_path: Path) -> None:
    train, test = sessions(8, 60), sessions(9, 30)
    files = (
        write_sessions(tmp_path / "train.csv", train, 0),
        write_sessions(tmp_path / "test.csv", test, 10_000),
    )
    new = sum(items[n] not in items[:n] for items in test for n in range(1, len(items)))
    every = sum(len(items) - 1 for items in test)
    assert run(*files)["predictions"] == every
    only = run(*files, targets="new")
    assert (only["predictions"], only["targets"]) == (new, "new")
    assert run(*files, "forbid")["predictions"] == new
    # What was seen may be offered, so less is left for what is new.
    assert only["HR@5"] < run(*files, "forbid")["HR@5"]


@pytest.mark.parametrize("partitions", [2, 5])
def test_partitions_change_nothing_but_the_order_of_sessions(
    tmp_path: Path, partitions: int
) -> None:
    train, test = sessions(10, 120), sessions(11, 40)
    files = (
        write_sessions(tmp_path / "train.csv", train, 0),
        write_sessions(tmp_path / "test.csv", test, 10_000),
    )
    one = run(*files, config=RecommenderConfig(blend=False))
    many = run(*files, config=RecommenderConfig(blend=False), partitions=partitions)
    changed = {*TIMED, "partitions"}
    assert {k: v for k, v in one.items() if k not in changed} == {
        k: v for k, v in many.items() if k not in changed
    }


def test_each_user_s_last_item_is_predicted_from_all_before(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    # Who saw a saw b next, always; the last item but one is b, the last c, for each user alike.
    users = [["x", "a", "b", "c"]] * 30 + [["a", "b"] * 3 + ["b", "c"]] * 2
    lines = [f"{u},{n},{i}" for u, items in enumerate(users) for n, i in enumerate(items)]
    path.write_text("\n".join(["user_id,position,item_id", *lines, ""]))
    config = RecommenderConfig(blend=False)
    last = run(path, None, config=config)
    assert (last["predictions"], last["repeats"]) == (32, "forbid")
    assert last["train_events"] == 30 * 2 + 2 * 6
    assert last["HR@20"] == 0.0, "c was in no training part"
    before = run(path, None, config=config, hold_out=0.1)
    assert before["predictions"] == 30, "the other two had b before"
    assert before["HR@5"] == 1.0, "b follows a in the two long sequences"
    assert CliRunner().invoke(command, ["evaluate", "recommender", str(path)]).exit_code == 0


def test_each_user_s_last_rating_by_time_is_predicted_from_all_others(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    # 2 and what is last are of one second: by number 2 comes first, as strings 10 would.
    rows = [(u, item, 100 * n) for u in range(30) for n, item in enumerate(["7", "1", "2"])]
    rows += [(u, "3" if u % 2 else "10", 200) for u in range(30)]
    rows += [(u, i, n) for u in range(30, 40) for n, i in enumerate(["1", "2", "7", "8", "9"])]
    random.Random(1).shuffle(rows)
    lines = [f"{user},{item},4.5,{seconds}" for user, item, seconds in rows]
    path.write_text("\n".join(["user_id,item_id,rating,timestamp", *lines, ""]))
    config = RecommenderConfig(blend=False)
    last = run(path, None, config=config)
    assert (last["predictions"], last["repeats"]) == (40, "forbid")
    assert last["train_events"] == 30 * 3 + 10 * 4
    assert last["HR@20"] == 0.0, "nobody's last was learned from anybody"
    before = run(path, None, config=config, hold_out=0.1)
    assert before["train_events"] == 30 * 2 + 10 * 3
    assert before["HR@20"] == 0.75, "2 of thirty, which goes with 1; 8 of ten was never learned"
    assert CliRunner().invoke(command, ["evaluate", "recommender", str(path)]).exit_code == 0
    path.write_text("user_id,item_id,rating,timestamp\nu,i,5,soon\n")
    result = CliRunner().invoke(command, ["evaluate", "recommender", str(path)])
    assert result.exit_code == 1
    assert f"{path}:2" in "".join(result.stderr.split())


def test_prequential_lists_are_those_that_were_there_before_the_click(tmp_path: Path) -> None:
    path = write_sessions(tmp_path / "stream.csv", sessions(12, 200), 0)
    figures, live = prequential(path, config=RecommenderConfig(blend=False))
    data = sessions(12, 200)
    assert figures["predictions"] == sum(len(items) - 1 for items in data)
    assert figures["events"] == sum(map(len, data))
    assert sum(w["predictions"] for w in figures["windows"]) == figures["predictions"]
    # At first nothing is known but the session itself.
    assert figures["windows"][0]["HR@20"] < figures["windows"][-1]["HR@20"]
    # With one click per batch, and views that are never behind, the first lists can be told.
    once = prequential(
        write_sessions(tmp_path / "one.csv", [["a", "b", "a"]], 0), config=RecommenderConfig()
    )[0]
    assert once["HR@20"] == 0.5, "b was unknown; a was in the session"
    nightly, frozen = prequential(path, config=RecommenderConfig(blend=False), nightly=True)
    assert nightly["protocol"] == "nightly"
    assert nightly["HR@20"] < figures["HR@20"], "all is one day: only the session is known"
    gain = live.gain_over(frozen)["HR@20"]
    assert gain[0] == pytest.approx(figures["HR@20"] - nightly["HR@20"], abs=1e-3)
    assert 0 < gain[1] < gain[0] < gain[2]


def test_figures_of_known_ranks() -> None:
    tally = RankingMetrics()
    tally.add(0, 7, [7, 1, 2])
    tally.add(0, 2, [7, 1, 2])
    tally.add(1, 9, [3])
    tally.add(2, 5, [*range(10, 15), 5])
    found = tally.figures(item_count=10)
    assert found["HR@5"] == 0.5
    assert found["HR@10"] == 0.75
    assert found["MRR@5"] == pytest.approx((1 + 1 / 3) / 4, abs=1e-4)
    assert found["MRR@20"] == pytest.approx((1 + 1 / 3 + 1 / 6) / 4, abs=1e-4)
    assert found["NDCG@5"] == pytest.approx((1 + 1 / 2) / 4, abs=1e-4)
    assert found["coverage@5"] == 0.4  # 7, 1, 2, 3 of ten; the others are not known
    assert found["coverage@10"] == 0.5
    with pytest.raises(ValueError, match="not the same targets"):
        tally.gain_over(RankingMetrics())
    with pytest.raises(ValueError, match="not the same targets"):
        tally.relative_gain_over(RankingMetrics())
    assert len(tally.after(3)) == 1
    assert tally.after(1).figures(10)["MRR@20"] == pytest.approx((1 / 3 + 1 / 6) / 3, abs=1e-4)


def test_a_gain_in_shares_is_that_in_points_by_the_others_figure() -> None:
    chance = random.Random(3)
    mine, theirs = RankingMetrics(), RankingMetrics()
    for group in range(400):
        for _ in range(3):
            mine.add(group, 1, [1] if chance.random() < 0.6 else [2])
            theirs.add(group, 1, [1] if chance.random() < 0.5 else [2])
    share, low, high = mine.relative_gain_over(theirs)["HR@20"]
    base = theirs.figures(3)["HR@20"]
    assert share == pytest.approx(mine.gain_over(theirs)["HR@20"][0] / base, abs=1e-3)
    assert low < 0.2 < high
    assert low < share < high
    never = RankingMetrics()
    for group in range(400):
        for _ in range(3):
            never.add(group, 1, [2])
    assert mine.relative_gain_over(never) == {}, "no share of nothing"


def test_bootstrap_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    chance = random.Random(0)
    inside = 0
    for _ in range(60):
        tally = RankingMetrics()
        for group in range(80):
            rate = chance.choice([0.1, 0.7])  # targets of one session are alike
            for _ in range(4):
                tally.add(group, 1, [1] if chance.random() < rate else [2])
        low, high = tally.figures(3)["HR@20_95"]
        inside += low <= 0.4 <= high
    assert 50 <= inside <= 60


def test_what_accuracy_does_not_say() -> None:
    visits = np.array([8, 4, 2, 2])  # shares 1/2, 1/4, 1/8, 1/8
    tally = RankingMetrics()
    tally.add(0, 0, [0, 1], [2])
    tally.add(0, 3, [0, 2], [2, 3])
    tally.add(1, 1, [1], [0, 0, 1, 1])
    tally.add(1, 9, [9, 1], [9])  # 9 is not known
    found = tally.beyond_accuracy(visits)
    # Shown: 0 twice, 1 three times, 2 once, 3 never.
    assert found["gini@20"] == pytest.approx((-3 * 0 - 1 * 1 + 1 * 2 + 3 * 3) / (4 * 6), abs=1e-4)
    assert found["novelty@20"] == pytest.approx((2 * 1 + 3 * 2 + 3) / 6, abs=1e-3)
    shown, own = ((8 + 4 + 8 + 2) / 4 + 4) / 2, (2 + 6) / 2
    assert found["popularity_lift@20"] == pytest.approx(shown / own - 1, abs=1e-4)
    assert found["HR@20_by_history"] == {"1": 1.0, "2-3": 0.0, "4+": 1.0}
    even = RankingMetrics()
    for item in range(4):
        even.add(item, item, [item], [item])
    assert even.beyond_accuracy(visits)["gini@20"] == 0.0
    assert even.beyond_accuracy(visits)["popularity_lift@20"] == 0.0
    assert RankingMetrics().beyond_accuracy(visits)["gini@20"] == 0.0


def test_a_catalogue_is_heeded(tmp_path: Path) -> None:
    train = write_sessions(tmp_path / "train.csv", [["a", "b"]] * 20, 0)
    test = write_sessions(tmp_path / "test.csv", [["a", "b"]] * 3, 100)
    catalogue = tmp_path / "items.csv"
    runner = CliRunner()
    hits = []
    for text in ("item_id,category_id\na,1\nb,1\n", "item_id,in_stock\na,yes\nb,no\n"):
        catalogue.write_text(text)
        result = runner.invoke(
            command,
            ["evaluate", "recommender", str(train), str(test), "--catalogue", str(catalogue)],
        )
        assert result.exit_code == 0, result.output
        hits.append(json.loads(result.stdout)["HR@20"])
    assert hits == [1.0, 0.0]
    catalogue.write_text("price\n1\n")
    result = runner.invoke(
        command, ["evaluate", "recommender", str(train), str(test), "--catalogue", str(catalogue)]
    )
    assert result.exit_code == 1
    assert "no column product_id" in result.stderr


def test_baskets_are_held_out_line_by_line(tmp_path: Path) -> None:
    """An invoice is a session, its lines are the clicks."""
    lines = ["invoice_no,timestamp,customer_id,stock_code,quantity,unit_price_gbp"]
    for number in range(20):
        lines += [f"{number},2011-01-01T10:{number:02},,{item},1,2.5" for item in ("a", "b", "c")]
    path = tmp_path / "lines.csv"
    path.write_text("\n".join([*lines, ""]))
    figures = run(path, None, "forbid", RecommenderConfig(blend=False), hold_out=0.1)
    assert (figures["train_events"], figures["predictions"]) == (54, 4)
    assert figures["HR@20"] == 1.0
