"""`shopkeeper restore DIR`: a backup, written to brokers whose topics of ours are empty."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shopkeeper.shared.runtime.operations.backup import files
from shopkeeper.shared.runtime.operations.backup.files import BackupError
from shopkeeper.shared.runtime.operations.backup.restoring import restore
from shopkeeper.shared.runtime.settings import SettingsError, read

from . import connection

if TYPE_CHECKING:
    from shopkeeper.shared.runtime.operations.backup.files import Manifest
    from shopkeeper.shared.runtime.settings import KafkaSettings


@click.command("restore")
@click.argument(
    "folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--check", is_flag=True, help="Only hold the files against the manifest.")
@connection.wait_option(60.0)
def command(folder: Path, check: bool, wait_s: float) -> None:
    """Write the backup in DIR to brokers that hold no records of ours, and no workers run.

    Topics are created as they were, with TOPIC_REPLICATION copies. Every file is held against the
    manifest before anything is written. Workers that are started then go on where their
    checkpoints stand.

    \b
    Examples:
      shopkeeper restore /backups/monday --check
      shopkeeper restore /backups/monday
    """

    async def work(kafka: KafkaSettings) -> Manifest:
        replication = int(read(os.environ, "TOPIC_REPLICATION"))
        return await restore(kafka, folder, replication, connection.say)

    try:
        if check:
            manifest = files.read_manifest(folder)
            files.check(folder, manifest)
        else:
            manifest = connection.run("restore", work, wait_s)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    except BackupError as error:
        raise click.ClickException(str(error)) from None
    records = sum(part.records for parts in manifest.topics.values() for part in parts)
    done = "sound" if check else "restored"
    click.echo(f"{records} records of {len(manifest.topics)} topics {done}")
