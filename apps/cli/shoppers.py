"""`shopkeeper shoppers`: the demo's shoppers, on brokers that are somebody else's to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from shopkeeper.apps.demo import traffic

from . import connection

if TYPE_CHECKING:
    from shopkeeper.shared.runtime.settings import KafkaSettings


@click.command("shoppers")
@click.option(
    "--rate",
    type=click.FloatRange(min=0.1, max=100_000),
    default=10.0,
    show_default=True,
    help="Events per second.",
)
@click.option("--duration", type=click.FloatRange(min=1), help="Stop after so many seconds.")
@click.option("--seed", type=int, default=1, show_default=True, help="Who they are.")
@connection.wait_option(60.0)
def command(rate: float, duration: float | None, seed: int, wait_s: float) -> None:
    """Publish the demo's catalogue, then what its simulated shoppers do, to the topics that are
    there; Ctrl-C ends it. For an installation that shall be looked at: not for a shop.

    Example: shopkeeper shoppers --rate 5
    """

    async def work(kafka: KafkaSettings) -> int:
        return await traffic.publish(kafka, rate, seed, duration)

    click.echo(f"{connection.run('shoppers', work, wait_s)} events", err=True)
