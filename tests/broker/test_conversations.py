"""Conversations over a real broker: what a killed worker still knows of them, and a terminal's."""

from __future__ import annotations

import json

from click.testing import CliRunner

from shopkeeper.apps.cli.main import command
from shopkeeper.shared.testing.workers import environment, worker_process
from tests.broker.test_answers import catalogue, knowledge, question, waited_for
from tests.broker.test_end_to_end import publish


def test_a_worker_killed_between_the_turns_knows_what_was_said(kafka):
    publish(kafka, [*catalogue(), *knowledge()])
    turns = [
        question("t1", "how much is the rice cooker?"),
        question("t2", "the cheaper one"),
        question("t3", "and how heavy is it?"),
        question("t4", "Can I speak to a human, please?"),
        question("other", "and how heavy is it?", conversation_id="another"),
    ]
    found = {}
    for number, turn in enumerate(turns, 1):
        with worker_process("answers", kafka, WORKER_ID="a", CHECKPOINT_INTERVAL=0.5) as worker:
            publish(kafka, [turn])
            found |= waited_for(kafka, {turn.id}, worker)
            if number < len(turns):
                worker.kill()
            else:
                assert worker.terminate() == 0, worker.output()
    assert found["t1"]["route"] == "clarify"
    assert len(found["t1"]["sources"]) == 2
    assert (found["t2"]["route"], "85.00 EUR" in found["t2"]["answer"]) == ("catalogue", True)
    assert "3.9 kg" in found["t3"]["answer"]
    handover = found["t4"]["handover"]
    assert (found["t4"]["route"], handover["reason"]) == ("person", "requested")
    assert handover["product_id"] == "cookware-09a"
    assert "85.00 EUR" in handover["summary"]
    assert found["other"]["route"] == "clarify"  # nothing of the first conversation


def test_a_conversation_in_a_terminal(kafka):
    publish(kafka, [*catalogue(), *knowledge()])
    env = environment(kafka)

    def run(*arguments, lines=None):
        shown = CliRunner().invoke(command, ["ask", "--timeout", "60", *arguments], lines, env=env)
        assert shown.exit_code == 0, shown.output
        return shown.stdout

    with worker_process("answers", kafka) as worker:
        shown = run(lines="hello\nhow much is the Guoyi rice cooker?\n\nand the Hearthline one?\n")
        assert "Hello!" in shown
        assert shown.index("115.00 EUR") < shown.index("85.00 EUR")
        run("--conversation", "c-9", "how much is the Guoyi rice cooker?")
        given = json.loads(run("--conversation", "c-9", "--json", "and is it in stock?"))
        assert given["sources"][0]["id"] == "cookware-09b"
        assert given["conversation_id"] == "c-9"
        assert worker.terminate() == 0, worker.output()
