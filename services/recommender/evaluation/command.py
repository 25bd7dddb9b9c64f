"""`shopkeeper evaluate recommender`: its options, and which measurement they ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:
    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("recommender")
@click.argument("train", type=FILE)
@click.argument("test", type=FILE, required=False)
@click.option(
    "--hold-out",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="SHARE",
    help="Instead of TEST: this share of TRAIN's sessions, those that begin last. To choose by.",
)
@click.option(
    "--repeats",
    type=click.Choice(["allow", "forbid"]),
    default="allow",
    show_default=True,
    help="allow: items of the session may be offered again, and every click is a target. "
    "forbid: they may not, and only items new in the session are targets.",
)
@click.option(
    "--new-targets-only",
    is_flag=True,
    help="Count only targets that are new in the session, whatever may be offered.",
)
@click.option(
    "--prequential",
    is_flag=True,
    help="Predict, then learn, over the whole of TRAIN, by the lists that would be published.",
)
@click.option(
    "--nightly",
    is_flag=True,
    help="With --prequential: lists use only what was learned up to the day before.",
)
@click.option(
    "--partitions",
    type=click.IntRange(1, 1024),
    default=1,
    show_default=True,
    help="Of the topics, users' and items' alike.",
)
@click.option(
    "--catalogue",
    "catalogues",
    type=FILE,
    multiple=True,
    help="What is known of the products (JSON lines or CSV); titles may be missing.",
)
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="COLUMN",
    help="A further column of the catalogue that describes products.",
)
@click.option(
    "--cold-items",
    is_flag=True,
    help="Keep a tenth of the items (by hash) out of what is learned; predict the clicks on them, "
    "among them, from the catalogue.",
)
@click.option(
    "--profiles",
    type=FILE,
    metavar="USERS",
    help="What is known of users (age, gender, occupation, region, language): lists for users "
    "without events, from what users alike did, beside what everyone did.",
)
@click.option(
    "--blend/--no-blend",
    default=True,
    show_default=True,
    help="Whether the learned blend may rank, or neighbours' scores alone.",
)
@click.option(
    "--rules",
    type=FILE,
    help="Serving rules, as RULES names them. Only lists of --prequential explore.",
)
def command(
    train: Path,
    test: Path | None,
    hold_out: float | None,
    repeats: Literal["allow", "forbid"],
    new_targets_only: bool,
    prequential: bool,
    nightly: bool,
    partitions: int,
    catalogues: tuple[Path, ...],
    attributes: tuple[str, ...],
    cold_items: bool,
    profiles: Path | None,
    blend: bool,
    rules: Path | None,
) -> dict[str, Any]:
    """Next item in a session: learn TRAIN, predict every click of TEST from those before it.

    Files: CSV, gzip-compressed or not, with the columns session_id,position,item_id or
    session_id,item_id,timestamp; or user_id,position,item_id and no TEST: the last item of each
    user is predicted (with --hold-out the last but one); or the order lines of online-retail.

    \b
    Examples:
      shopkeeper evaluate recommender train.csv.gz test.csv.gz
      shopkeeper evaluate recommender clicks.csv.gz --hold-out 0.1
      shopkeeper evaluate recommender clicks.csv.gz --prequential
      shopkeeper evaluate recommender u.data --profiles u.user
    """
    from shopkeeper.shared.datasets.products import load

    from ..config import RecommenderConfig
    from ..core.rules import Rules, RulesError, parse
    from . import cold_start, new_users, next_item
    from .splits import holds_its_test

    def products() -> list[ProductCatalogued]:
        return [product for path in catalogues for product in load(path, False, attributes)]

    if profiles is not None:
        if test is not None or hold_out is not None or prequential or cold_items:
            raise click.UsageError("--profiles takes one file of events and nothing else")
        return new_users.measure_new_users(train, profiles)
    targets: Literal["all", "new"] = "new" if new_targets_only else "all"
    try:
        config = RecommenderConfig(
            blend=blend, rules=parse(rules.read_bytes()) if rules else Rules()
        )
    except RulesError as error:
        raise click.ClickException(f"{rules}: {error}") from None
    if prequential:
        if test is not None or hold_out is not None:
            raise click.UsageError("--prequential takes one file and no --hold-out")
        return next_item.prequential(
            train, repeats, config, targets, nightly, partitions=partitions, products=products()
        )[0]
    if nightly:
        raise click.UsageError("--nightly belongs to --prequential")
    both, neither = bool(test and hold_out), not (test or hold_out)
    if both or (neither and not holds_its_test(train)):
        raise click.UsageError("give either TEST or --hold-out")
    if cold_items:
        if not catalogues:
            raise click.UsageError("--cold-items needs a --catalogue")
        return cold_start.measure_cold(train, test, products(), config, hold_out)
    return next_item.measure(
        train,
        test,
        repeats,
        config,
        hold_out,
        targets,
        partitions=partitions,
        products=products(),
    )[0]
