"""A real server of the protocol, llama.cpp's, with a small language model: that the client is
understood, and that of what the model makes up nothing is shown."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from shopkeeper.services.answers.core.phrasing.check import REASONS, check
from shopkeeper.services.answers.core.phrasing.prompt import Prompt
from shopkeeper.services.answers.core.phrasing.quantities import unsupported
from shopkeeper.services.answers.phrasing.endpoint import Endpoint
from shopkeeper.services.answers.phrasing.evaluate import phrasing, prompts_of
from shopkeeper.services.answers.phrasing.settings import PhrasingSettings

ROOT = Path(__file__).resolve().parents[3]
SERVER = ROOT / "tests" / "llama_server.py"
PYTHON = Path(os.environ.get("LLM_SERVER_PYTHON") or ROOT / ".venv-llm" / "bin" / "python")
FAQ = [
    ("How long do I have to return it?", "You can return everything unused within 30 days."),
    ("When do you deliver?", "We deliver within two to four working days."),
]
PATIENCE_S = 200  # for a machine that does other work beside

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def url():
    if not PYTHON.exists():
        pytest.skip(f"llama.cpp's server is not installed in {PYTHON}: run `make llm-server`")
    server = subprocess.Popen(
        [str(PYTHON), str(SERVER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), server.wait(10)
        yield f"{address}/v1"
    finally:
        server.kill()
        server.communicate()


@pytest.fixture
def faq(tmp_path):
    file = tmp_path / "faq.jsonl"
    rows = [{"question": question, "answer": answer} for question, answer in FAQ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def ask(url, prompts, **environ):
    said = {"LLM_URL": url, "LLM_MODEL": "smollm2", "LLM_TOKENS_MAX": "32", **environ}
    endpoint = Endpoint(PhrasingSettings.from_env(said))

    async def replies():
        await endpoint.start()
        try:
            return await asyncio.to_thread(endpoint.ask_all, prompts, PATIENCE_S)
        finally:
            await endpoint.stop()

    return asyncio.run(replies())


def test_it_replies_to_what_is_asked_and_what_is_shown_rests_on_the_passages(url, faq):
    prompts = prompts_of(faq)
    assert len(prompts) == len(FAQ)
    for prompt, reply in zip(prompts, ask(url, prompts), strict=True):
        assert reply.outcome in ("replied", "cut_off"), reply
        assert reply.text
        assert reply.tokens_in > 50
        assert 0 < reply.tokens_out <= 32
        text, reason, _ = check(reply.text, prompt.passages, prompt.language)
        assert reason is None or reason in REASONS
        if text is not None:
            assert not unsupported(text, prompt.passages[0])


def test_a_reply_that_is_longer_than_it_may_be_is_no_reply(url):
    prompt = Prompt((("user", "Count from one to ten."),), ("one",), "en")
    [reply] = ask(url, [prompt], LLM_OPTIONS='{"max_tokens": 2}')
    assert (reply.outcome, reply.tokens_out) == ("cut_off", 2)


def test_what_the_server_refuses_is_a_failure_with_its_status(url):
    prompt = Prompt((("user", "word " * 20_000),), ("x",), "en")  # more than its context
    assert [reply.outcome for reply in ask(url, [prompt])] == ["status"]
    [lost] = ask(url.replace("/v1", "/nowhere"), [prompt])
    assert lost.outcome == "status"


def test_the_command_line_says_what_share_is_shown(url, faq):
    environ = {"LLM_URL": url, "LLM_MODEL": "smollm2", "LLM_TOKENS_MAX": "32"}
    arguments = [str(faq), "--timeout", str(PATIENCE_S), "--show"]
    done = CliRunner().invoke(phrasing, arguments, env=environ, standalone_mode=False)
    assert done.exception is None, done.output
    figures = done.return_value
    assert figures["questions"] == sum(figures["outcomes"].values()) == len(FAQ)
    assert figures["shown"] == round(figures["outcomes"].get("phrased", 0) / len(FAQ), 4)
    assert figures["seconds_p50"] > 0
    assert figures["completion_tokens"] > 0
    assert "You can return everything unused" in done.stderr
