"""The licences of the data that the n-gram models learn from, and which of them allow any use.

`--free` of train_intent.py and train_sentiment.py keeps to the latter; every card names its sets
and their licences as they stand here (tests/unit/text/test_licences.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

MODELS = Path(__file__).resolve().parent.parent / "models"


class Licence(NamedTuple):
    """name: as the set's publisher states it. free: it allows any use, commercial use too."""

    name: str
    free: bool


OURS = Licence("Apache-2.0", True)  # written for this project: the project's own licence
RESEARCH = Licence("research use", False)
NOT_STATED = Licence("none stated", False)

# By the column `source` of ecommerce_unified; then what we wrote or labelled ourselves.
INTENT = {
    "bitext": Licence("CDLA-Sharing-1.0", True),
    "clinc150": Licence("CC BY 3.0", True),
    "wands": Licence("MIT", True),
    "amazon_qa": RESEARCH,
    "jddc": RESEARCH,
    "multi_cpr_ecom": RESEARCH,
    "smp2019_nlu": RESEARCH,
    "product_faq_zh": NOT_STATED,
    "queries": OURS,
    "chat": OURS,
    "phrases": OURS,
}
SENTIMENT = {
    "online_shopping_10_cats": NOT_STATED,
    "waimai_10k": NOT_STATED,
    "eprstmt": NOT_STATED,
    "pros_cons": Licence("CC BY 4.0", True),
    "amazon_multi_domain": RESEARCH,
    "vader_amazon_snippets": Licence("MIT", True),
    "product_sentences": Licence("CC BY 4.0", True),
    "own_reviews": OURS,
}


def free(licences: dict[str, Licence]) -> set[str]:
    """The sets that allow any use."""
    return {name for name, licence in licences.items() if licence.free}


def folder_for(is_free: bool) -> Path:
    """Where a model goes unless told: `models/free` if any use of its data is allowed."""
    folder = MODELS / "free" if is_free else MODELS
    folder.mkdir(exist_ok=True)
    return folder


def version_of(version: str, is_free: bool) -> str:
    """What outputs name the model by: of two models with one version nobody could tell which."""
    return f"{version}-free" if is_free else version
