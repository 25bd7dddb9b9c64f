"""The state of a training: kept steps are not computed again, half a file is."""

from __future__ import annotations

import numpy as np
import pytest

from shopkeeper.apps.train.state import State


def test_a_stop_in_the_middle_loses_the_step_that_it_stopped_alone(tmp_path) -> None:
    done: list[str] = []

    def run(stop_at: str) -> None:
        state = State(tmp_path, {"rows": 1})
        for name in ("fold 1", "fold 2", "fold 3"):

            def compute(name: str = name) -> dict:
                if name == stop_at:
                    raise KeyboardInterrupt
                done.append(name)
                return {"at": np.array([len(done)])}

            state.step(name, compute)

    with pytest.raises(KeyboardInterrupt):
        run("fold 3")
    run("")
    assert done == ["fold 1", "fold 2", "fold 3"]


def test_other_data_have_a_state_of_their_own(tmp_path) -> None:
    State(tmp_path, {"rows": 1}).save("a", {"x": np.ones(1)})
    assert State(tmp_path, {"rows": 2}).load("a") is None
    assert State(tmp_path, {"rows": 1}).load("a") is not None


def test_half_a_file_and_a_pickle_are_no_state(tmp_path) -> None:
    state = State(tmp_path, {})
    state.save("a", {"x": np.arange(100)})
    path = state.folder / "a.npz"
    path.write_bytes(path.read_bytes()[:-30])
    assert state.load("a") is None
    np.savez(path, x=np.array([{"an": "object"}], dtype=object))
    assert state.load("a") is None
