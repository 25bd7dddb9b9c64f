"""`shopkeeper backup DIR`: every topic of ours, with its records and offsets, in files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from shopkeeper.shared.runtime.operations.backup.files import BackupError
from shopkeeper.shared.runtime.operations.backup.saving import backup

from . import connection

if TYPE_CHECKING:
    from shopkeeper.shared.runtime.operations.backup.files import Manifest
    from shopkeeper.shared.runtime.settings import KafkaSettings


@click.command("backup")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@connection.wait_option(60.0)
def command(folder: Path, wait_s: float) -> None:
    """Write every topic into DIR, an empty folder: records with keys, headers, timestamps and
    offsets, what groups have committed, and a manifest with the SHA-256 of each file.

    Workers may run meanwhile. DIR then holds personal data, as the topics do.

    \b
    Examples:
      shopkeeper backup /backups/monday
    """

    async def work(kafka: KafkaSettings) -> Manifest:
        try:
            return await backup(kafka, folder, connection.say)
        except (BackupError, OSError) as error:
            raise click.ClickException(str(error)) from None

    manifest = connection.run("backup", work, wait_s)
    parts = [part for partitions in manifest.topics.values() for part in partitions]
    click.echo(
        f"{sum(part.records for part in parts)} records of {len(manifest.topics)} topics, "
        f"{sum(part.size_bytes for part in parts)} bytes"
    )
