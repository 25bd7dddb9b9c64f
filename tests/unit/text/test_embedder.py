"""Vectors of texts: of length 1, of their own text alone, near where one answers the other."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from shopkeeper.shared.text.embedder import NAMES, Embedder, load_embedders
from shopkeeper.shared.text.manifest import ModelError, model_folder

TEXTS = {
    "en": ["How long does delivery take?", "two days", "", "💡", "Refunds " * 600, "a\x00b"],
    "zh": ["几天能到", "三天左右到货。", "", "發貨後兩天送達", "退款" * 900, "１２３"],
}


@pytest.fixture(scope="module")
def embedders():
    return load_embedders()


@pytest.mark.parametrize("language", NAMES)
def test_a_vector_is_of_length_1_and_of_its_own_text_alone(embedders, language):
    embedder, texts = embedders[language], TEXTS[language]
    together = embedder.vectors(texts)
    assert together.shape == (len(texts), embedder.dimensions)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    alone = np.concatenate([embedder.vectors([text]) for text in reversed(texts)])[::-1]
    assert np.array_equal(together, alone)
    assert embedder.vectors([]).shape == (0, embedder.dimensions)


def test_traditional_characters_are_read_as_simplified_ones(embedders):
    both = embedders["zh"].vectors(["發貨後兩天送達", "发货后两天送达"])
    assert np.array_equal(both[0], both[1])


@pytest.mark.parametrize(
    ("language", "question", "answer", "other"),
    [
        ("en", "can i send it back", "Returns are free within 30 days.", "We sell gift cards."),
        ("zh", "坏了怎么办", "一年内免费维修。", "有黑白两种颜色。"),
    ],
)
def test_an_answer_is_nearer_than_another_text(embedders, language, question, answer, other):
    asked, right, wrong = embedders[language].vectors([question, answer, other])
    assert asked @ right > asked @ wrong


def test_a_long_text_is_read_to_its_limit(embedders):
    pieces = embedders["en"].pieces(["word " * 5000, "word"])
    assert [len(ids) for ids in pieces] == [192, 3]
    assert pieces[0][-1] == pieces[1][-1]


def test_an_altered_file_is_refused(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    manifest = json.loads((model_folder() / "manifest.json").read_text())
    entry = manifest["embedders"]["retrieval-en"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    shutil.copy(model_folder() / entry["vocabulary"], folder)
    (folder / entry["file"]).write_bytes(b"another")
    with pytest.raises(ModelError, match="was altered"):
        Embedder.load("retrieval-en", str(folder))
