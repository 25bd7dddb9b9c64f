"""A category that the catalogue does not have: nothing is shown for it, and that is said."""

from __future__ import annotations

import json

import pytest

from shopkeeper.services.gateway.core.catalogue import Catalogue
from shopkeeper.shared.domains.exclusions import Exclusions
from tests.unit.gateway.serving import Serving

OF = {"p1": "Shoes", "p2": "Shoes", "p3": "Pets", "p4": "鞋"}


@pytest.fixture
def serving():
    made = Serving()
    for name, category in OF.items():
        made.put("catalogue", name, {"product_id": name, "title": name, "category": category})
        made.put("products", name, {"product_id": name, "title": name, "category": category})
    return made


def said(serving, path):
    answer = serving.get(path)
    return answer.status_code, answer.json()


def test_an_unknown_category_has_no_list_and_the_nearest_names(serving):
    status, found = said(serving, "/v1/users/u/recommendations?category=shoe")
    assert (status, found["items"], found["fallback"]) == (200, [], "empty")
    assert (found["unknown_category"], found["nearest_categories"]) == ("shoe", ["Shoes"])
    _, found = said(serving, "/v1/users/u/recommendations?category=SHOES")
    assert found["nearest_categories"] == ["Shoes"], "names are compared as they are written"
    _, found = said(serving, "/v1/users/u/recommendations?category=xyzzy")
    assert (found["items"], found["unknown_category"]) == ([], "xyzzy")
    assert "nearest_categories" not in found
    status, found = said(serving, "/v1/trending?category=shoe")
    assert status == 404
    assert "nearest: Shoes; /v1/categories" in found["detail"]
    assert found["nearest_categories"] == ["Shoes"]
    assert said(serving, "/v1/trending?category=shoe&ranking=newest")[0] == 404
    status, found = said(serving, "/v1/products?category=shoe")
    assert (status, found["products"], found["unknown_category"]) == (200, [], "shoe")


def test_where_a_category_is_only_a_hint_the_list_is_there_and_says_so(serving):
    _, found = said(serving, "/v1/users/u/recommendations?category=shoe&placement=home&count=2")
    assert len(found["items"]) == 2
    assert found["unknown_category"] == "shoe"


def test_a_list_that_goes_beyond_its_category_says_so(serving):
    _, found = said(serving, "/v1/users/u/recommendations?category=Shoes&count=2")
    assert {each["product_id"] for each in found["items"]} == {"p1", "p2"}
    assert found["fallback"] == "newest"
    assert "unknown_category" not in found
    _, found = said(serving, "/v1/users/u/recommendations?category=Shoes&count=3")
    assert (len(found["items"]), found["fallback"]) == (3, "elsewhere")


def test_a_category_is_unknown_once_its_last_product_is_gone_and_never_without_any(serving):
    serving.put("catalogue", "p3", {"product_id": "p3", "title": "p3", "category": "Shoes"})
    assert serving.catalogue.lacks("Pets")
    serving.catalogue.apply([(b"p4", None)])
    assert serving.catalogue.lacks("鞋")
    assert not serving.catalogue.lacks("Shoes")
    bare = Serving()
    assert not bare.catalogue.lacks("Pets"), "no catalogue"
    bare.put("catalogue", "p", {"product_id": "p", "title": "p"})
    assert not bare.catalogue.lacks("Pets"), "a catalogue without categories"
    for n in range(101):
        name = f"q{n}"
        serving.put("catalogue", name, {"product_id": name, "title": name, "category": "Many"})
    assert not serving.catalogue.lacks("Pets"), "a catalogue that is not held whole"


def test_a_sensitive_category_is_named_to_nobody():
    catalogue = Catalogue(100, None, Exclusions(categories=frozenset({"pharmacy"})))
    for name, category in (("p", "Pharmacy"), ("q", "Farming")):
        said = json.dumps({"product_id": name, "title": name, "category": category})
        catalogue.apply([(name.encode(), said.encode())])
    assert catalogue.categories_near("Pharmac") == []
    assert catalogue.categories_near("farm") == ["Farming"]
