"""The labels of dead letters: whatever the code can say is in the closed set that the page has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from shopkeeper.shared.contracts import dead_letter, parsing

ROOT = Path(__file__).parents[2]
# `Refused(stage, error, message)`, `Rejected(offset, stage, error, message)`: where both stand.
PLACES = {"Refused": 0, "Rejected": 1}
# What is no constant there: the places that hand another's on, functions, and a constant.
HANDED_ON = {("stage", "error"), ("verdict.stage", "verdict.error")}
FUNCTIONS = {"label_of": parsing.__file__, "_json_label": parsing.__file__}
CONSTANTS = {"CORRUPT_BATCH": dead_letter.CORRUPT_BATCH}


def calls() -> Iterator[tuple[str, ast.expr, ast.expr]]:
    """(place, stage, error) of every call that makes one."""
    for folder in ("shared", "services", "apps"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                    name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                    if name in PLACES:
                        place = f"{path.relative_to(ROOT)}:{node.lineno}"
                        assert len(node.args) > PLACES[name] + 1, f"{place}: by position, please"
                        yield place, *node.args[PLACES[name] : PLACES[name] + 2]


def constants(expression: ast.expr) -> set[str] | None:
    """What an expression can be; None where it hands on what another call says."""
    match expression:
        case ast.Constant(value=str(value)):
            return {value}
        case ast.Call(func=ast.Name(id=name)) if name in FUNCTIONS:
            return returned(name)
        case ast.Name(id=name) if name in CONSTANTS:
            return {CONSTANTS[name]}
    return None


def returned(function: str) -> set[str]:
    """The texts that a function returns."""
    tree = ast.parse(Path(FUNCTIONS[function]).read_text("utf-8"))
    [body] = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == function]
    found = set()
    for node in ast.walk(body):
        if isinstance(node, ast.Return) and node.value is not None:
            values = [node.value]
            if isinstance(node.value, ast.IfExp):
                values = [node.value.body, node.value.orelse]
            for value in values:
                assert isinstance(value, ast.Constant), ast.unparse(node)
                found.add(value.value)
    assert found
    return found


def said() -> dict[str, set[str]]:
    """stage -> labels, of all calls."""
    found: dict[str, set[str]] = {}
    for place, stage, error in calls():
        stages, errors = constants(stage), constants(error)
        if stages is None or errors is None:
            assert (ast.unparse(stage), ast.unparse(error)) in HANDED_ON, place
            continue
        found.setdefault(*stages, set()).update(errors)
    return found


def test_the_code_says_what_is_in_the_closed_set_and_all_of_it():
    assert said() == {stage: set(labels) for stage, labels in parsing.ERRORS.items()}


def test_the_page_lists_the_closed_set():
    text = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    rows = re.findall(r"^- `(decode|validate)`: (.+(?:\n  .+)*)", text, re.MULTILINE)
    listed = {stage: set(re.findall(r"`(\w+)`", labels)) for stage, labels in rows}
    assert listed == {stage: set(labels) for stage, labels in parsing.ERRORS.items()}
