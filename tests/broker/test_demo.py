"""`shopkeeper demo` as a user starts it: insights within seconds, nothing left at the end."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from shopkeeper.shared.runtime.processes.embedded import free_port

START_S_MAX = 300.0
STOP_S_MAX = 60.0


def children_of(session_marker):
    """Processes that carry our marker in their environment (Linux), or None elsewhere."""
    if not Path("/proc/self/environ").exists():
        return None
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if session_marker.encode() in (folder / "environ").read_bytes():
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
                if state != "Z":
                    found.append(int(folder.name))
        except OSError:
            continue
    return found


def listens(port):
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def demo(tmp_path, *arguments):
    """A running demo, and a marker that its processes carry; killed afterwards whatever happens."""
    marker = f"DEMO_TEST_MARKER={tmp_path.name}-{time.time_ns()}"
    name, _, value = marker.partition("=")
    with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
        child = subprocess.Popen(
            [sys.executable, "-m", "shopkeeper", "demo", *arguments],
            stdout=out, stderr=err, env={**os.environ, name: value},
        )  # fmt: skip
    try:
        yield child, marker
    finally:
        child.kill()
        child.wait()


def wait_for(tmp_path, child, pattern, seconds=START_S_MAX):
    """The first match of `pattern` in what the demo has printed."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        text = (tmp_path / "out").read_text("utf-8")
        if found := re.search(pattern, text):
            return found
        assert child.poll() is None, (tmp_path / "err").read_text("utf-8")[-3000:]
        time.sleep(0.2)
    raise AssertionError(
        f"no {pattern!r} in: {text[-2000:]}\n{(tmp_path / 'err').read_text('utf-8')[-2000:]}"
    )


def gone(marker, seconds=STOP_S_MAX):
    """Whether every process of the demo has ended, waiting for it."""
    deadline = time.monotonic() + seconds
    while children_of(marker):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def test_a_demo_shows_every_insight_and_leaves_nothing(tmp_path):
    picture = tmp_path / "view.svg"
    with demo(tmp_path, "--screenshot", str(picture)) as (child, marker):
        for name in ("intents", "sentiments", "product-sentiment", "recommendations",
                     "similar-items", "trending", "answers"):  # fmt: skip
            wait_for(tmp_path, child, rf"{name}=[1-9]")
        wait_for(
            tmp_path, child, r"recommendation for shopper-\d+: \S.* \(\S.*\)\n.*[\u4e00-\u9fff]"
        )
        wait_for(tmp_path, child, r"intent of “.+”: \w+")
        wait_for(tmp_path, child, r"answer to “.+”: \S.* \[\S+\]")
        wait_for(tmp_path, child, r"sentiment of “.+”: (positive|neutral|negative)")
        wait_for(tmp_path, child, r"click_to_list_ms_p50=\d")
        wait_for(tmp_path, child, r"intent=ready sentiment=ready recommender=ready answers=ready")
        child.send_signal(signal.SIGINT)
        assert child.wait(STOP_S_MAX) == 0, (tmp_path / "err").read_text("utf-8")[-3000:]
        assert gone(marker)
    assert "dead-letters=0" in (tmp_path / "out").read_text("utf-8").splitlines()[-7]
    assert picture.read_text("utf-8").startswith("<svg")
    assert "Traceback" not in (tmp_path / "err").read_text("utf-8")


def test_a_second_demo_goes_around_a_busy_port_and_sigterm_ends_it(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with demo(tmp_path, "--port", str(port), "--rate", "20") as (child, marker):
            wait_for(tmp_path, child, r"recommendations=[1-9]")
            child.send_signal(signal.SIGTERM)
            assert child.wait(STOP_S_MAX) == 0
            assert gone(marker)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks processes up in /proc")
def test_killing_the_parent_leaves_nothing(tmp_path):
    with demo(tmp_path) as (child, marker):
        wait_for(tmp_path, child, r"recommendations=[1-9]")
        assert len(children_of(marker)) >= 5, "the parent, three workers, the broker"
        child.kill()
        child.wait()
        assert gone(marker)


def own_file_and_products(folder):
    """Options of a demo of somebody's own behaviour file and catalogue: seven teapots."""
    data, products = folder / "mine.csv", folder / "products.csv"
    rows = [f"s{i // 4},p{(i * i) % 7},{1_400_000_000 + i}" for i in range(2000)]
    data.write_text("session_id,item_id,timestamp\n" + "\n".join(rows) + "\n", "utf-8")
    products.write_text(
        "sku,name\n" + "".join(f"p{i},Teapot number {i}\n" for i in range(7)), "utf-8"
    )
    return "--data", str(data), "--format", "yoochoose", "--catalogue", str(products)


def test_a_users_own_file_and_products(tmp_path):
    # Slowly: on a busy machine the file must not be over before pairs are learned and published.
    with demo(tmp_path, "--rate", "30", *own_file_and_products(tmp_path)) as (child, marker):
        wait_for(tmp_path, child, r"recommendation for s\d+: Teapot number \d \(.*Teapot number")
        child.send_signal(signal.SIGINT)
        assert child.wait(STOP_S_MAX) == 0
        assert gone(marker)
    lines = (tmp_path / "out").read_text("utf-8").splitlines()
    status = [re.match(r"seconds=\d+ events=(\d+) .*", line) for line in lines]
    early = [int(said[1]) for said in status if said and "recommender=ready" not in said[0]]
    late = [int(said[1]) for said in status if said and "recommender=ready" in said[0]]
    assert max(early, default=0) <= 7, "clicks wait for who shall learn from them"
    assert max(late) > 7


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--format", "yoochoose"], "--format is of --data, which is missing"),
        (["--columns", "user_id=kunde"], "--columns is of --data, which is missing"),
        (["--catalogue", "/does/not/exist"], "does not exist"),
        (["--screenshot", "/does/not/exist/x.svg"], "not a folder"),
        (["--rate", "0"], "--rate"),
    ],
)
def test_wrong_options_are_said_at_once(arguments, problem):
    done = subprocess.run(
        [sys.executable, "-m", "shopkeeper", "demo", *arguments],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert problem in done.stderr
    assert done.stdout == ""


def test_a_file_of_no_known_format_is_said_with_those_there_are(tmp_path):
    path = tmp_path / "what.csv"
    path.write_text("colour,weight\nred,3\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "shopkeeper", "demo", "--data", str(path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "of no format that is known" in done.stderr
    assert "yoochoose" in done.stderr


def test_a_bad_catalogue_is_said_with_its_line(tmp_path):
    path = tmp_path / "products.csv"
    path.write_text("product_id,title,price\na,Mug,3\n,Lamp,4\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "shopkeeper", "demo", "--catalogue", str(path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"{path}:3:" in done.stderr
    assert "product_id" in done.stderr


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks processes up in /proc")
def test_a_demo_takes_pages_of_other_origins_and_ends_where_its_broker_was_killed(
    tmp_path, monkeypatch
):
    origin = "http://localhost:5173"
    monkeypatch.setenv("GATEWAY_ORIGINS", origin)
    with demo(tmp_path, "--no-open", "--page-port", str(free_port())) as (child, marker):
        page = wait_for(tmp_path, child, r"shop: (http://\S+)/").group(1)
        asked = urllib.request.Request(f"{page}/v1/categories", headers={"Origin": origin})
        with urllib.request.urlopen(asked, timeout=30) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == origin
        brokers = [
            pid
            for pid in children_of(marker)
            if Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].endswith(b"noida-db")
        ]
        assert len(brokers) == 1
        os.kill(brokers[0], signal.SIGKILL)
        assert child.wait(STOP_S_MAX) == 1
        assert gone(marker)
    said = (tmp_path / "err").read_text("utf-8")
    assert "the embedded broker has ended by itself" in said
    assert "start the demo again" in said
    assert "Traceback" not in said
