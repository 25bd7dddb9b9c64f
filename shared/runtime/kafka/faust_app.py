"""The Faust application: every setting that differs from Faust's default, with its reason."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import faust
from faust.sensors import Monitor, Sensor

from ..temporary import temporary_folder
from .transport import BatchTransport

if TYPE_CHECKING:
    from faust.types.tuples import ConsumerMessage

    from ..settings import WorkerSettings
    from .owner import Owner


class BatchSchema(faust.Schema):
    """A batch is handed on as it is; decoding happens on the state thread."""

    def loads_key(self, app: Any, message: ConsumerMessage, **_: Any) -> None:
        return None

    def loads_value(self, app: Any, message: ConsumerMessage, **_: Any) -> Any:
        return message.value


class IdleMonitor(Monitor):
    """Faust's, which measures nothing: what is measured of batches is the worker's own telemetry.

    Its own keeps dicts of every message, and sorts the last thousands of durations each second.
    """

    logger = logging.getLogger("faust.sensors")  # mode would log Faust's chatter in our name

    on_message_in = Sensor.on_message_in
    on_message_out = Sensor.on_message_out
    on_stream_event_in = Sensor.on_stream_event_in
    on_stream_event_out = Sensor.on_stream_event_out

    def _sample(self, prev_event_total: int, prev_message_total: int) -> tuple[int, int]:
        return 0, 0


class BatchApp(faust.App):
    """A Faust app that belongs to a worker (`owner`)."""

    logger = logging.getLogger("faust.app")  # mode would log Faust's chatter in our name
    owner: Owner

    def batch_topic(self, name: str) -> Any:
        """The channel of batches of one topic (unprefixed name)."""
        return self.topic(self.owner.settings.kafka.topic(name), schema=BatchSchema())


def make_app(service: str, settings: WorkerSettings, owner: Owner) -> BatchApp:
    """A Faust app for one service, wired to the batch transport."""
    kafka = settings.kafka
    app = BatchApp(
        kafka.topic(f"shopkeeper-{service}"),
        broker=[f"kafka://{server}" for server in kafka.bootstrap_servers],
        broker_client_id=settings.worker_id or settings.client_id or f"shopkeeper-{service}",
        store="memory://",
        datadir=temporary_folder(),  # never written: there are no tables
        autodiscover=False,
        web_enabled=False,  # health and metrics have a server of their own
        topic_allow_declare=False,  # workers hold no right to create topics
        topic_disable_leader=True,
        stream_wait_empty=False,  # the worker drains by itself, with a deadline
        stream_buffer_maxsize=4,  # counts batches, not records
        Monitor=IdleMonitor,
        broker_commit_interval=1.0,
        broker_session_timeout=settings.session_timeout_s,
        broker_request_timeout=max(90.0, settings.session_timeout_s + 5.0),
        consumer_auto_offset_reset="earliest",
        producer_request_timeout=30.0,  # Faust's own producer is idle; its default is 20 minutes
        worker_redirect_stdouts=False,
    )
    app.owner = owner
    app.transport = BatchTransport(app.conf.broker_consumer, app)
    return app
