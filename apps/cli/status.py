import click


@click.command("x")
def command() -> None:
    """x"""
