"""A large model in an answers worker: its words where they hold, and the worker's own answers when
its server dies, without a loss."""

from __future__ import annotations

import time
from contextlib import ExitStack

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.testing.workers import worker_process
from tests.broker.test_answers import FAQ, catalogue, knowledge, question, waited_for
from tests.broker.test_end_to_end import no_letters, publish
from tests.llm_server import LlmServer


def test_answers_go_on_when_the_large_models_server_dies_and_comes_back(kafka, tmp_path):
    key = tmp_path / "key"
    key.write_text("sk-broker-test", "utf-8")
    returns, shipping = FAQ["returns"][1], FAQ["shipping"][1]
    publish(kafka, [*catalogue(), *knowledge()])
    with ExitStack() as stack:
        server = stack.enter_context(LlmServer())
        environ = {
            "LLM_URL": server.url,
            "LLM_MODEL": "small",
            "LLM_API_KEY_FILE": str(key),
            "LLM_TIMEOUT_S": 10,
            "LLM_BREAKER_FAILURES": 1,
            "LLM_BREAKER_PAUSE_S": 0.2,
        }
        worker = stack.enter_context(worker_process("answers", kafka, **environ))
        asked = {
            "q1": question("q1", "what is your return policy?"),
            "q-zh": question("q-zh", "退货政策是什么？"),
            "q-price": question(
                "q-price", "How much is the Qinghe 5G Smartphone 128 GB, Midnight?"
            ),
        }
        publish(kafka, asked.values())
        found = waited_for(kafka, asked.keys(), worker)
        assert found["q1"]["answer"] == f"So: {returns}"
        assert found["q1"]["phrased_by"] == "small"
        assert found["q1"]["local_answer"] == found["q1"]["sources"][0]["quote"] == returns
        assert found["q1"]["model"]["name"] == "answers"
        assert found["q-zh"]["answer"] == f"请：{FAQ['returns-zh'][1]}"
        assert "392.00 EUR" in found["q-price"]["answer"]
        assert "phrased_by" not in found["q-price"]
        assert len(server.requests) == 2
        server.mode = "error"
        publish(kafka, [question("q2", "Do you ship to Switzerland?")])
        failed = waited_for(kafka, {"q2"}, worker)["q2"]
        assert failed["answer"] == shipping
        assert "phrased_by" not in failed
        server.close()
        publish(kafka, [question("q3", "Do you ship to Switzerland?")])
        assert waited_for(kafka, {"q3"}, worker)["q3"]["answer"] == shipping
        with LlmServer(server.port):
            again, deadline = 0, time.monotonic() + 120
            while True:
                again += 1
                name = f"again-{again}"
                publish(kafka, [question(name, "Do you ship to Switzerland?")])
                if "phrased_by" in waited_for(kafka, {name}, worker)[name]:
                    break
                assert time.monotonic() < deadline
        assert worker.terminate() == 0, worker.output()
        assert "sk-broker-test" not in worker.output()
        assert "does not reply" in worker.output()
    no_letters(kafka, topics.QUESTIONS, "answers")
