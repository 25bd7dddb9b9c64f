"""The topics that one worker reads whole: its service's tables, and where it keeps state, who was
erased, which is the worker's to know (`state.erasures`) whether or not the service reads it too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import topics

from ..kafka.global_tables import GlobalTables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue

    from ..api.service import Service
    from ..settings import KafkaSettings
    from ..state.erasures import Erasures
    from .state_thread import StateThread


def make_tables(
    service: Service,
    kafka: KafkaSettings,
    *,
    thread: StateThread,
    client_id: str,
    on_left_out: Callable[[str], object],
    erasures: Erasures,
) -> GlobalTables:
    """on_left_out: see `GlobalTables`."""
    tables = dict(service.tables)
    if service.sources:
        own = tables.get(topics.ERASED_USERS)

        def apply(records: Sequence[KeyValue]) -> None:
            erasures.apply(records)
            if own is not None:
                own(records)

        tables[topics.ERASED_USERS] = apply
    return GlobalTables(
        kafka,
        tables,
        thread.run,
        client_id,
        service.positions,
        on_left_out,
        # Lists name the views that they were made from, by these positions; this is none.
        unpositioned={*tables} - {*service.tables},
    )
