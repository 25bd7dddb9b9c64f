"""Experts: what follows from the list of them, and a new one in one file and two lines."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shopkeeper.services import recommender
from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.experts import ALL
from shopkeeper.services.recommender.core.ranking.blend import BlendTrainer
from shopkeeper.services.recommender.core.ranking.fallbacks import FALLBACKS
from shopkeeper.services.recommender.core.ranking.features import (
    BASE,
    CHOOSING,
    EXPERT_OF,
    EXPERTS,
    FEATURES,
    PRIOR,
    RAW,
)
from shopkeeper.shared.contracts import reasons

# A copy compiles its loops anew, and on a busy machine that takes minutes.
pytestmark = pytest.mark.timeout(900)
HOME = Path(str(recommender.__file__)).parent
# The new expert's file: what is popular in the shop, by the trending table.
TRENDING = '''
"""Trending: what the shop's visitors look at now."""

from typing import Any, NamedTuple

import numpy as np

from ..numeric.jit import jit
from .base import Expert, Feature, Scale
from .workspace import NO_REASON, explain, place


class View(NamedTuple):
    items: Any

    @classmethod
    def of(cls, knowledge: Any, config: Any) -> "View":
        return cls(np.array(list(knowledge.trending.scopes.get("all", ())), np.int64))


@jit
def propose(request: Any, workspace: Any, view: Any, own: Any, count: int) -> int:
    (trending,) = own.columns
    for nth in range(len(view.items)):
        at, count = place(view.items[nth], count, request.stamp, workspace)
        if at >= 0:
            workspace.raw[at, trending] = 1.0 / (1.0 + nth)
            if workspace.reason[at, 0] == NO_REASON:
                explain(at, own.reason, view.items[nth], 0, workspace)
    return count


EXPERT = Expert(
    name="trending",
    features=(Feature("trending", Scale.ROOT, log_too=True),),
    view=View,
    propose=propose,
    reasons=("trending",),
    names_product=False,
    limit="candidates_content_max",
    weight=lambda config: 0.5,
    placed=True,
)
'''
# Run with the scratch copy: a list by clicks, its header, and the metrics that the worker shows.
SCRIPT = """
import json, sys
from pathlib import Path
from prometheus_client import generate_latest
from scratch.app import Recommender
from scratch.config import RecommenderConfig
from scratch.core.ranking.features import EXPERT_OF, FEATURES
from shopkeeper.shared.contracts import outputs, topics
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.recommendation import (
    RECOMMENDATIONS_UPDATED, SimilarItem, SimilarItemsUpdated, TrendingItem, TrendingUpdated,
)
from shopkeeper.shared.contracts.events.shop import ProductClicked
from shopkeeper.shared.runtime.telemetry.metrics import Registry

worker = Recommender(RecommenderConfig(user_groups=0, blend_batch_lists=1))
worker.prepare(lambda topic: 1)
model = Model("t", "1")
row = SimilarItemsUpdated(
    product_id="p0", items=[SimilarItem("p1", 0.3, 1), SimilarItem("p2", 0.2, 1)], count=1,
    model=model,
)
worker.knowledge.similar_items.apply([(b"p0", outputs.encode(row))])
items = [TrendingItem(f"p{n}", 1.0) for n in (7, 8, 2)]
trending = TrendingUpdated(scope="all", items=items, as_of_ms=1, model=model)
worker.knowledge.trending.apply([(b"all", outputs.encode(trending))])
trainer = worker.trainer
trainer.restore(Path(sys.argv[1]).read_bytes())
kept = trainer.examples
clicks = worker.make_interactions(0)
for number, product in enumerate(("p0", "p7", "p0")):
    data = ProductClicked(product_id=product, user_id="u")
    event = Event("product.clicked.v1", data, b"u", number, 1_700_000_000_000 + number,
                  f"e{number}", "", f"e{number}")
    sent, _ = clicks.process([event], 1_700_000_000_000)
    lists = [output for output in sent if output.topic == topics.RECOMMENDATIONS]
    if number == 0:
        first = lists[0]
registry = Registry()
worker.metrics(registry)()
found = outputs.decode(RECOMMENDATIONS_UPDATED, first.value)
print(json.dumps({
    "items": [item.product_id for item in found.items],
    "scores": [item.score for item in found.items],
    "reasons": [item.reason.code for item in found.items],
    "header": dict(first.headers)["ce_experts"].decode().split(","),
    "fallback": found.fallback,
    "metrics": generate_latest(registry).decode(),
    "features": [name for name, of in zip(FEATURES, EXPERT_OF) if of == "trending"],
    "kept": kept,
    "examples": trainer.examples,
}))
"""


def insert(path: Path, after: str, line: str) -> None:
    """One line more in a file."""
    text = path.read_text("utf-8")
    assert text.count(after) == 1
    path.write_text(text.replace(after, f"{after}{line}\n"), "utf-8")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a copy of the recommender does that has one expert more."""
    folder = tmp_path_factory.mktemp("scratch")
    package = folder / "scratch"
    shutil.copytree(HOME, package, ignore=shutil.ignore_patterns("__pycache__"))
    experts = package / "core" / "experts"
    (experts / "trending.py").write_text(TRENDING, "utf-8")
    insert(experts / "__init__.py", "    sessions,\n", "    trending,")
    insert(experts / "__init__.py", "    content.EXPERT,\n", "    trending.EXPERT,")
    config = RecommenderConfig()
    trainer = BlendTrainer(config, FEATURES, BASE, PRIOR)
    trainer.examples = 3
    state = folder / "state"
    state.write_bytes(trainer.snapshot())
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)]),
        "NUMBA_CACHE_DIR": str(folder / "cache"),
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(state)],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_new_expert_is_seen_in_lists(scratch: dict[str, Any]) -> None:
    # p7 by the new expert alone, p1 by neighbours alone, p2 by both.
    assert scratch["items"] == ["p7", "p2", "p1", "p8"]
    assert scratch["scores"] == pytest.approx([0.5, 0.2 + 0.5 / 3, 0.3, 0.25], abs=1e-5)
    assert scratch["reasons"] == ["trending", "viewed_together", "viewed_together", "trending"]
    assert scratch["fallback"] == "none"


def test_a_new_expert_is_named_in_the_header(scratch: dict[str, Any]) -> None:
    assert scratch["header"] == [
        "trending:100",
        "neighbours:55 trending:45",
        "neighbours:100",
        "trending:100",
    ]


def test_a_new_expert_has_columns_of_the_blend_and_a_share_in_metrics(
    scratch: dict[str, Any],
) -> None:
    assert scratch["features"] == [
        "trending",
        "place_trending",
        "share_trending",
        "trending_log",
        "place_trending_inverse",
        "place_trending_top",
    ]
    [line] = [
        line
        for line in scratch["metrics"].splitlines()
        if "expert_share_ratio{" in line and 'expert="trending"' in line
    ]
    assert float(line.split()[-1]) > 0


def test_a_shop_that_gets_a_new_expert_keeps_what_it_has_taught(scratch: dict[str, Any]) -> None:
    assert scratch["kept"] == 3
    assert scratch["examples"] > 3


def test_what_experts_say_follows_from_the_list_of_them() -> None:
    """Every column is one expert's, every reason has its texts, every limit is a setting."""
    assert tuple(expert.name for expert in ALL) == EXPERTS
    assert set(EXPERT_OF) == set(EXPERTS)
    assert len(EXPERT_OF) == len(FEATURES) == len(set(FEATURES))
    for expert in ALL:
        assert {f.name for f in expert.features} <= set(RAW)
        assert set(expert.reasons) <= set(reasons.TEXTS)
        assert (expert.propose or expert.describe) is not None
        assert not expert.limit or expert in CHOOSING
    config = RecommenderConfig()
    assert [getattr(config, expert.limit) for expert in CHOOSING] == [40, 30, 20, 20, 30, 10, 20]
    assert {fallback.reason for fallback in FALLBACKS} <= set(reasons.TEXTS)
