"""Model cards name every data set that a model learned from, with its licence."""

from __future__ import annotations

import json
import re
from pathlib import Path

import licences
import own_labels
import pytest

from shopkeeper.shared.text.manifest import model_folder

CARDS = {
    "intent": licences.INTENT,
    "sentiment": licences.SENTIMENT,
}


def named(card: Path) -> dict[str, str]:
    """Set -> licence, of the rows `| set | ... | licence |` under the heading about the data."""
    section = card.read_text("utf-8").split("## Data")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \|.*?\| ([^|]+) \|$", section, re.MULTILINE)
    return {name: licence for name, licence in rows if name != "set"}


@pytest.mark.parametrize("model", CARDS)
def test_the_best_card_names_every_set_with_its_licence(model: str) -> None:
    expected = {name: licence.name for name, licence in CARDS[model].items()}
    assert named(model_folder() / f"{model}.md") == expected


@pytest.mark.parametrize("model", CARDS)
def test_the_free_card_names_the_free_sets_alone(model: str) -> None:
    expected = {name: licence.name for name, licence in CARDS[model].items() if licence.free}
    card = model_folder() / "free" / f"{model}.md"
    assert named(card) == expected
    assert f"training/train_{model}.py DATA --free" in card.read_text("utf-8")


def test_nothing_without_a_stated_licence_or_for_research_is_free() -> None:
    everything = {**licences.INTENT, **licences.SENTIMENT}
    for name in licences.free(everything):
        assert everything[name].name in {
            "Apache-2.0", "MIT", "CC BY 3.0", "CC BY 4.0", "CDLA-Sharing-1.0"
        }  # fmt: skip
    restricted = set(everything) - licences.free(everything)
    assert restricted == {
        "amazon_qa", "jddc", "multi_cpr_ecom", "smp2019_nlu", "product_faq_zh",
        "online_shopping_10_cats", "waimai_10k", "eprstmt", "amazon_multi_domain",
    }  # fmt: skip


def test_free_training_reads_free_sets_alone() -> None:
    pytest.importorskip("onnx")
    import train_sentiment as training

    english, chinese = training.ENGLISH.free(), training.CHINESE.free()
    assert set(english.sets) | set(chinese.sets) == licences.free(licences.SENTIMENT)
    for language in (english, chinese):
        assert len(language.mix) == len(language.weights) == len(language.sets)
    assert chinese.sets == ("own_reviews",)


@pytest.mark.parametrize(("language", "spoken"), [("en", "English"), ("zh", "Chinese")])
def test_free_training_reads_the_reviews_that_we_wrote_as_the_cards_count_them(
    language: str, spoken: str
) -> None:
    texts = own_labels.reviews(Path("/nowhere"), language, "train", others=False)
    written = (own_labels.LABELLED / "reviews_own.jsonl").read_text("utf-8").splitlines()
    ours = {row["text"] for row in map(json.loads, written) if row["split"] == "train"}
    assert {text for text, _ in texts} <= ours
    for folder in (model_folder(), model_folder() / "free"):
        card = (folder / "sentiment.md").read_text("utf-8")
        [row] = re.findall(r"^\| own_reviews \|.*$", card, re.MULTILINE)
        assert f"{len(texts):,} {spoken}" in row
