"""`shopkeeper up [SERVICE…]`: the workers as processes of their own, supervised."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click

from shopkeeper import services as all_services
from shopkeeper.shared.runtime.processes import supervisor
from shopkeeper.shared.runtime.settings import SettingsError, WorkerSettings

from . import connection, unread

STOP_MARGIN_S = 10.0


def _counted(text: str) -> tuple[str, int]:
    """ "recommender=2" -> ("recommender", 2); a bare name means one."""
    name, _, number = text.partition("=")
    if name not in all_services.NAMES:
        raise click.UsageError(f"{name!r} is not one of {', '.join(all_services.NAMES)}")
    if not number:
        return name, 1
    if not number.isdecimal() or not 0 <= int(number) <= 64:
        raise click.UsageError(f"{text!r}: the number of workers must be 0 to 64")
    return name, int(number)


@click.command("up")
@click.argument(
    "services",
    nargs=-1,
    metavar="[SERVICE[=N]]...",
    shell_complete=lambda ctx, param, begun: [
        name for name in all_services.NAMES if name.startswith(begun)
    ],
)
@click.option(
    "--workers",
    "workers",
    multiple=True,
    metavar="SERVICE=N",
    help="How many workers of a service (default 1); may be given several times.",
)
@click.option(
    "--status-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep a JSON file with each worker's pid, state, restarts and HTTP port.",
)
def command(services: tuple[str, ...], workers: tuple[str, ...], status_file: Path | None) -> None:
    """Run workers against KAFKA_BOOTSTRAP_SERVERS until SIGTERM or Ctrl-C; all, or each SERVICE.

    A terminal that goes away ends them too, but not under nohup or in the background.

    What crashes is started again. Each worker gets a static group member id made of WORKER_ID
    (default: this machine's name), service and number: give a second `up` on the same machine and
    brokers another WORKER_ID, or its workers are refused.

    \b
    Examples:
      shopkeeper up
      shopkeeper up recommender=2 intent
    """
    counts = dict(_counted(text) for text in services or all_services.NAMES)
    counts.update(_counted(text) for text in workers)
    if not sum(counts.values()):
        raise click.UsageError("no workers are asked for")
    if status_file is not None and not status_file.absolute().parent.is_dir():
        raise click.UsageError(f"--status-file: {status_file.parent} is not a folder")
    try:
        settings = WorkerSettings.from_env(os.environ)
        for name in counts:
            all_services.spec(name).check_settings(os.environ)
        prefix = settings.worker_id or supervisor.machine_id()
        programs = supervisor.worker_programs(counts, os.environ, prefix)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None

    unread.warn(connection.say)
    # A worker ends within 2 s of its deadline; one that does not, on a busy machine, has a while.
    grace_s = max(supervisor.Policy().stop_grace_s, settings.drain_deadline_s + STOP_MARGIN_S)
    policy = supervisor.Policy(stop_grace_s=grace_s)

    async def run() -> int:
        return await supervisor.run_until_signal(
            supervisor.Supervisor(programs, policy=policy, status_file=status_file)
        )

    sys.exit(asyncio.run(run()))
