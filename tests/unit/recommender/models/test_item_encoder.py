"""The encoders that ship with the package: what they compute, and what is refused at load."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.apps.demo.catalogue import built_in
from shopkeeper.services.recommender.core.numeric.unit import unit
from shopkeeper.services.recommender.core.search import terms as terms_module
from shopkeeper.services.recommender.core.search.index import SearchIndex
from shopkeeper.services.recommender.core.search.terms import (
    ProductTerms,
    product_terms,
    query_terms,
    query_text,
)
from shopkeeper.services.recommender.models import item_encoder
from shopkeeper.services.recommender.models.item_encoder import ItemCodes, ItemEncoder, price_bands
from shopkeeper.shared.contracts.events.shop import ProductCatalogued
from shopkeeper.shared.text.encoder import TextEncoder
from shopkeeper.shared.text.manifest import ModelError, model_folder
from shopkeeper.shared.text.onnx_model import OnnxModel

TEXTS = [
    "wireless headphones",
    "",
    "   ",
    "无线耳机",
    "USB 数据线",
    "red cotton dress " * 300,
    "😡😡",
    "\ud83d",
    "x" * 10_000,
]


@pytest.fixture(scope="module")
def encoder() -> ItemEncoder:
    return ItemEncoder()


@pytest.fixture(scope="module")
def coder(encoder: ItemEncoder) -> ItemCodes:
    return ItemCodes(encoder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for file in model_folder().iterdir():
        if file.stem in ("manifest", "encoder", "items"):
            shutil.copy(file, tmp_path)
    return tmp_path


def test_vectors_have_length_one_or_zero_without_text(encoder: ItemEncoder) -> None:
    vectors = encoder.text.vectors(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dimensions)
    assert vectors.dtype == np.float32
    length = np.linalg.norm(vectors, axis=1)
    assert length[[0, 3, 4, 5]] == pytest.approx(1, abs=1e-5)
    assert length[1] == 0


def test_a_batch_equals_single_texts_to_the_bit(encoder: ItemEncoder) -> None:
    together = encoder.text.vectors(TEXTS * 3)
    alone = np.concatenate([encoder.text.vectors([text]) for text in TEXTS])
    np.testing.assert_array_equal(together, np.concatenate([alone] * 3))


def test_no_texts_and_no_products(encoder: ItemEncoder, coder: ItemCodes) -> None:
    assert encoder.text.vectors([]).shape == (0, encoder.dimensions)
    assert encoder.encode([]).shape == (0, encoder.dimensions)
    assert coder.encode([]).shape[0] == 0


def test_chinese_and_english_of_one_meaning_lie_closer_than_others(encoder: ItemEncoder) -> None:
    english = ["headphones", "dress", "coffee maker", "dog food", "running shoes"]
    chinese = ["耳机", "连衣裙", "咖啡机", "狗粮", "跑鞋"]
    cosine = encoder.text.vectors(english) @ encoder.text.vectors(chinese).T
    assert cosine.argmax(axis=1).tolist() == [0, 1, 2, 3, 4]


def test_words_of_one_kind_lie_closer_than_others(encoder: ItemEncoder) -> None:
    laptop, notebook, scarf = encoder.text.vectors(["laptop bag", "computer case", "wool scarf"])
    assert laptop @ notebook > laptop @ scarf


def test_products_are_encoded_whole_batches_or_one_by_one_alike(
    encoder: ItemEncoder, coder: ItemCodes
) -> None:
    products = built_in()[:50]
    for encode in (encoder.encode, coder.encode):
        together = encode(products)
        np.testing.assert_allclose(
            together, np.concatenate([encode([p]) for p in products]), atol=1e-5
        )
        np.testing.assert_array_equal(together, encode(products))
    assert np.linalg.norm(encoder.encode(products), axis=1) == pytest.approx(1, abs=1e-5)
    codes = coder.encode(products)
    assert codes.min() >= 0
    assert codes.max() <= 1


def test_categories_that_were_forgotten_are_encoded_again(
    encoder: ItemEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    products = built_in()
    fields = encoder.fields(products)
    expected = unit(fields[:, 0] + np.float32(item_encoder.CATEGORY_WEIGHT) * fields[:, 1])
    monkeypatch.setattr(item_encoder, "REMEMBERED_MAX", 2)
    for begin in range(0, len(products), 7):
        part = products[begin : begin + 7]
        np.testing.assert_allclose(
            encoder.encode(part), expected[begin : begin + 7], rtol=0, atol=1e-6
        )


@pytest.mark.parametrize("remembered", [1, 1000])
def test_terms_of_products_are_the_same_in_any_batches(
    remembered: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terms_module, "REMEMBERED_MAX", remembered)
    products = [
        *built_in()[:40],
        ProductCatalogued(product_id="a", title="lamp lamp", category="lamp", brand="lamp"),
        ProductCatalogued(product_id="b", title="lamp", title_zh="灯 lamp"),
        ProductCatalogued(product_id="c", title="-"),
    ]
    made = ProductTerms()
    whole = made.of(products)
    assert (np.diff(whole.rows.astype(np.int64) << 32 | whole.ids) > 0).all()
    for row, product in enumerate(products):
        alone, again = product_terms([product]), made.of([product, product])
        mine = whole.rows == row
        for terms, of in ((alone, alone.rows == 0), (again, again.rows == 1)):
            np.testing.assert_array_equal(terms.ids[of], whole.ids[mine])
            np.testing.assert_allclose(terms.counts[of], whole.counts[mine], rtol=1e-6)


def test_fields_add_up_by_their_weights() -> None:
    word, other = query_terms(["lamp"]), query_terms(["brass"])
    product = ProductCatalogued(
        product_id="a", title="lamp lamp", title_zh="lamp", category="lamp", brand="brass"
    )
    found = product_terms([product])
    of = dict(zip(found.ids.tolist(), found.counts.tolist(), strict=True))
    # The word and its only n-gram of four characters; in the title twice, weighted 1; then 1, 0.5.
    for ids, expected in ((word.ids, 2 + 1 + 0.5), (other.ids, 0.5)):
        assert max(of[i] for i in ids.tolist()) == pytest.approx(expected)


def test_a_price_moves_the_code_and_not_the_vector(encoder: ItemEncoder, coder: ItemCodes) -> None:
    cheap, dear = (
        ProductCatalogued(product_id="p", title="watch", price=price) for price in (5.0, 900.0)
    )
    assert np.abs(coder.encode([cheap]) - coder.encode([dear])).max() > 0.01
    np.testing.assert_array_equal(encoder.encode([cheap]), encoder.encode([dear]))


def test_price_bands_double() -> None:
    bands = price_bands([None, 0.0, 0.99, 1.0, 3.0, 4.0, 512.0, 1e9])
    assert bands.sum(axis=1).tolist() == [1] * 8
    assert bands.argmax(axis=1).tolist() == [11, 0, 0, 1, 2, 3, 10, 10]


def test_fillers_leave_a_query_that_has_other_words() -> None:
    assert query_text("different kind of phone cases") == "phone cases"
    assert query_text("all of it") == "all of it"
    assert query_text("蓝牙耳机") == "蓝牙耳机"


@pytest.mark.parametrize(
    ("query", "category"),
    [
        ("headphones", "Headphones"),
        ("蓝牙耳机", "Headphones"),
        ("tent for camping", "Tents"),
        ("茶叶", "Tea"),
    ],
)
def test_the_demo_catalogue_is_searched_in_both_languages(
    encoder: ItemEncoder, query: str, category: str
) -> None:
    products = built_in()
    index = SearchIndex(encoder.dimensions)
    index.put([p.product_id for p in products], product_terms(products), encoder.encode(products))
    hits = index.search(query_terms([query]), encoder.encode_queries([query]), 5)[0]
    of = {p.product_id: p.category for p in products}
    assert [of[product] for product, _ in hits].count(category) >= 3


@pytest.mark.parametrize("name", ["encoder", "items"])
def test_an_altered_file_is_refused(folder: Path, name: str) -> None:
    path = folder / f"{name}.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"\x00\x01")
    with pytest.raises(ModelError, match="SHA-256"):
        ItemCodes(ItemEncoder(str(folder)), str(folder))


def test_a_model_of_another_kind_is_refused(folder: Path) -> None:
    with pytest.raises(ModelError, match="inputs and outputs"):
        TextEncoder.load("items", str(folder))
    with pytest.raises(ModelError, match="inputs and outputs"):
        OnnxModel.load("encoder", str(folder))


def test_every_shipped_model_is_small_and_has_a_card() -> None:
    entries = json.loads((model_folder() / "manifest.json").read_text())["models"]
    for name in ("encoder", "items"):
        assert (model_folder() / entries[name]["file"]).stat().st_size < 40 << 20
        assert (model_folder() / entries[name]["card"]).read_text().strip()
