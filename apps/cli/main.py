"""The `shopkeeper` command: subcommands are loaded only when they are called.

Results go to standard output, everything else to standard error; exit 0, 1 (failed) or 2 (usage).
Where a reader of the results goes away (`| head`), a command ends at once, by SIGPIPE.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import io
import os
import sys
from typing import Any, cast

import click

import shopkeeper
from shopkeeper.shared.runtime.processes import process

from .output import ending_with_its_reader

PROGRAM = "shopkeeper"
COMMANDS = {  # name -> module that defines a click command called `command`
    "demo": "shopkeeper.apps.cli.demo",
    "broker": "shopkeeper.apps.cli.broker",
    "up": "shopkeeper.apps.cli.up",
    "shoppers": "shopkeeper.apps.cli.shoppers",
    "worker": "shopkeeper.apps.cli.worker",
    "topics": "shopkeeper.apps.cli.topics",
    "replay": "shopkeeper.apps.cli.replay",
    "validate": "shopkeeper.apps.cli.validate",
    "tail": "shopkeeper.apps.cli.tail",
    "knowledge": "shopkeeper.apps.cli.knowledge",
    "ask": "shopkeeper.apps.cli.ask",
    "classify": "shopkeeper.apps.cli.classify",
    "evaluate": "shopkeeper.apps.cli.evaluate",
    "train": "shopkeeper.apps.cli.train",
    "report": "shopkeeper.apps.cli.report",
    "case-study": "shopkeeper.apps.cli.case_study",
    "corrections": "shopkeeper.apps.cli.corrections",
    "dlq": "shopkeeper.apps.cli.dlq",
    "checkpoints": "shopkeeper.apps.cli.checkpoints",
    "backup": "shopkeeper.apps.cli.backup",
    "restore": "shopkeeper.apps.cli.restore",
    "erase": "shopkeeper.apps.cli.erase",
    "experiment": "shopkeeper.apps.cli.experiment",
    "status": "shopkeeper.apps.cli.status",
    "get": "shopkeeper.apps.cli.get",
    "mcp": "shopkeeper.apps.cli.mcp",
    "domain": "shopkeeper.apps.cli.domain",
    "completion": "shopkeeper.apps.cli.completion",
}


class LazyGroup(click.Group):
    """A group that imports a subcommand's module only when it is needed (start-up time)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return cast("click.Command", importlib.import_module(COMMANDS[cmd_name]).command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The subcommand that is named; one that there is not is answered with the nearest."""
        name = args[0] if args else ""
        if name not in COMMANDS and name[:1] != "-" and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, COMMANDS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"No such command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; where it prints to a pipe that is closed, end without a word.

        Where an argument is missing, the examples of its help stand below the error.
        """
        try:
            with ending_with_its_reader():
                return super().invoke(ctx)
        except click.MissingParameter as error:
            command = None if error.ctx is None else error.ctx.command
            if command is None or not (shown := examples(command)):
                raise
            raise click.UsageError(f"{error.format_message()}\n\n{shown}", error.ctx) from None


def examples(command: click.Command) -> str:
    """How a command's help ends: "Example: ..." or "Examples:" and some lines; "" without any."""
    text = inspect.cleandoc(command.help or "").replace("\b", "")
    _, word, rest = text.rpartition("\nExample")
    return inspect.cleandoc("Example" + rest) if word else ""


@click.group(PROGRAM, cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(shopkeeper.__version__, prog_name=PROGRAM)
def command() -> None:
    """Event streams in; intents, sentiments, recommendations and answers out."""
    if domain := os.environ.get("DOMAIN", "").strip():
        speak_domain(domain)


def speak_domain(domain: str) -> None:
    """Read events in a domain's words in this process, whatever the command. Raises UsageError."""
    from shopkeeper.shared.domains import pack

    try:
        pack.adopt(pack.load(domain))
    except pack.PackError as error:
        raise click.UsageError(str(error)) from None


def say_in_any_encoding() -> None:
    """Print what the terminal's encoding lacks (emoji in GBK, Chinese in Latin-1) as its escape:
    a title in another language ends no command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def main() -> None:
    """Entry point of the `shopkeeper` script."""
    process.follow_parent()  # one that `up` or `demo` started ends with it, however it ends
    # Matrices are small and a worker has one thread that computes: more of them would only wait for
    # each other, busily. Read when numpy is imported, which no module above does.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    say_in_any_encoding()
    command(prog_name=PROGRAM)  # the name that completion asks for, also under `python -m`
