"""`shopkeeper worker SERVICE`: one worker against the brokers that the environment names."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import sys
from dataclasses import replace

import click

from shopkeeper import services
from shopkeeper.shared.runtime import shutdown
from shopkeeper.shared.runtime.processes import identity, memory
from shopkeeper.shared.runtime.processes.supervisor import EXIT_USAGE
from shopkeeper.shared.runtime.refusal import EXIT_AGAIN, EXIT_OPERATOR, OperatorNeeded
from shopkeeper.shared.runtime.settings import SettingsError, WorkerSettings
from shopkeeper.shared.runtime.tasks import end_tasks
from shopkeeper.shared.runtime.telemetry import logs

from . import unread
from .service_names import ServiceName

log = logging.getLogger(__name__)


async def run(reference: str, settings: WorkerSettings) -> int:
    """Run one worker of a service until a signal or a failure; returns the exit status.

    reference: the service, as `services.spec` takes it.
    """
    from shopkeeper.shared.runtime.kafka.admin import wait_for_broker
    from shopkeeper.shared.runtime.worker import ended_members
    from shopkeeper.shared.runtime.worker.worker import Worker

    async def started(worker: Worker, holding: contextlib.AsyncExitStack) -> None:
        # First: a predecessor that is still ending holds the id, and its port as well.
        await holding.enter_async_context(identity.held(name, settings))
        worker.serve()
        await wait_for_broker(settings.kafka, worker.waiting_for_broker)
        if service.sources:
            await ended_members.take_out(name, settings)
        await worker.start()

    spec = services.spec(reference)
    name = spec.name
    try:
        service = spec.build(settings)
    except SettingsError as error:  # one that only the service can check
        log.error("%s: %s", name, error)
        return EXIT_USAGE
    except (RuntimeError, OSError) as error:  # a model was altered
        log.error("%s: %s", name, error)
        return 1
    signals = shutdown.StopSignals(settings.drain_deadline_s + shutdown.GIVE_UP_S)
    signals.install()
    holding = contextlib.AsyncExitStack()
    if service.sources:
        client_id = holding.enter_context(identity.client_id(name, settings))
        settings = replace(settings, client_id=client_id)
    worker = Worker(service, settings)
    starting = asyncio.create_task(started(worker, holding))
    stop = asyncio.create_task(signals.requested.wait())
    returning = asyncio.create_task(memory.give_back_forever())
    failed = asyncio.create_task(worker.wait())
    await asyncio.wait({starting, failed, stop}, return_when=asyncio.FIRST_COMPLETED)
    failure = starting.exception() if starting.done() else None
    if failure is not None and worker.failure is None:
        _say_why(name, failure)
        await holding.aclose()
        return _status(failure)
    if starting.done():
        await asyncio.wait({failed, stop}, return_when=asyncio.FIRST_COMPLETED)
    # What goes wrong from here on is logged; the worker was asked to end, and does.
    failure = worker.failure
    log.info("%s: stopping", name)
    if not starting.done():
        await end_tasks([starting], shutdown.END_START_S)
    await end_tasks([returning])
    await worker.stop()
    await holding.aclose()
    if worker.start_again and failure is None and not signals.requested.is_set():
        return EXIT_AGAIN
    return _status(failure)


def _say_why(name: str, failure: BaseException) -> None:
    """Log why a worker cannot start; with a traceback only where the fault may be ours."""
    from aiokafka.errors import KafkaError

    from shopkeeper.shared.runtime.worker.worker import TopicsMissing

    if isinstance(failure, KafkaError) and failure.retriable:
        lost = "the broker was lost meanwhile"
        log.error("%s: cannot start: %s (%s: %s)", name, lost, type(failure).__name__, failure)
        return
    expected = isinstance(failure, TopicsMissing | OperatorNeeded)
    log.error("%s: cannot start: %s", name, failure, exc_info=None if expected else failure)


def _status(failure: BaseException | None) -> int:
    """The exit status that a worker ends with."""
    if failure is None:
        return 0
    return EXIT_OPERATOR if isinstance(failure, OperatorNeeded) else 1


@click.command("worker")
@click.argument("service", type=ServiceName())
def command(service: str) -> None:
    """Run one SERVICE until SIGTERM or Ctrl-C; settings come from the environment.

    \b
    Examples:
      shopkeeper worker recommender
      WORKER_ID=intent-1 HTTP_PORT=9101 shopkeeper worker intent
    """
    memory.bound()
    shutdown.end_at_once_until_ready()
    # The state thread computes while the loop delivers: the default of 5 ms per turn of the
    # interpreter lock would add that to every hop between them.
    sys.setswitchinterval(0.001)
    # Tens of thousands of records wait at times, each with a tuple per header. With the default
    # threshold of 700 the cycle collector walked them so often that learning fell to a quarter,
    # with 100,000 it still took a sixth of the time. State stays out of its sight.
    gc.set_threshold(1_000_000, 10, 10)
    try:
        settings = WorkerSettings.from_env(os.environ)
        spec = services.spec(service)
        spec.check_settings(os.environ)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    logs.configure(settings.worker_id or spec.name, settings.log_level, settings.log_format)
    unread.warn(log.warning, spec)
    # Not asyncio.run: at its end it waits, without limit, for what does not heed a cancellation.
    loop = spec.new_event_loop()
    asyncio.set_event_loop(loop)
    status = loop.run_until_complete(run(service, settings))
    logging.shutdown()
    sys.stderr.flush()
    # What did not stop in time lingers, Faust's threads too; everything of ours is closed.
    os._exit(status)
