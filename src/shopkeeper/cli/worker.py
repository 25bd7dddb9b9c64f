"""`shopkeeper worker SERVICE`: one worker against the brokers that the environment names."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

import click

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime import logs
from shopkeeper.shared.runtime.refusal import EXIT_AGAIN, EXIT_OPERATOR, OperatorNeeded
from shopkeeper.shared.runtime.settings import Settings, SettingsError
from shopkeeper.shared.runtime.supervisor import EXIT_USAGE

if TYPE_CHECKING:
    from shopkeeper.shared.runtime.service import Service

log = logging.getLogger(__name__)


def build(name: str, settings: Settings) -> Service:
    """The service of this name. Loads its models."""
    module = importlib.import_module(f"shopkeeper.services.{name}.app")
    service: Service = module.build(settings)
    return service


async def run(name: str, settings: Settings) -> int:
    """Run one worker until a signal or a failure; returns the exit status."""
    from shopkeeper.shared.runtime.admin import wait_for_broker
    from shopkeeper.shared.runtime.worker import TopicsMissing, Worker

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)

    async def started(worker: Worker) -> None:
        await wait_for_broker(settings.kafka, log.warning)
        await worker.start()

    try:
        service = build(name, settings)
    except SettingsError as error:  # one that only the service can check
        log.error("%s: %s", name, error)
        return EXIT_USAGE
    except (RuntimeError, OSError) as error:  # a model was altered
        log.error("%s: %s", name, error)
        return 1
    worker = Worker(service, settings)
    starting = asyncio.create_task(started(worker))
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({starting, stop}, return_when=asyncio.FIRST_COMPLETED)
    failure = starting.exception() if starting.done() else None
    if failure is not None:
        expected = isinstance(failure, TopicsMissing | OperatorNeeded)
        log.error("%s: cannot start: %s", name, failure, exc_info=None if expected else failure)
        return _status(failure)
    if not starting.done():
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        return 0
    failed = asyncio.create_task(worker.wait())
    await asyncio.wait({failed, stop}, return_when=asyncio.FIRST_COMPLETED)
    log.info("%s: stopping", name)
    await worker.stop()
    if worker.start_again and worker.failure is None and not stopping.is_set():
        return EXIT_AGAIN
    return _status(worker.failure)


def _status(failure: BaseException | None) -> int:
    """The exit status that a worker ends with."""
    if failure is None:
        return 0
    return EXIT_OPERATOR if isinstance(failure, OperatorNeeded) else 1


@click.command("worker")
@click.argument("service", type=click.Choice(topics.SERVICES))
def command(service: str) -> None:
    """Run one SERVICE until SIGTERM or Ctrl-C."""
    # The core thread computes while the loop delivers: the default of 5 ms per turn of the
    # interpreter lock would add that to every hop between them.
    sys.setswitchinterval(0.001)
    # Tens of thousands of records wait at times, each with a tuple per header. With the default
    # threshold of 700 the cycle collector walked them so often that learning fell to a quarter,
    # with 100,000 it still took a sixth of the time. State stays out of its sight.
    gc.set_threshold(1_000_000, 10, 10)
    try:
        settings = Settings.from_env(os.environ)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    logs.configure(settings.worker_id or service, settings.log_level, settings.log_format)
    status = asyncio.run(run(service, settings))
    logging.shutdown()
    sys.stderr.flush()
    # Faust's own threads may linger after a failed stop; everything of ours is closed.
    os._exit(status)
