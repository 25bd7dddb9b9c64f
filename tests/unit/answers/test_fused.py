"""Entries found by words at once, by vectors as soon as they are worked out."""

from __future__ import annotations

import asyncio
import time

import pytest

from shopkeeper.services.answers.core.entries import Entry
from shopkeeper.services.answers.core.fused import FusedRanker
from shopkeeper.services.answers.embedding import EmbeddingThread
from shopkeeper.shared.text.embedder import load_embedders


@pytest.fixture(scope="module")
def embedders():
    return load_embedders()


def entry(name, text, title="", product_id=None):
    return Entry(id=name, title=title, text=text, kind="page", product_id=product_id)


SHOP = [
    entry("money", "Refunds arrive on your card within a week."),
    entry("lost", "If a parcel goes missing we send another one."),
    entry("tall", "The lamp is 40 cm high."),
    entry("运费", "满99元免邮，不满收8元。"),
    entry("保修", "整机保修一年，坏了免费修。"),
]


def first(ranker, question, product_id=None):
    hits = ranker.rank_all([question], 2, [product_id])[0].hits
    return hits[0].id if hits else None


def test_what_shares_no_word_is_found_by_meaning(embedders):
    ranker = FusedRanker(embedders)
    ranker.put(SHOP)
    assert first(ranker, "when do i get reimbursed") is None
    ranker.catch_up()
    assert first(ranker, "when do i get reimbursed") == "money"
    assert first(ranker, "my package never came") == "lost"
    assert first(ranker, "快递费多少钱") == "运费"


def test_a_new_entry_is_found_by_words_before_its_vector_is_there(embedders):
    ranker = FusedRanker(embedders)
    ranker.put(SHOP)
    ranker.catch_up()
    ranker.put([entry("engraving", "Engraving of rings is done in three days.")])
    asked = "how long is engraving of rings"
    ranking = ranker.rank_all([asked], 2, [None])[0]
    assert ranker.waiting == 1
    assert (ranking.hits[0].id, ranking.hits[0].cosine) == ("engraving", None)
    ranker.catch_up()
    ranking = ranker.rank_all([asked], 2, [None])[0]
    assert ranking.hits[0].id == "engraving"
    assert ranking.hits[0].cosine > 0.3


def test_the_last_published_is_embedded_first(embedders):
    ranker = FusedRanker(embedders)
    ranker.put(SHOP)
    ranker.put([entry("new", "We are open on Sundays.")])
    assert [each.id for each in ranker.take_waiting(2)] == ["new", "保修"]


def test_vectors_of_what_was_replaced_meanwhile_are_dropped(embedders):
    ranker = FusedRanker(embedders)
    ranker.put([entry("a", "Refunds arrive within a week."), entry("b", "We sell lamps.")])
    made = ranker.embed(ranker.take_waiting(2))
    ranker.put([entry("a", "The shop has a car park.")])
    ranker.remove(["b"])
    ranker.accept(made)
    assert ranker.waiting == 1
    ranker.catch_up()
    found = ranker.rank_all(["where can i leave my vehicle"], 5, [None])[0].hits
    assert [hit.id for hit in found] == ["a"]
    assert first(ranker, "which lamps do you sell") == "a"


def test_only_entries_of_the_product_asked_about(embedders):
    ranker = FusedRanker(embedders)
    ranker.put([*SHOP, entry("short", "The chair is 90 cm high.", product_id="chair")])
    ranker.catch_up()
    found = ranker.rank_all(["how tall is it"] * 2, 9, ["chair", "desk"])
    assert "short" in {hit.id for hit in found[0].hits}
    assert "short" not in {hit.id for hit in found[1].hits}


def test_a_long_text_is_found_by_its_words_where_the_encoder_cannot_read_it_whole(embedders):
    ranker = FusedRanker(embedders)
    page = "本店成立于二零零五年，开在湖边的老街上。" * 12 + "雨伞架在二楼楼梯旁边。"
    ranker.put([*SHOP, entry("page", page)])
    ranker.catch_up()
    assert first(ranker, "雨伞架在二楼哪里") == "page"
    assert first(ranker, "快递费多少钱") == "运费"


def test_a_shop_without_encoders_goes_by_words(embedders):
    ranker = FusedRanker({})
    ranker.put(SHOP)
    ranker.catch_up()
    assert ranker.waiting == 0
    ranking = ranker.rank_all(["refunds on my card"], 2, [None])[0]
    assert (ranking.hits[0].id, ranking.language) == ("money", "")


def test_the_thread_embeds_what_is_put(embedders):
    ranker = FusedRanker(embedders)
    thread = EmbeddingThread(ranker)

    async def run():
        await thread.start()
        ranker.put(SHOP * 1)
        deadline = time.monotonic() + 60
        while ranker.waiting and time.monotonic() < deadline:
            thread.refresh()
            await asyncio.sleep(0.01)
        await thread.stop()

    asyncio.run(run())
    assert ranker.waiting == 0
    assert first(ranker, "my package never came") == "lost"


class Broken:
    dimensions = 4

    def vectors(self, texts):
        raise RuntimeError("out of memory")


def test_a_failure_of_the_thread_ends_the_worker():
    ranker = FusedRanker({"en": Broken()})
    thread = EmbeddingThread(ranker)

    async def run():
        await thread.start()
        ranker.put([entry("a", "We sell lamps.")])
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            thread.refresh()
            await asyncio.sleep(0.01)

    with pytest.raises(RuntimeError, match="out of memory"):
        asyncio.run(run())


def test_entries_of_no_letters_do_not_wait_for_ever(embedders):
    ranker = FusedRanker(embedders)
    ranker.put([entry("n", "12 34")])
    ranker.catch_up()
    assert ranker.waiting == 0
    assert first(ranker, "34?") == "n"
