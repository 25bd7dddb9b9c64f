"""The worked examples of docs/migrate-*.md, as they stand, on a recommender and a gateway."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from shopkeeper.shared.datasets.clicks import GORSE_TYPES
from shopkeeper.shared.datasets.formats import ADDED, CLICKED, ORDERED
from shopkeeper.shared.datasets.readers import read, recognise
from shopkeeper.shared.testing.workers import environment, worker_process

from .gateways import Gateway

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
GORSE = (ROOT / "docs" / "migrate-gorse.md").read_text("utf-8")
SHOPKEEPER = [sys.executable, "-c", "from shopkeeper.apps.cli.main import main; main()"]


def convert(folder, *options):
    """Run from_gorse.py on the page's three files."""
    for name, text in re.findall(r"^```json (\S+)\n(.*?)^```$", GORSE, re.M | re.S):
        (folder / name).write_text(text, "utf-8")
    names = ["feedback.json", "items.json", "users.json", "shop"]
    return subprocess.run(
        [sys.executable, str(EXAMPLES / "from_gorse.py"), *names, *options],
        cwd=folder,
        capture_output=True,
        text=True,
    )


def run(folder, kafka, command):
    """A `shopkeeper` command of the page."""
    arguments = command.split()
    assert arguments.pop(0) == "shopkeeper"
    return subprocess.run(
        [*SHOPKEEPER, *arguments],
        cwd=folder,
        env=environment(kafka),
        capture_output=True,
        text=True,
        timeout=240,
    )


def until(condition, seconds=240):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    return found


def test_a_feedback_type_that_nobody_explained_is_named(tmp_path):
    assert convert(tmp_path).returncode == 0
    strange = json.loads((tmp_path / "feedback.json").read_text("utf-8"))
    strange[0]["FeedbackType"] = "wink"
    (tmp_path / "wink.json").write_text(json.dumps(strange), "utf-8")
    for options, status in ((), 1), (("--feedback", "wink=view"), 0):
        done = subprocess.run(
            [sys.executable, str(EXAMPLES / "from_gorse.py"), "wink.json", "items.json",
             "users.json", "other", *options],
            cwd=tmp_path, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == status
        assert status == 0 or "'wink'" in done.stderr


def test_validate_reads_feedback_as_the_example_converts_it(tmp_path):
    """The same type of Gorse is the same event, whether converted before or read as it is."""
    example: dict[str, Any] = {}
    exec((EXAMPLES / "from_gorse.py").read_text("utf-8").rpartition("\nmain()")[0], example)
    names = {CLICKED: "view", ADDED: "addtocart", ORDERED: "purchase"}
    assert {each: names[kind] for each, kind in GORSE_TYPES.items()} == example["EVENTS"]
    assert convert(tmp_path).returncode == 0
    converted = list(read(tmp_path / "shop" / "events.jsonl", "events"))
    assert recognise(tmp_path / "feedback.json") == "gorse"
    as_it_is = list(read(tmp_path / "feedback.json"))
    shape = [(each.type, each.key, each.time_ms) for each in converted]
    assert shape == [(each.type, each.key, each.time_ms) for each in as_it_is]
    assert {each.type for each in as_it_is} == {CLICKED, ORDERED}


def test_feedback_items_and_users_of_gorse_become_a_shop(kafka, tmp_path):
    """The page's own commands; what comes out is what the page says."""
    (block,) = re.findall(r"^```sh\n(.*?)^```$", GORSE, re.M | re.S)
    first, validate, replay, get = block.splitlines()
    assert first.startswith("python docs/examples/from_gorse.py feedback.json items.json")
    done = convert(tmp_path)
    assert done.returncode == 0, done.stderr
    judged = run(tmp_path, kafka, validate)
    assert "4 accepted" in judged.stdout, judged.stdout + judged.stderr
    with worker_process("recommender", kafka) as worker:
        sent = run(tmp_path, kafka, replay)
        assert sent.returncode == 0, sent.stderr

        def stove():
            worker.alive()
            shown = run(tmp_path, kafka, get)
            return "stove-1" in shown.stdout and shown.stdout

        assert until(stove)


@pytest.fixture
def personalizer(monkeypatch):
    spec = importlib.util.spec_from_file_location("personalizer", EXAMPLES / "personalizer.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "personalizer", module)
    spec.loader.exec_module(module)
    return module


def test_rank_and_reward_on_a_gateway(kafka, personalizer):
    """The page's Python runs; the rewarded action is a click that echoes its list."""
    text = (ROOT / "docs" / "migrate-personalizer.md").read_text("utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
    with worker_process("recommender", kafka) as worker, Gateway(kafka) as gateway:
        events = [
            {"type": "product.clicked.v1", "user_id": user, "product_id": product}
            for user, product in (
                ("u-2", "tent-2"),
                ("u-2", "stove-1"),
                ("u-3", "tent-2"),
                ("u-3", "stove-1"),
                ("u-1", "tent-2"),
            )
        ]
        for event in events:
            assert gateway.http.post("/v1/events", json=event).status_code == 202

        def stove_first():
            # The recommender reads by itself what its users looked at, and a list that it made
            # before stays until the next click.
            worker.alive()
            assert gateway.http.post("/v1/events", json=events[-1]).status_code == 202
            items = gateway.http.get("/v1/users/u-1/recommendations").json()["items"]
            return items and items[0]["product_id"] == "stove-1"

        assert until(stove_first)
        names = {}
        exec(block.replace("http://localhost:8080", f"http://127.0.0.1:{gateway.port}"), names)
        assert names["first"] == "stove-1", "what others looked at with the tent, not the first"
        assert not names["service"].shown
        service = names["service"]
        order = service.rank("event-2", "nobody", ["boots-3", "tent-2"], excluded=["tent-2"])
        assert order == ["boots-3"], "nobody's list names no boots: they keep their place"
        service.reward("event-2", 0.0)
        worker.alive()
