"""`shopkeeper domain`: the packs that there are, and whether one can be used."""

from __future__ import annotations

import click

from shopkeeper.apps.demo.pack_files import PackFiles
from shopkeeper.shared.domains import pack
from shopkeeper.shared.domains.pack import PackError


@click.command("domain")
@click.argument("name", required=False, metavar="[NAME|FOLDER]")
def command(name: str | None) -> None:
    """Check a domain pack: every file of it, before a worker or the demo reads it. Without a name,
    list the packs that ship.

    \b
    Examples:
      shopkeeper domain
      shopkeeper domain finance
      shopkeeper domain ./my-pack
    """
    if name is None:
        for each in pack.names():
            said = pack.load(each).name
            click.echo(f"{each:<10} {said.en} / {said.zh}")
        return
    try:
        found = PackFiles.read(name)
    except PackError as error:
        raise click.ClickException(str(error)) from None
    for line in found.summary():
        click.echo(line)
