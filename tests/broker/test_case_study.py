"""The case study on an embedded broker with the real workers: topics as frames, plots, notebook."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path

import pytest

from shopkeeper.apps import frames
from shopkeeper.apps.cli import case_study
from shopkeeper.apps.demo import catalogue
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.runtime.kafka import admin
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.processes.embedded import embedded_broker, free_port
from shopkeeper.shared.runtime.settings import KafkaSettings, read

for each in ("pandas", "seaborn", "sklearn", "nbformat", "nbclient", "ipykernel"):
    pytest.importorskip(each, reason=f"{each} is of the extra `notebook` (make datascience)")

pytestmark = pytest.mark.timeout(1500)
ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "docs" / "notebooks" / "case_study.py"
EVENTS, PER_S = 1000, 100.0
REVIEWS = (
    (1, "Broke after two days. Very poor quality, I sent it back."),
    (3, "It is okay, neither good nor bad. The size is average."),
    (5, "Excellent quality and fast delivery. I love it!"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the command writes its report."""
    return tmp_path_factory.mktemp("case-study") / "report"


async def _reviewed(address):
    """Publish a review of each mood: shoppers write theirs minutes after an order."""
    kafka = KafkaSettings((address,))
    partitions = int(read(os.environ, "TOPIC_PARTITIONS"))
    await admin.init_topics(kafka, partitions, 1, compacted=admin.COMPACTED_BY_US)
    now_ms = int(time.time() * 1000)
    async with Publisher(kafka, "test") as publisher:
        for product, (rating, text) in zip(catalogue.built_in(), REVIEWS, strict=False):
            review = {"product_id": product.product_id, "review_id": f"r-{rating}",
                      "rating": rating, "review_body": text, "user_id": f"u-{rating}"}  # fmt: skip
            await publisher.publish(
                ShopEvent(
                    topics.REVIEWS, "product.reviewed.v1", product.product_id, review, now_ms,
                    f"review-{rating}",
                )
            )  # fmt: skip
        await publisher.flush()


@pytest.fixture(scope="module")
def broker(folder):
    """One run of the command on a small shop; its broker runs on."""
    from shopkeeper.apps.case_study import shop

    with embedded_broker() as address:
        asyncio.run(_reviewed(address))
        plan = shop.Plan(catalogue.built_in(), EVENTS, PER_S)
        assert case_study.made(plan, address, folder) == folder / "index.html"
        yield address


def test_a_topic_is_a_frame_of_its_events(broker) -> None:
    events = frames.read("shop.clicks.v1", broker)
    assert {"product.clicked.v1", "product.added.v1"} <= set(events["type"])
    assert events["id"].is_unique
    assert events["time"].is_monotonic_increasing
    assert str(events["time"].dt.tz) == "UTC"
    products = frames.read("shop.catalogue.v1", broker, newest=True)
    assert set(products["product_id"]) == {p.product_id for p in catalogue.built_in()}
    clicked = events[events["type"] == "product.clicked.v1"]
    assert set(clicked["product_id"]) <= set(products["product_id"])
    intents = frames.read("personalisation.intents.v1", broker)
    searches = frames.read("shop.searches.v1", broker)
    assert set(searches["id"]) <= set(intents["cause"])  # every search was understood
    with pytest.raises(frames.TopicUnreadable):
        frames.read("shop.nothing.v1", broker)


def test_a_broker_that_is_not_there_is_named_with_the_way_out() -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(frames.BrokerUnreachable, match=f"no broker at {address}: start"):
        frames.read("shop.clicks.v1", address)


def test_the_report_has_every_part_and_its_plots(broker, folder) -> None:
    text = (folder / "index.html").read_text("utf-8")
    assert f"{EVENTS:,} events" in text
    names = {path.stem for path in folder.glob("*.png")}
    assert names >= {
        "uplift", "history", "new-items", "users", "group-categories", "item-space",
        "neighbours", "intents", "sentiment", "answers", "lorenz",
    }  # fmt: skip
    for name in names:
        assert (folder / f"{name}.png").stat().st_size > 5000
        assert (folder / f"{name}.svg").is_file()
        assert f'src="{name}.svg"' in text
    numbers = json.loads((folder / "figures.json").read_text("utf-8"))
    assert "<svg" in (folder / "report.html").read_text("utf-8"), "`shopkeeper report` has plots"
    rates = numbers["HR@10"]
    assert rates["shopkeeper"]["value"] > rates["popularity"]["value"]
    assert numbers["item_space"]["purity@5"] > 2 * numbers["item_space"]["purity_by_chance"]


def test_the_notebook_is_what_its_script_says_and_runs(broker) -> None:
    import nbclient
    import nbformat

    from shopkeeper.apps.frames.notebook import cells, notebook

    committed = nbformat.read(SCRIPT.with_name("case-study.ipynb"), as_version=4)
    made = notebook(SCRIPT.read_text("utf-8"))
    assert [cell.source for cell in committed.cells] == [cell.source for cell in made.cells]
    assert not any(cell.get("outputs") for cell in committed.cells)
    client = nbclient.NotebookClient(
        committed, timeout=600, kernel_name="python3",
        resources={"metadata": {"path": str(SCRIPT.parent)}},
    )  # fmt: skip
    client.execute(
        env={
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": broker,
            "PYTHONPATH": str(ROOT / "src"),
            "OMP_NUM_THREADS": "1",
        }
    )
    shown = [
        output
        for cell in committed.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert len(shown) == sum("drawings." in source for _, source in cells(SCRIPT.read_text()))
