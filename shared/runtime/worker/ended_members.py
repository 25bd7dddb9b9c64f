"""Members of a worker's group that this machine's killed processes left behind."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from aiokafka.errors import KafkaError

from ..kafka import acls, admin, membership
from ..processes import identity

if TYPE_CHECKING:
    from ..settings import WorkerSettings

log = logging.getLogger(__name__)


async def take_out(service: str, settings: WorkerSettings) -> None:
    """Take them out of the group before this worker joins: it would wait for them.

    Where that is impossible nothing is lost: their sessions time out, where the broker has that.
    """
    group = settings.kafka.topic(acls.group(service))
    try:
        with identity.ended(service, settings) as client_ids:
            if not client_ids:
                return
            async with admin.connected(settings.kafka) as client:
                dead = await membership.take_out(client, group, client_ids)
    except (KafkaError, OSError, TimeoutError, ValueError) as error:
        log.debug("members that were killed stay in the group %s: %s", group, error)
        return
    if dead:
        names = ", ".join(member.client_id for member in dead)
        log.info("%s was killed on this machine: taken out of the group %s", names, group)
