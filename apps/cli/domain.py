"""`shopkeeper domain`: the packs that there are, and whether one can be used."""

from __future__ import annotations

from pathlib import Path

import click

from shopkeeper.apps.demo.pack_files import PackFiles
from shopkeeper.shared.domains import pack
from shopkeeper.shared.domains.pack import PackError
from shopkeeper.shared.text.manifest import ModelError


@click.command("domain")
@click.argument("name", required=False, metavar="[NAME|FOLDER]")
@click.option(
    "--judge",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Labelled texts that are none of the pack's examples: how many the guards catch and how "
    "many labels are right.",
)
def command(name: str | None, judge: Path | None) -> None:
    """Check a domain pack: every file of it, before a worker or the demo reads it. Without a name,
    list the packs that ship.

    \b
    Examples:
      shopkeeper domain
      shopkeeper domain finance
      shopkeeper domain ./my-pack
      shopkeeper domain ./my-pack --judge held-out.jsonl
    """
    if name is None:
        if judge is not None:
            raise click.UsageError("--judge: name the pack that is to be judged")
        for each in pack.names():
            said = pack.load(each).name
            click.echo(f"{each:<10} {said.en} / {said.zh}")
        return
    try:
        lines = [*PackFiles.read(name).summary()]
        if judge is not None:
            # Models are loaded for this alone.
            from .domain_figures import figures

            lines += figures(name, judge)
    except (PackError, ModelError) as error:
        raise click.ClickException(str(error)) from None
    for line in lines:
        click.echo(line)
