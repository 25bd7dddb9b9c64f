"""The case study on an embedded broker with the real workers: topics as frames, plots, notebook."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from shopkeeper.apps import frames
from shopkeeper.apps.demo import catalogue
from shopkeeper.shared.runtime.processes.embedded import embedded_broker

for each in ("pandas", "seaborn", "sklearn", "nbformat", "nbclient", "ipykernel"):
    pytest.importorskip(each, reason=f"{each} is of the extra `notebook` (make training)")

pytestmark = pytest.mark.timeout(1500)
ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "docs" / "notebooks" / "case_study.py"
EVENTS, PER_S = 1500, 75.0


@pytest.fixture(scope="module")
def broker():
    """One run of a small shop."""
    from shopkeeper.apps.case_study import shop

    with embedded_broker() as address:
        plan = shop.Plan(catalogue.built_in(), EVENTS, PER_S)
        assert asyncio.run(shop.run(plan, address, os.environ, print)) == EVENTS
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


def test_the_report_has_every_part_and_its_plots(broker, tmp_path) -> None:
    from shopkeeper.apps.case_study import page, study

    found = study.study(broker)
    index = page.write(found, tmp_path / "report", ["a test"])
    text = index.read_text("utf-8")
    names = {plot.name for section in found.sections for plot in section.plots}
    assert names >= {
        "uplift", "history", "new-items", "users", "group-categories", "item-space",
        "neighbours", "intents", "sentiment", "answers", "lorenz",
    }  # fmt: skip
    for name in names:
        assert (tmp_path / "report" / f"{name}.png").stat().st_size > 5000
        assert f'src="{name}.svg"' in text
    numbers = json.loads((tmp_path / "report" / "figures.json").read_text("utf-8"))
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
