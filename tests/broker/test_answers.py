"""Questions and their answers over a real broker: the article's whole figure, and what a killed
worker still knows."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import ExitStack

import msgspec
from click.testing import CliRunner

from shopkeeper.apps.cli.main import command
from shopkeeper.apps.demo.catalogue import built_in
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import environment, worker_process
from tests.broker.test_end_to_end import no_letters, outputs, publish

START_MS = int(time.time() * 1000)
FAQ = {
    "returns": ("What is your return policy?", "You can return everything within 30 days."),
    "returns-zh": ("退货政策是什么？", "收到货后30天内可以退货。"),
    "account": ("How do I delete my account?", "Write to us and we delete it within a day."),
    "shipping": ("Do you ship to Switzerland?", "Yes, within four days."),
}


def event(topic, kind, key, data, name):
    return ShopEvent(topic, kind, key, data, START_MS, name)


def knowledge():
    return [
        event(
            topics.KNOWLEDGE,
            "knowledge.published.v1",
            name,
            {"knowledge_id": name, "title": title, "text": text, "kind": "faq"},
            f"k-{name}",
        )
        for name, (title, text) in FAQ.items()
    ]


def catalogue():
    return [
        event(
            topics.CATALOGUE,
            "product.catalogued.v1",
            product.product_id,
            msgspec.to_builtins(product),
            f"c-{product.product_id}",
        )
        for product in built_in()
    ]


def question(name, text, **more):
    data = {"question": text, "user_id": "u", "conversation_id": "c", **more}
    return event(topics.QUESTIONS, "question.asked.v1", "u", data, name)


def search(name, text):
    return event(
        topics.SEARCHES, "products.searched.v1", "u", {"query": text, "user_id": "u"}, name
    )


def by_cause(kafka, topic):
    return {headers["ce_causationid"]: (headers, value) for headers, value in outputs(kafka, topic)}


def waited_for(kafka, names, worker):
    """The answers to these events, once they are all there."""
    deadline = time.monotonic() + 120
    while not names <= (found := by_cause(kafka, topics.ANSWERS)).keys():
        assert time.monotonic() < deadline, names - found.keys()
        worker.alive()
        time.sleep(0.1)
    return {name: found[name][1] for name in names}


def test_each_text_goes_to_who_deals_with_it(kafka):
    """The article's whole figure: an answer with its source for a question, in a chat or in the
    search box; a sentiment for a complaint; a list for a search."""
    publish(kafka, [*catalogue(), *knowledge()])
    with ExitStack() as stack:
        workers = {
            name: stack.enter_context(worker_process(name, kafka, LIST_AGE_MAX=1e10))
            for name in ("intent", "answers", "sentiment", "recommender")
        }
        publish(
            kafka,
            [
                question("q-chat", "what is your return policy?"),
                search("s-question", "return policy"),
                search("s-zh", "退货政策"),
                question("q-price", "How much is the Qinghe 5G Smartphone 128 GB, Midnight?"),
                question("q-complaint", "terrible service, I want to complain"),
                search("s-product", "wireless headphones"),
            ],
        )
        consumed = {
            "intent": [topics.SEARCHES, topics.QUESTIONS],
            "recommender": [topics.SEARCHES],
            "answers": [topics.QUESTIONS, topics.SEARCHED_QUESTIONS, topics.KNOWLEDGE],
            "sentiment": [topics.COMPLAINTS],
        }
        for name, sources in consumed.items():
            asyncio.run(until_consumed(kafka, name, sources, 120, workers[name].alive))
        for worker in workers.values():
            assert worker.terminate() == 0, worker.output()
    answers = by_cause(kafka, topics.ANSWERS)
    assert answers.keys() == {"q-chat", "s-question", "s-zh", "q-price", "q-complaint"}
    for name, entry in (("q-chat", "returns"), ("s-question", "returns"), ("s-zh", "returns-zh")):
        headers, answer = answers[name]
        assert answer["answer"] == FAQ[entry][1]
        assert [source["id"] for source in answer["sources"]] == [entry]
        assert answer["sources"][0]["quote"] in FAQ[entry][1]
        assert answer["cause"] == headers["ce_causationid"] == name
    assert answers["q-chat"][1]["conversation_id"] == "c"
    assert answers["s-question"][1]["event_type"] == "products.searched.v1"
    assert answers["s-question"][0]["ce_id"].startswith("shop.searches.v1/")
    assert "392.00 EUR" in answers["q-price"][1]["answer"]
    assert answers["q-price"][1]["sources"][0]["id"] == "phones-01a"
    assert (answers["q-complaint"][1]["answer"], answers["q-complaint"][1]["route"]) == (
        None,
        "person",
    )
    assert by_cause(kafka, topics.COMPLAINT_SENTIMENTS).keys() == {"q-complaint"}
    assert by_cause(kafka, topics.RECOMMENDATIONS).keys() == {"s-product"}
    for topic in consumed["answers"]:
        no_letters(kafka, topic, "answers")


PAGE = (
    "Thank you for shopping with us. Our warehouse is in the north of the country, and orders leave"
    " it every weekday at noon. You will receive a message with a tracking number as soon as the"
    " carrier has your parcel. Delivery is free from an order value of 50 euros. You can return any"
    " item within 30 days of delivery, unused and with its label. Please keep the receipt, since we"
    " need the number that is printed on it. The money is paid back to the card that you paid with"
    " within five working days of our receiving the parcel. Gift cards and opened cosmetics cannot"
    " be exchanged. Our shop on the market square is open from nine to six, except on public"
    " holidays. For anything else write to our customer service, where somebody reads along from"
    " Monday to Friday. "
)
PAGE_ZH = (
    "感谢您的购买。我们的仓库在北方，订单每个工作日中午发出。包裹交给快递后，您会收到带有单号的短信。"
    "订单满五十元免运费。收到商品后七天之内可以申请退货，商品须未使用并保留吊牌。请保留发票，"
    "上面的号码退货时需要。我们收到包裹后五个工作日之内，货款退回您付款的银行卡。礼品卡和已开封的化妆品不能退换。"
    "实体店每天早上九点到晚上六点营业，节假日除外。其他问题请写信给客服。"
)


def test_of_a_long_page_the_sentence_of_the_span_is_told(kafka):
    """By the shipped models, in both languages: of ten sentences the one that answers."""
    pages = {
        "terms": ("Delivery and returns", PAGE),
        "terms-zh": ("配送与退货", PAGE_ZH),
    }
    published = [
        event(
            topics.KNOWLEDGE,
            "knowledge.published.v1",
            name,
            {"knowledge_id": name, "title": title, "text": text, "kind": "page"},
            f"k-{name}",
        )
        for name, (title, text) in pages.items()
    ]
    asked = {
        "days": ("How many days do I have to return an item?", "30 days"),
        "free": ("From which order value is delivery free?", "50 euros"),
        "zh": ("收到商品后几天之内可以申请退货？", "七天之内"),
    }
    publish(kafka, published)
    with worker_process("answers", kafka) as worker:
        publish(kafka, [question(name, text) for name, (text, _) in asked.items()])
        found = waited_for(kafka, asked.keys(), worker)
        assert worker.terminate() == 0, worker.output()
    for name, (_, words) in asked.items():
        answer = found[name]["answer"]
        assert answer is not None, found[name]
        assert words in answer
        assert len(answer) < 120, answer  # a sentence, not the 600 characters around it
        assert answer in (PAGE, PAGE_ZH)[name == "zh"]


def test_a_killed_worker_knows_what_was_published_removed_and_repriced(kafka):
    publish(kafka, [*catalogue(), *knowledge()])
    with worker_process("answers", kafka, WORKER_ID="a") as worker:
        publish(kafka, [question("q1", "Do you ship to Switzerland?")])
        first = waited_for(kafka, {"q1"}, worker)["q1"]
        assert first["answer"] == FAQ["shipping"][1]
        worker.kill()
    changed = msgspec.to_builtins(built_in()[0]) | {"price": 1.5}
    removed = ShopEvent(topics.KNOWLEDGE, "knowledge.published.v1", "account", {}, START_MS, "k")

    async def change():
        async with Publisher(kafka, "test") as publisher:
            await publisher.send(removed.topic, removed.key.encode(), None)
            for data in (changed,):
                await publisher.send(
                    topics.CATALOGUE, data["product_id"].encode(), json.dumps(data).encode()
                )

    asyncio.run(change())
    with worker_process("answers", kafka, WORKER_ID="a") as worker:
        asked = {
            "q2": question("q2", "Do you ship to Switzerland?"),
            "q3": question("q3", "How do I delete my account?"),
            "q4": question("q4", "how much is it?", product_id=changed["product_id"]),
        }
        publish(kafka, asked.values())
        found = waited_for(kafka, asked.keys(), worker)
        assert worker.terminate() == 0, worker.output()
    assert found["q2"]["answer"] == first["answer"]
    assert found["q3"]["answer"] is None
    assert "1.50 EUR" in found["q4"]["answer"]


def test_a_new_entry_answers_while_the_worker_runs_and_a_bad_one_is_a_dead_letter(kafka):
    with worker_process("answers", kafka) as worker:
        publish(kafka, [question("q0", "Can I pay by invoice?")])
        assert waited_for(kafka, {"q0"}, worker)["q0"]["abstained"] == "nothing_found"

        async def send():
            async with Publisher(kafka, "test") as publisher:
                await publisher.send(topics.KNOWLEDGE, b"bad", b'{"knowledge_id": "bad"}')
                value = {"knowledge_id": "pay", "title": "Can I pay by invoice?", "text": "Yes."}
                await publisher.send(topics.KNOWLEDGE, b"pay", json.dumps(value).encode())
                await publisher.send(topics.SEARCHED_QUESTIONS, b"u", b"{}")

        asyncio.run(send())
        asked = 0
        while True:
            asked += 1
            publish(kafka, [question(f"r{asked}", "Can I pay by invoice?")])
            if waited_for(kafka, {f"r{asked}"}, worker)[f"r{asked}"]["answer"] == "Yes.":
                break
            assert asked < 100
        sources = [topics.QUESTIONS, topics.SEARCHED_QUESTIONS, topics.KNOWLEDGE]
        asyncio.run(until_consumed(kafka, "answers", sources, 120, worker.alive))
        assert worker.terminate() == 0, worker.output()
    for topic in (topics.KNOWLEDGE, topics.SEARCHED_QUESTIONS):
        letters = asyncio.run(read_topic(kafka, topics.dead_letters(topic, "answers")))
        assert len(letters) == 1, topic


def test_the_command_line_loads_asks_and_removes(kafka, tmp_path):
    file = tmp_path / "help.md"
    file.write_text("# Can I pay by invoice?\nYes, within 14 days.\n", "utf-8")
    env = environment(kafka)

    def run(*arguments):
        return CliRunner().invoke(command, arguments, env=env)

    def until_told(text):
        deadline = time.monotonic() + 60
        while text not in (told := run("ask", "--timeout", "30", "can I pay by invoice?")).output:
            assert told.exit_code == 0, told.output
            assert time.monotonic() < deadline, told.output

    with worker_process("answers", kafka) as worker:
        loaded = run("knowledge", "load", str(file), "--url", "https://shop.example/help")
        assert json.loads(loaded.stdout)["entries"] == 1, loaded.output
        until_told("Yes, within 14 days.")
        shown = run("ask", "can I pay by invoice?").stdout
        assert "help#can-i-pay-by-invoice" in shown
        assert "https://shop.example/help" in shown
        given = json.loads(run("ask", "--json", "can I pay by invoice?").stdout)
        assert given["route"] == "knowledge"
        assert run("knowledge", "remove", "help#can-i-pay-by-invoice").exit_code == 0
        until_told("I do not know")
        assert worker.terminate() == 0, worker.output()
    silent = run("ask", "--timeout", "0.5", "is anybody there?")
    assert silent.exit_code == 1
    assert "is an answers worker running?" in silent.output
    refused = run("knowledge", "load", str(tmp_path / "none.md"))
    assert refused.exit_code == 2
