"""The list of rights: what the topics say in their columns, and nothing else; as commands too."""

from __future__ import annotations

import itertools
import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from shopkeeper import services
from shopkeeper.apps.cli.main import command
from shopkeeper.apps.docs.acls import written
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka import acls

ROLES = acls.roles(services.specs())
DOCS = Path(__file__).parents[4] / "docs"


def rights(role, operation):
    return {
        grant.name
        for grant in ROLES[role]
        if grant.resource == "Topic" and operation in grant.operations
    }


@pytest.mark.parametrize("spec", list(services.specs()), ids=lambda spec: spec.name)
def test_a_worker_reads_and_writes_what_the_topics_say_and_nothing_else(spec):
    name, own = spec.name, topics.checkpoints(spec.name)
    written_to = {t.name for t in topics.ALL if name in t.producers} - (
        set() if spec.consumes else {own}
    )
    read = {t.name for t in topics.ALL if name in (*t.consumers, *t.tables_of)}
    read |= spec.reads
    if spec.consumes:
        read.add(topics.ERASED_USERS)
    else:
        read -= {own, topics.LAYOUT}
    assert rights(name, "Read") == read
    assert rights(name, "Write") == written_to | spec.by_key
    assert rights(name, "Delete") == ({own} if spec.consumes else set())
    assert {o for g in ROLES[name] for o in g.operations} <= {"Read", "Write", "Delete"}
    groups = [g for g in ROLES[name] if g.resource == "Group"]
    assert [g.name for g in groups] == ([f"shopkeeper-{name}"] if spec.consumes else [])


def test_no_two_services_may_write_each_others_state():
    for name in services.NAMES:
        for other in set(services.NAMES) - {name}:
            assert topics.checkpoints(other) not in rights(name, "Write") | rights(name, "Read")
            letters = {t for t in topics.BY_NAME if t.endswith(f".{other}.dlq")}
            assert not letters & rights(name, "Write")


def run(*arguments, **environ):
    done = CliRunner().invoke(command, ["topics", "acls", *arguments], env=environ)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_commands_give_what_the_list_says():
    given = {}
    output = run("--format", "kafka-acls", "--principal-prefix", "eu-", TOPIC_PREFIX="eu.")
    for line in output.splitlines():
        if line.startswith("#"):
            continue
        words = shlex.split(line)
        assert words[:2] == ["kafka-acls.sh", "--bootstrap-server"]
        pairs = list(itertools.pairwise(words))
        [principal] = [value for name, value in pairs if name == "--allow-principal"]
        operations = [value for name, value in pairs if name == "--operation"]
        for resource in ("topic", "group"):
            for name in (value for option, value in pairs if option == f"--{resource}"):
                assert name.startswith("eu.")
                given[principal, resource.capitalize(), name] = tuple(operations)
    assert given == {
        (f"User:eu-{role}", grant.resource, f"eu.{grant.name}"): grant.operations
        for role, grants in ROLES.items()
        for grant in grants
    }


def test_json_and_the_table_say_the_same():
    rows = json.loads(run("--format", "json"))
    lines = [line.split("\t") for line in run().splitlines()]
    assert lines == [
        [r["principal"], r["resource"], r["name"], ",".join(r["operations"]), r["for"]]
        for r in rows
    ]


@pytest.mark.parametrize("name", ["security.md", "security.zh.md"])
def test_the_pages_have_the_list_as_it_is(name):
    text = (DOCS / name).read_text("utf-8")
    assert written(text, name.endswith(".zh.md")) == text, (
        "run: python -m shopkeeper.apps.docs.acls docs/security.md docs/security.zh.md"
    )
