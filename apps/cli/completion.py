"""`shopkeeper completion bash|zsh|fish`: the script with which a shell completes our commands."""

from __future__ import annotations

import os

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS), required=False)
@click.pass_context
def command(ctx: click.Context, shell: str | None) -> None:
    """Print the script that completes commands, options, services and topics in your SHELL.

    Without SHELL: the one that you use ($SHELL).

    \b
    Examples:
      eval "$(shopkeeper completion bash)"                        # this terminal
      shopkeeper completion bash >> ~/.bashrc                     # every terminal
      shopkeeper completion zsh >> ~/.zshrc
      shopkeeper completion fish > ~/.config/fish/completions/shopkeeper.fish
    """
    name = shell or os.environ.get("SHELL", "").rpartition("/")[2]
    found = get_completion_class(name)
    if found is None or name not in SHELLS:
        raise click.UsageError(f"say for which shell: {', '.join(SHELLS)}")
    root = ctx.find_root()
    program = root.command.name or "shopkeeper"
    variable = f"_{program}_COMPLETE".replace("-", "_").upper()
    click.echo(found(root.command, {}, program, variable).source())
