"""The texts that the item encoder learns from: shop titles, categories, words, searches.

Bundle intents (what search is measured by) and which items belong to them are never read.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from linear import read_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

DOMAINS = ("electronic", "clothing")
WORDS_MAX, BIGRAMS_MAX = 16_000, 9_000
CHINESE_WORDS_MAX = 6_000
COMPOSITES = 6_000
FRAGMENTS = 6
PHRASE_WORDS = 6_000  # the most frequent words, of which phrases are made
SEED = 1
PRODUCT_KINDS = (
    "electronics", "clothing", "home", "kitchen", "beauty", "sport", "family", "food", "garden",
)  # fmt: skip
_WORD = re.compile(r"[a-z][a-z0-9'-]+")
_HAN = re.compile(r"[\u4e00-\u9fff]{1,6}")
# Commas inside a name are not escaped in the file; these are the top levels that have one.
_ESCAPED = {"Clothing, Shoes & Jewelry": "Clothing Shoes & Jewelry"}


def category_paths(raw: str) -> list[list[str]]:
    """Names of the levels of each path of `[[A,B,C],[D]]`, top level first."""
    for name, plain in _ESCAPED.items():
        raw = raw.replace(name, plain)
    return [path.split(",") for path in re.findall(r"\[([^\[\]]+)\]", raw)]


def category_text(paths: list[list[str]]) -> str:
    """The last two levels of the first two paths."""
    return " > ".join(" ".join(path[-2:]) for path in paths[:2])


def bundle_items(data: Path, domain: str) -> tuple[list[str], list[str]]:
    """(titles, category texts) of a domain of amazon-bundles, by ascending item id."""
    titles, paths = catalogued(data, domain)
    return titles, [category_text(of) for of in paths]


def shown_category(paths: list[list[str]]) -> str:
    """Every level below the top, once: a category as `benchmarks/bench_search.py` catalogues it."""
    return " ".join(dict.fromkeys(level for path in paths for level in path[1:]))


def catalogued(data: Path, domain: str) -> tuple[list[str], list[list[list[str]]]]:
    """(titles, category paths) of a domain of amazon-bundles, by ascending item id."""
    folder = data / "recsys" / "amazon-bundles" / domain
    titles = {r["item_id"]: r["titles"] for r in read_rows(folder / "item_titles.csv.gz")}
    paths = {r["item_id"]: r["categories"] for r in read_rows(folder / "item_categories.csv.gz")}
    ids = sorted(titles.keys() | paths.keys(), key=int)
    return [titles.get(i, "") for i in ids], [category_paths(paths.get(i, "")) for i in ids]


def retail_products(data: Path) -> tuple[list[str], list[float]]:
    """(description, last price in GBP) of each product of online-retail's training part."""
    found: dict[str, float] = {}
    for row in read_rows(data / "recsys" / "online-retail" / "lines_train.csv.gz"):
        if row["description"]:
            found[row["description"].strip().capitalize()] = float(row["unit_price_gbp"] or 0)
    return list(found), list(found.values())


def _shop_texts(data: Path) -> Iterable[str]:
    nlp = data / "nlp"
    for name in ("amazon_multi_domain", "pros_cons", "product_sentences"):
        for row in read_rows(nlp / "sentiment" / name / "train.csv.gz"):
            yield row["text"][:400]
    for row in read_rows(nlp / "intent" / "ecommerce_unified" / "train.csv.gz"):
        if row["lang"] == "en":
            yield row["text"][:400]
    with gzip.open(nlp / "qa" / "amazon_qa_appliances" / "train.jsonl.gz", "rt") as file:
        for line in file:
            yield str(json.loads(line).get("question", ""))[:300]


def searches(data: Path, language: str, characters_max: int) -> list[str]:
    """Product searches and questions of ecommerce_unified's training part."""
    rows = read_rows(data / "nlp" / "intent" / "ecommerce_unified" / "train.csv.gz")
    wanted = ("product_search", "product_question")
    return sorted(
        {
            row["text"]
            for row in rows
            if row["lang"] == language
            and row["intent"] in wanted
            and len(row["text"]) < characters_max
        }
    )


def english(data: Path) -> tuple[list[str], list[str]]:
    """(titles and categories; words, pairs of words, searches, parts of titles and phrases)."""
    words: Counter[str] = Counter()
    pairs: Counter[str] = Counter()

    def count(text: str) -> None:
        found = _WORD.findall(text.lower())
        words.update(found)
        pairs.update(f"{a} {b}" for a, b in pairwise(found))

    products: list[str] = []
    levels: set[str] = set()
    catalogues = [catalogued(data, domain) for domain in DOMAINS]
    for titles, paths in catalogues:
        products += [*titles, *map(category_text, paths), *map(shown_category, paths)]
        for path in (path for of in paths for path in of):
            levels.update(path)
            levels.update(f"{a} {b}" for a, b in pairwise(path))
            for level in path:
                count(level)
        for title in titles:
            count(title)
    descriptions, _ = retail_products(data)
    for text in (*descriptions, *_shop_texts(data)):
        count(text)
    products += [*sorted(levels), *descriptions]
    vocabulary = [word for word, n in words.most_common(WORDS_MAX) if n > 1]
    vocabulary += [pair for pair, n in pairs.most_common(BIGRAMS_MAX) if n > 3]
    products = sorted({text for text in products if text.strip()})
    asked = [*vocabulary, *searches(data, "en", 80)[:2000], *fragments(products)]
    frequent = frozenset(word for word, _ in words.most_common(PHRASE_WORDS))
    asked += [phrase for titles, paths in catalogues for phrase in phrases(titles, paths, frequent)]
    return products, list(dict.fromkeys(asked))


def phrases(titles: list[str], paths: list[list[list[str]]], words: frozenset[str]) -> list[str]:
    """What a shopper might ask for: a product's category with words of its title, or with the
    category beside it. words: those that may be taken from titles."""
    random = np.random.default_rng(SEED)
    beside: dict[tuple[str, ...], list[str]] = {}
    for path in (path for of in paths for path in of):
        names = beside.setdefault(tuple(path[:-1]), [])
        if path[-1] not in names:
            names.append(path[-1])

    def one(of: list[Any]) -> Any:
        return of[int(random.integers(len(of)))]

    found: set[str] = set()
    for title, of in zip(titles, paths, strict=True):
        if not of:
            continue
        path = one(of)
        name, other = path[-1].lower(), one(beside[tuple(path[:-1])]).lower()
        found.add(f"{name} and {other}")
        known = [w for w in _WORD.findall(title.lower()) if w in words and w not in name]
        if known:
            first, second = one(known), one(known)
            found |= {f"{first} {name}", f"{first} {second} {name}", f"{name} for {first}"}
    return sorted(found)


def fragments(texts: list[str]) -> list[str]:
    """Runs of one to five words of each text: about as long as a search is."""
    random = np.random.default_rng(SEED)
    found = set()
    for text in texts:
        words = text.split()
        for _ in range(FRAGMENTS if len(words) > 4 else 0):
            length = int(random.integers(1, 6))
            first = int(random.integers(0, max(1, len(words) - length + 1)))
            found.add(" ".join(words[first : first + length]).strip(" ,-()/&|>"))
    return sorted(found - {""})


def chinese(data: Path) -> list[str]:
    """Frequent words of shop reviews and searches (cut by jieba), and the searches themselves."""
    import jieba

    jieba.setLogLevel(60)
    words: Counter[str] = Counter()
    reviews = read_rows(data / "nlp" / "sentiment" / "online_shopping_10_cats" / "train.csv.gz")
    rows = read_rows(data / "nlp" / "intent" / "ecommerce_unified" / "train.csv.gz")
    texts = [row["text"][:200] for row in reviews[::4]]
    texts += [row["text"] for row in rows if row["lang"] == "zh"]
    for text in texts:
        words.update(word for word in jieba.cut(text) if _HAN.fullmatch(word))
    found = [word for word, _ in words.most_common(CHINESE_WORDS_MAX)]
    return found + searches(data, "zh", 30)


def lexicon_pairs() -> tuple[list[str], list[str]]:
    """(English, Chinese): each entry of `lexicon.txt`, and phrases made of two to four of them."""
    kinds: dict[str, list[tuple[str, list[str]]]] = {}
    for line in Path(__file__).with_name("lexicon.txt").read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            kind, entries = line.split(":", 1)
            kinds[kind] = [
                (entry.split("=")[0].strip(), entry.split("=")[1].strip().split("/"))
                for entry in entries.split(",")
            ]
    pairs = [(en, zh) for entries in kinds.values() for en, forms in entries for zh in forms]
    products = [entry for kind in PRODUCT_KINDS for entry in kinds[kind]]
    random = np.random.default_rng(SEED)
    for _ in range(COMPOSITES):
        chosen = [products[random.integers(len(products))]]
        for kind, chance in (("attribute", 0.5), ("material", 0.4), ("colour", 0.4)):
            if random.random() < chance:
                chosen.insert(0, kinds[kind][random.integers(len(kinds[kind]))])
        if random.random() < 0.3:
            chosen.insert(0, kinds["person"][random.integers(len(kinds["person"]))])
        english = " ".join(en for en, _ in chosen)
        pairs.append((english, "".join(zh[random.integers(len(zh))] for _, zh in chosen)))
    return [en for en, _ in pairs], [zh for _, zh in pairs]
