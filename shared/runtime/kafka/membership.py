"""A worker's place in its consumer group: what it waits for, who else has its name, how it leaves.

aiokafka joins and leaves as if every broker and every other member answered. Here a worker that
waits for the others can say for whom, one that was expelled by its own double notices, and one
that stops in the middle of joining takes its name out of the group and goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from aiokafka.client import ConnectionGroup
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.group import LeaveGroupRequest

from ..refusal import OperatorNeeded
from ..shutdown import Deadline

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..telemetry.health import Health

log = logging.getLogger(__name__)

DESCRIBE_S_MAX = 5.0
LEAVE_GROUP_S_MAX = 0.5
LOOK_AGAIN_S = 0.05
GRACE_S_MAX = 5.0  # for a clean end of the consumer
NAMED_MAX = 3
LOOK_S = 1.0
PATIENCE_S = 8.0  # a rebalance among the living takes less


class IdentityTaken(OperatorNeeded):
    """Another worker has joined the group under this worker's id."""

    def __init__(self, worker_id: str, group: str, host: str) -> None:
        super().__init__(
            f"WORKER_ID {worker_id!r} is in use: another worker{f' at {host}' if host else ''} has "
            f"joined the group {group} under this id and taken the partitions over. Stop one of "
            "the two, or give one another WORKER_ID (for `shopkeeper up`: the prefix of its ids)"
        )


@dataclass(frozen=True, slots=True)
class Member:
    """One member, as the group's coordinator describes it."""

    member_id: str
    client_id: str  # of our workers with a WORKER_ID: that id
    host: str

    def __str__(self) -> str:
        return f"{self.client_id} at {self.host}" if self.host else self.client_id


async def group_of(admin: Any, group: str) -> tuple[str, list[Member]]:
    """The group's state, in Kafka's words, and its members. Raises KafkaError.

    One group at a time: aiokafka reads an answer about several by an older schema.
    """
    [response] = await admin.describe_consumer_groups([group])
    [(error_code, _, state, _, _, members, *_)] = response.groups
    if error_code:
        raise for_code(error_code)(f"the group {group} cannot be described")
    return state, [Member(m[0], m[1], str(m[2]).lstrip("/")) for m in members]


async def describe(admin: Any, group: str) -> tuple[str, list[Member]] | None:
    """As `group_of`; None if nobody says in time."""
    try:
        async with asyncio.timeout(DESCRIBE_S_MAX):
            return await group_of(admin, group)
    except (KafkaError, OSError, TimeoutError, ValueError):
        return None


async def take_out(admin: Any, group: str, client_ids: Collection[str]) -> list[Member]:
    """Take members out of a group whose processes have ended without leaving it; returns them.

    Nobody waits for their sessions to time out then. Raises KafkaError.
    """
    _, members = await group_of(admin, group)
    dead = [member for member in members if member.client_id in client_ids]
    for member in dead:
        node = await admin.find_coordinator(group)
        await admin._send_request_to_node(node, LeaveGroupRequest(group, member.member_id))
    return dead


class JoiningMember(Protocol):
    """What is asked of a consumer while its group has not answered it (see `BatchConsumer`)."""

    def joining(self) -> bool: ...

    def member_id(self) -> str: ...


class GroupWait:
    """Says for whom a worker waits that its group does not give partitions to."""

    def __init__(self, admin: Any, group: str, session_s: float, health: Health) -> None:
        """session_s: after which a broker that evicts does so."""
        self._admin, self._group, self._session_s = admin, group, session_s
        self._health = health

    async def run(self, consumer: JoiningMember) -> None:
        """Look on until cancelled: one log line per wait, and what /readyz answers meanwhile."""
        since, said, not_ready = time.monotonic(), False, self._health.not_ready
        while True:
            await asyncio.sleep(LOOK_S)
            if not consumer.joining() or self._health.broker:
                if said and "partitions" in not_ready:
                    not_ready["partitions"] = "assigned, being recovered"
                since, said = time.monotonic(), False
            elif time.monotonic() - since >= PATIENCE_S and (
                described := await describe(self._admin, self._group)
            ):
                text = waits_for(self._group, consumer.member_id(), self._session_s, described[1])
                if not consumer.joining():
                    continue
                not_ready["partitions"] = text
                if not said:
                    log.warning(text)
                said = True


def waits_for(group: str, own_member_id: str, session_s: float, members: list[Member]) -> str:
    """What a member that is not given its partitions waits for, for a log line and /readyz."""
    others = [m for m in members if m.member_id != own_member_id]
    if not others:
        return f"waiting for the group {group} to take this worker in"
    listed = ", ".join(map(str, others[:NAMED_MAX]))
    if len(others) > NAMED_MAX:
        listed += f" and {len(others) - NAMED_MAX} more"
    return (
        f"waiting for the group {group}: not every other member has answered ({listed}); one that "
        f"is dead is waited for until its session times out, after {session_s:g} s, on the "
        "embedded broker for ever: there start it again where it ran, or restart the broker"
    )


def double(members: list[Member], worker_id: str, former_member_id: str) -> Member | None:
    """The member that has joined under our id since the group forgot `former_member_id`."""
    for member in members:
        if member.client_id == worker_id and member.member_id != former_member_id:
            return member
    return None


def follows(now: tuple[str, int], before: tuple[str, int] | None) -> bool:
    """Whether nobody else can have owned, in between, what was released: of (member id, generation)
    it is the same member, in the group's next generation. One that had lost its generation by then
    (-1), as where the group forgot it or its broker began to count anew, cannot tell."""
    return (
        before is not None and bool(now[0]) and before[1] >= 0 and now == (before[0], before[1] + 1)
    )


async def end_consumer(consumer: Any, deadline: Deadline, forgotten: bool = False) -> None:
    """Stop an aiokafka consumer, on its own loop, by `deadline`.

    aiokafka waits for the answer to a JoinGroup, which comes when all other members have joined
    again: for a dead one that is never, on a broker that does not evict. So a consumer that is
    joining is not waited for. It leaves over another connection, since the broker reads nothing
    more from the one whose JoinGroup it holds, or the next worker would wait for this one.

    forgotten: a double has taken its place in the group; it must not join any more.
    """
    coordinator = consumer._coordinator
    if coordinator is not None:
        grace = Deadline(deadline.left(GRACE_S_MAX))
        closing = asyncio.ensure_future(coordinator.close())
        while not closing.done():
            if forgotten or _joining(consumer) or grace.passed():
                await _cut_off(consumer, deadline)
                closing.cancel()
                break
            await asyncio.wait({closing}, timeout=LOOK_AGAIN_S)
    ending = asyncio.ensure_future(consumer.stop())
    await asyncio.wait({ending}, timeout=max(LEAVE_GROUP_S_MAX, deadline.left(GRACE_S_MAX)))
    ending.cancel()


def join_again_where_nothing_was_assigned(coordinator: Any) -> None:
    """Make an aiokafka coordinator join once more where the answer to SyncGroup is empty.

    A broker answers so to a member that the leader, when it assigned, had not seen: one that joins
    while another, dead, is waited for. aiokafka fails to read the empty answer, and its task of
    coordination ends: the member would wait for partitions for ever. (An assignment of no
    partitions is not empty.)
    """
    join, complete = coordinator._do_rejoin_group, coordinator._on_join_complete

    async def completed(generation: int, member_id: str, protocol: str, assignment: bytes) -> None:
        if not assignment:
            raise _NothingAssigned
        await complete(generation, member_id, protocol, assignment)

    async def joined(subscription: Any) -> bool:
        try:
            return bool(await join(subscription))
        except _NothingAssigned:
            log.warning("the group assigned nothing to this member: it joins again")
            coordinator.request_rejoin()
            await asyncio.sleep(coordinator._retry_backoff_ms / 1000)
            return False

    coordinator._on_join_complete, coordinator._do_rejoin_group = completed, joined


class _NothingAssigned(Exception):
    """The answer to SyncGroup was empty."""


def failure(consumer: Any) -> BaseException | None:
    """Why the consumer takes no more part in its group, though nobody ended it; None: it does."""
    task = getattr(consumer and consumer._coordinator, "_coordination_task", None)
    # Read from another thread: a task's state, nothing more.
    return None if task is None or not task.done() or task.cancelled() else task.exception()


def joining(consumer: Any) -> bool:
    """Whether the group has not yet answered this member's wish to join."""
    return (
        consumer is not None
        and consumer._coordinator is not None
        and consumer._subscription.subscription is not None
        and _joining(consumer)
    )


def _joining(consumer: Any) -> bool:
    return bool(
        consumer._coordinator._performed_join_prepare  # what was held is let go of
        and consumer._subscription.reassignment_in_progress
    )


async def _cut_off(consumer: Any, deadline: Deadline) -> None:
    """End aiokafka's tasks without waiting for what they wait for, and leave where one must."""
    coordinator = consumer._coordinator
    member_id = coordinator.member_id
    tasks = [
        task
        for task in (coordinator._coordination_task, coordinator._heartbeat_task)
        if task is not None and not task.done()
    ]
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=deadline.left(LEAVE_GROUP_S_MAX))
    if member_id and coordinator._group_instance_id is None:
        await _leave(consumer._client, coordinator, member_id, deadline)


async def _leave(client: Any, coordinator: Any, member_id: str, deadline: Deadline) -> None:
    node = coordinator.coordinator_id
    if node is None:
        return
    request = LeaveGroupRequest(coordinator.group_id, member_id)
    with contextlib.suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(deadline.left(LEAVE_GROUP_S_MAX)):
            await client.send(node, request, group=ConnectionGroup.DEFAULT)
