"""Every command of README.md and docs/ runs on one shop, or docs_commands.toml says why not."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
import threading
import time
import tomllib
from pathlib import Path

import httpx
import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.admin import init_topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.processes import process
from shopkeeper.shared.runtime.processes.embedded import embedded_broker, free_port
from shopkeeper.shared.runtime.settings import KafkaSettings

ROOT = Path(__file__).parents[2]
LISTS = tomllib.loads(Path(__file__).with_name("docs_commands.toml").read_text("utf-8"))
ELSEWHERE, NOT_RUN = LISTS["elsewhere"], LISTS["not_run"]
UNTIL_A_LINE = tuple(LISTS["until_a_line"]["commands"])
PAGES = ["README.md", *(p.relative_to(ROOT).as_posix() for p in ROOT.glob("docs/**/*.md"))]
FENCE = re.compile(r"^ *```(sh|console|bash|python)\b[^\n]*\n(.*?)^ *```", re.M | re.S)
SECONDS_MAX = 120  # for a block, on a busy machine
PRELUDE = """set -eE
trap 'echo "failed: $BASH_COMMAND" >&2' ERR
curl() { command curl -sS --fail-with-body --max-time 60 "$@"; }
"""
# What shows that each worker is there: the pages' commands wait as long as a person would, and on a
# busy machine a worker's models take longer than that to load.
FIRST_WORK = (
    ("ask", "--timeout", "60", "do you ship abroad?"),
    ("get", "category", "Home > Kitchen"),
    ("status",),
)
FILES = {  # what the pages' commands read, as little of it as they need
    "faq.md": "# Do you ship abroad?\n\nYes, to all of Europe, within five days.\n",
    "returns.html": "<h1>How do I return something?</h1><p>Send it back within 30 days.</p>",
    "answers.csv": "question,answer\nDo you sell vouchers?,Yes: at the till and online.\n",
    "corrected.csv": "text,label\nit broke after a day,negative\n",
}


def commands(language: str, block: str) -> list[str]:
    """A block's commands, comments aside; Python is one command."""
    if language == "python":
        return [block]
    found: list[str] = []
    waiting = ""
    for line in block.splitlines():
        waiting += ("\n" if waiting else "") + line.removeprefix("$ ")
        try:
            shlex.split(waiting, comments=True)
        except ValueError:
            continue  # a quotation goes on
        bare = re.sub(r"\s#.*$", "", waiting).rstrip()
        if bare.endswith(("\\", "|", "&&")):
            continue
        if shlex.split(waiting, comments=True):
            found.append(waiting)
        waiting = ""
    return found


def blocks(page: str) -> list[tuple[str, list[str]]]:
    """(language, commands) of each fenced block of a page."""
    text = (ROOT / page).read_text("utf-8")
    return [(m[1], commands(m[1], textwrap.dedent(m[2]))) for m in FENCE.finditer(text)]


def listed(command: str, table) -> str | None:
    """The longest entry of the table that a command begins with."""
    return max((each for each in table if command.startswith(each)), key=len, default=None)


def is_run(command: str) -> bool:
    return listed(command, [*ELSEWHERE, *NOT_RUN]) is None


ENGLISH = [page for page in PAGES if not page.endswith(".zh.md")]
WITH_COMMANDS = [page for page in ENGLISH if blocks(page)]
RUN = [page for page in WITH_COMMANDS if any(is_run(c) for _, cs in blocks(page) for c in cs)]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """`shopkeeper up` with all workers on a broker of its own, and a user who clicks."""
    folder = tmp_path_factory.mktemp("shop")
    for name, text in FILES.items():
        (folder / name).write_text(text, "utf-8")
    rows = "".join(f"{n % 40},{1_700_000_000 + n * 60},{n * 7 % 11}\n" for n in range(800))
    with gzip.open(folder / "clicks.csv.gz", "wt") as clicks:
        clicks.write("session_id,timestamp,item_id\n" + rows)
    programs = folder / "bin"
    programs.mkdir()
    (programs / "shopkeeper").write_text(
        f"#!{sys.executable}\nfrom shopkeeper.apps.cli.main import main\nmain()\n", "utf-8"
    )
    (programs / "shopkeeper").chmod(0o755)
    # No link: a Python of an environment knows by its own path that it is one.
    (programs / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', "utf-8")
    (programs / "python").chmod(0o755)
    with embedded_broker() as address:
        environ = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": address,
            "GATEWAY_PORT": str(free_port()),
            "HTTP_PORT": "0",
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(
                filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")])
            ),
        }
        kafka = KafkaSettings.from_env({"KAFKA_BOOTSTRAP_SERVERS": address})
        asyncio.run(init_topics(kafka, 2, 1))
        asyncio.run(open_shop(kafka))
        with (folder / "up.log").open("w") as log:
            up = subprocess.Popen(
                [str(programs / "shopkeeper"), "up"],
                stdout=log,
                stderr=subprocess.STDOUT,
                **process.child_options(environ),
            )
        done = threading.Event()
        clicker = threading.Thread(target=click, args=(environ["GATEWAY_PORT"], done), daemon=True)
        try:
            until_open(environ["GATEWAY_PORT"], up, folder / "up.log")
            for line in FIRST_WORK:
                until_done([str(programs / "shopkeeper"), *line], environ, folder / "up.log")
            clicker.start()
            yield folder, environ
        finally:
            done.set()
            up.terminate()
            up.wait(60)


async def open_shop(kafka) -> None:
    """A catalogue of one kitchen, its reviews, and clicks of the users whom pages name."""
    async with Publisher(kafka, "test") as publisher:
        for n in range(1, 9):
            product = {"product_id": f"p{n}", "title": f"Tea pot {n}", "category": "Home > Kitchen"}
            await publisher.send(topics.CATALOGUE, f"p{n}".encode(), dumped(product), [])
            review = {"product_id": f"p{n}", "review_body": "A very good pot.", "rating": 5}
            await publisher.send(
                topics.REVIEWS, f"p{n}".encode(), dumped({**review, "review_id": f"r{n}"}), []
            )
        for n, user in enumerate(("u1", "u-1", "u-1042", "u1", "u-1")):
            clicked = {"user_id": user, "product_id": f"p{n + 1}"}
            await publisher.send(topics.CLICKS, user.encode(), dumped(clicked), [])


def dumped(value: object) -> bytes:
    return json.dumps(value).encode()


def click(port: str, done: threading.Event) -> None:
    """A click each second, so that who follows lists sees some."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
        n = 0
        while not done.wait(1.0):
            n += 1
            product = f"p{n % 8 + 1}"
            event = {"type": "product.clicked.v1", "user_id": "u-1", "product_id": product}
            http.post("/v1/events", json=event)


def until_done(command: list[str], environ: dict[str, str], log: Path) -> None:
    """Run a command until its exit status is 0."""
    deadline = time.monotonic() + 400
    while time.monotonic() < deadline:
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)
        if done.returncode == 0:
            return
        time.sleep(0.5)
    raise AssertionError(f"{command}: {done.stderr}\n{log.read_text('utf-8', 'replace')}")


def until_open(port: str, up: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the shop has lists for its users."""
    deadline = time.monotonic() + 400  # a first start compiles its loops
    while time.monotonic() < deadline:
        assert up.poll() is None, log.read_text("utf-8", "replace")
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/v1/users/u-1/recommendations", timeout=10)
            if answer.status_code == 200 and answer.json().get("made_from"):
                return
        except (httpx.HTTPError, ValueError):
            pass
        time.sleep(0.5)
    raise AssertionError(log.read_text("utf-8", "replace"))


def script(language: str, wanted: list[str], environ: dict[str, str]) -> str:
    """What bash runs of a block."""
    lines = []
    for command in wanted:
        if language == "python":
            command = f"python -c {shlex.quote(command)}"
        if wanted and command_text(command).startswith(UNTIL_A_LINE):
            bare = re.sub(r"\s+#.*$", "", command) if language != "python" else command
            command = f"set +e; (timeout 100 {bare}) | head -1 | grep .; set -e"
            command = command.replace(
                "; set -e", " || { echo 'no line came' >&2; exit 1; }; set -e"
            )
        lines.append(command)
    text = "\n".join(lines)
    text = re.sub(r"(localhost|127\.0\.0\.1):8080", f"127.0.0.1:{environ['GATEWAY_PORT']}", text)
    return PRELUDE + re.sub(r"kafka-1:9092,kafka-2:9092", environ["KAFKA_BOOTSTRAP_SERVERS"], text)


def command_text(command: str) -> str:
    """A command as the lists name it."""
    return shlex.split(command)[2] if command.startswith("python -c ") else command


@pytest.mark.parametrize("page", RUN)
@pytest.mark.timeout(1500)
def test_the_commands_of_a_page_run(shop, page):
    folder, environ = shop
    for language, all_of_them in blocks(page):
        wanted = [command for command in all_of_them if is_run(command)]
        if not wanted:
            continue
        text = script(language, wanted, environ)
        done = subprocess.run(
            ["bash", "-c", text],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX * len(wanted),
        )
        assert done.returncode == 0, f"{text}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"


def test_what_is_not_run_says_why(capsys):
    """Every entry of the lists is in use, the tests that it names exist; all of it is printed."""
    every = [(page, c) for page in WITH_COMMANDS for _, cs in blocks(page) for c in cs]
    used = {listed(command, [*ELSEWHERE, *NOT_RUN]) for _, command in every}
    unused = sorted({*ELSEWHERE, *NOT_RUN} - used)
    assert not unused, f"entries that no page has: {unused}"
    assert not [test for test in ELSEWHERE.values() if not (ROOT / test).is_file()]
    lines = []
    for page, command in every:
        entry = listed(command, [*ELSEWHERE, *NOT_RUN])
        how = "run" if entry is None else ELSEWHERE.get(entry) or f"NOT RUN: {NOT_RUN[entry]}"
        lines.append(f"{page}: {' '.join(command.split())[:90]}  [{how}]")
    with capsys.disabled():
        print(*["", *lines], sep="\n")
    assert sum(line.endswith("[run]") for line in lines) > 30


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.endswith(".zh.md") and page != "README.zh.md"]
)
def test_a_chinese_page_has_no_command_that_its_english_twin_lacks(page):
    def bare(name: str) -> set[str]:
        found = [c for _, cs in blocks(name) for c in cs]
        found = [re.sub(r"\s+#.*", "", c) for c in found if not c.startswith("from ")]
        # The texts of questions and searches are in the page's language.
        return {re.sub(r'"[^"]*"|q=[^&]*|[\u4e00-\u9fff]+', "", c).strip() for c in found}

    english = page.removesuffix(".zh.md") + ".md"
    assert not bare(page) - bare(english)
