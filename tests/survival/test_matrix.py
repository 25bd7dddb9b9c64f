"""Some columns of the survival matrix; `make survival` runs them all (docs/survival.md)."""

from __future__ import annotations

import os

import pytest

from . import matrix
from .__main__ import table
from .checks import differences
from .kills import survived
from .nodes import running_node
from .scenarios import BrokerDisk, Downgrade, Grow, Kill, Scenario, Upgrade

pytestmark = [pytest.mark.timeout(2400), pytest.mark.usefixtures("alone")]
KIND = "kafka" if os.environ.get("TEST_BROKER") == "kafka" else "embedded"
ALL_HOLD = {check.name: [] for check in matrix.CHECKS}


class KilledUpgrade(Upgrade):
    """An upgrade whose workers are then killed."""

    name = "upgrade, kill"
    first, second = Kill.first, Kill.second


class Several(BrokerDisk):
    """Three scenarios in one run of a shop: `python -m tests.survival` has a run for each."""

    name = "several"

    def first(self, shop):
        Downgrade().first(shop)
        Grow().first(shop)
        super().first(shop)  # last: workers may end of it, and are supervised then


def test_every_check_holds_through_a_kill_an_upgrade_and_several_more():
    with running_node(KIND) as node:
        undisturbed = matrix.run(node, Scenario())
        assert undisturbed.wrong == ALL_HOLD
        for scenario in (KilledUpgrade(), Several()):
            done = matrix.run(node, scenario, undisturbed.outcomes)
            assert done.wrong == ALL_HOLD, scenario.name


def test_counts_are_exact_after_kills_and_freezes():
    """A few; CI has 20, and `python -m tests.survival.kills --kills 200` is for a night."""
    done = survived(3, seed=1, kind=KIND)
    assert done["kills"] == 3
    assert done["entries"] > 1000
    assert done["wrong"] == []


def test_a_difference_is_named():
    assert differences({"a": 1, "b": 2}, {"a": 1, "b": 2}) == []
    assert differences({"a": 1, "c": 3}, {"a": 2, "b": 2}) == [
        "3 of 2 differ",
        "a: 1 for 2",
        "b: None for 2",
        "c: 3 for None",
    ]


def test_the_table_names_what_does_not_hold_and_what_was_not_reached():
    row = matrix.Run("kill", "`kill -9`", wrong={"counts": ["2 of 9 differ"], "repeats": []})
    row.notes = {"lists": "odd"}
    result = {
        "checks": {"counts": "", "repeats": "", "lists": ""},
        "runs": [row.report() | {"run_s": 1.0}],
        "broker": "embedded",
        "seconds": 1.0,
    }
    assert not result["runs"][0]["holds"]
    said = table(result).splitlines()
    assert said[2] == "| kill | 2 of 9 differ | holds | not reached |"
    assert "kill, lists: odd." in said
