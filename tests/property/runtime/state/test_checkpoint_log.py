"""Which checkpoints may be deleted, beside a naive log of records."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.runtime.state.checkpoint_log import SLACK_BYTES, CheckpointLog

SOURCES = ("busy", "quiet", "silent")


class Naive:
    """The log as a list of records, whose newest checkpoint per source is looked up each time."""

    def __init__(self) -> None:
        self.records: list[tuple[int, str, int]] = []  # (offset, source, bytes), retained
        self.next_offset = 0

    def write(self, source: str, size: int) -> int:
        first = self.next_offset
        self.records.append((first, source, size))
        self.next_offset += 2  # chunk and manifest
        return first

    def delete_before(self, offset: int) -> None:
        self.records = [record for record in self.records if record[0] >= offset]

    def newest(self, source: str) -> int | None:
        return max((offset for offset, name, _ in self.records if name == source), default=None)

    def retained_bytes(self) -> int:
        return sum(size for _, _, size in self.records)


def collect(log: CheckpointLog, naive: Naive) -> None:
    """What the worker does about once a second."""
    before = log.deletable_before()
    if before is not None:
        naive.delete_before(before)
        log.deleted_before(before)


@given(
    st.lists(
        st.tuples(st.sampled_from(SOURCES), st.integers(0, 2 * SLACK_BYTES), st.booleans()),
        max_size=60,
    )
)
def test_no_source_ever_loses_its_newest_checkpoint_and_the_books_agree(steps):
    log, naive = CheckpointLog(SOURCES), Naive()
    newest: dict[str, int] = {}
    for source, size, collecting in steps:
        newest[source] = naive.write(source, size)
        log.append(newest[source], size)
        log.supersede(source, newest[source], size)
        if collecting:
            collect(log, naive)
        assert {s: naive.newest(s) for s in newest} == newest
        assert log.retained_bytes == naive.retained_bytes()


@given(
    sizes=st.lists(st.integers(1, SLACK_BYTES), min_size=1, max_size=150),
    quiet_bytes=st.integers(0, 3 * SLACK_BYTES),
)
def test_a_quiet_source_and_one_that_never_spoke_pin_nothing(sizes, quiet_bytes):
    """The bound that the module promises, with one source that writes all the time."""
    log, naive = CheckpointLog(SOURCES), Naive()
    state = {"quiet": quiet_bytes, "silent": 40}

    def save(source: str, size: int) -> None:
        first = naive.write(source, size)
        log.append(first, size)
        log.supersede(source, first, size)

    save("quiet", quiet_bytes)
    for size in sizes:
        save("busy", size)
        for source in log.pinning():
            save(source, state.get(source, size))
        collect(log, naive)
        live = log.live_bytes
        # One more of each than the bound, as they come in whole pieces.
        assert naive.retained_bytes() <= 3 * live + 2 * SLACK_BYTES + max(sizes)
    assert naive.newest("quiet") is not None


def test_confirmations_that_overtake_one_another_keep_the_log_in_order():
    log = CheckpointLog(("a", "b"))
    log.append(5, 10)  # began later, confirmed first
    log.append(0, 7)
    log.supersede("a", 0, 7)
    log.supersede("b", 5, 10)
    log.deleted_before(5)
    assert log.retained_bytes == 10


def test_nothing_goes_while_a_source_has_no_checkpoint_as_its_first_may_be_under_way():
    log = CheckpointLog(("a", "b"))
    for offset in range(0, 40, 2):
        log.append(offset, SLACK_BYTES)
        log.supersede("a", offset, SLACK_BYTES)
    assert log.deletable_before() is None
    assert log.pinning() == ["b"]
