"""The architecture, held: who may import whom, what a core may touch, and how large things may be.

`python -m tests.contract.test_architecture` prints the rooms, the arrows between them, and the
exceptions from the limits. The exceptions may only shrink: one that is not needed any more, or
that could be smaller, fails the test as well.
"""

from __future__ import annotations

import ast
import graphlib
import itertools
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import grimp
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("shared", "services", "apps", "client")
SERVICES = sorted(path.parent.name for path in ROOT.glob("services/*/app.py"))
LINES_MAX, FUNCTION_LINES_MAX, POSITIONALS_MAX = 400, 80, 6
ROOMS_MAX, ARROWS_MAX, CORE_ROOMS_MAX = 20, 80, 13  # of the recommender

# What a core must not import: brokers, models, the clock, chance, processes and sockets.
IMPURE = frozenset(
    ("aiokafka", "faust", "mode", "onnxruntime", "prometheus_client", "time", "random", "secrets",
     "uuid", "asyncio", "threading", "subprocess", "socket", "logging")
)  # fmt: skip
# May only shrink. By file, or by "file:function", what it has today.
FILE_LINES: dict[str, int] = {}
FUNCTION_LINES: dict[str, int] = {}
POSITIONALS: dict[str, int] = {}


@cache
def graph() -> grimp.ImportGraph:
    """All imports, those for type checkers too: a reader follows these as well."""
    return grimp.build_graph("shopkeeper", cache_dir=None)


@cache
def sources() -> dict[str, ast.Module]:
    """The product's modules, by path."""
    paths = [path for top in PRODUCT for path in sorted(ROOT.joinpath(top).rglob("*.py"))]
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in paths}


def imported(path: str, tree: ast.Module) -> Iterator[tuple[str, int]]:
    """(module, line) of every import in a file; relative ones resolved."""
    package = ("shopkeeper", *Path(path).parent.parts)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            yield ".".join((*base, *filter(None, [node.module]))), node.lineno


def home(module: str) -> tuple[str, ...]:
    """Where a module is at home: a service, a folder of shared/, an app, or the client."""
    return tuple(module.split(".")[: 2 if module.startswith("shopkeeper.client") else 3])


def cores() -> list[str]:
    return [
        path
        for path in sources()
        if path.startswith("services/") and Path(path).parts[2:3] in (("core",), ("core.py",))
    ]


def sizes() -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    """Lines by file, lines by function, and the most positional arguments of a call by file."""
    lines = {path: len(ROOT.joinpath(path).read_text("utf-8").splitlines()) for path in sources()}
    functions: dict[str, int] = {}
    calls: dict[str, int] = {}
    for path, tree in sources().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                place = f"{path}:{node.name}"
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                functions[place] = max(functions.get(place, 0), length)
            elif isinstance(node, ast.Call):
                calls[path] = max(calls.get(path, 0), len(node.args))
    return lines, functions, calls


def over(found: dict[str, int], limit: int) -> dict[str, int]:
    return {place: size for place, size in sorted(found.items()) if size > limit}


def room(module: str, below: str) -> str:
    """The room of a module inside `below`: its folder there, or its own file."""
    parts = module.removeprefix(below + ".").split(".")
    if parts[0] == "core" and len(parts) > 2:
        return f"core.{parts[1]}"
    folder = len(parts) > 1 and parts[0] != "core"
    return parts[0] if folder else ".".join(parts)


def rooms(below: str) -> tuple[set[str], set[tuple[str, str]]]:
    """The rooms of a package, and which room imports which."""
    modules = [
        m
        for m in graph().modules
        if m.startswith(below + ".") and not graph().find_children(m)  # a package only hands on
    ]
    arrows = {
        (room(one, below), room(other, below))
        for one in modules
        for other in graph().find_modules_directly_imported_by(one)
        if other in modules and room(one, below) != room(other, below)
    }
    return {room(module, below) for module in modules}, arrows


def test_no_module_imports_itself_round_a_circle() -> None:
    imports = {m: graph().find_modules_directly_imported_by(m) for m in graph().modules}
    assert len(imports) > 150, "the graph does not see the product"
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


def test_the_graph_sees_every_file() -> None:
    modules = {
        "shopkeeper." + path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        for path in sources()
    }
    assert modules - graph().modules == set()


def test_shared_imports_no_service_and_no_app() -> None:
    for one, other in itertools.product(["shopkeeper.shared"], ["services", "apps"]):
        chains = graph().find_shortest_chains(one, f"shopkeeper.{other}")
        assert chains == set(), chains


def test_the_client_stands_on_the_event_types_alone() -> None:
    """It is for programs that run no worker: neither side pulls the other in."""
    within = {m for m in graph().modules if m.startswith("shopkeeper.client")}
    foreign = {
        other
        for one in within
        for other in graph().find_modules_directly_imported_by(one)
        if other not in within
    }
    assert foreign == {"shopkeeper.shared.contracts.events.shop"}
    for one in ("shared", "services", "apps"):
        assert graph().find_shortest_chains(f"shopkeeper.{one}", "shopkeeper.client") == set()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_imports_no_other_and_no_app(name: str) -> None:
    others = [f"shopkeeper.services.{other}" for other in SERVICES if other != name]
    for other in (*others, "shopkeeper.apps"):
        chains = graph().find_shortest_chains(f"shopkeeper.services.{name}", other)
        assert chains == set(), chains


def test_a_core_touches_neither_broker_nor_model_nor_clock_nor_chance() -> None:
    found = [
        f"{path}:{line} imports {module}"
        for path in cores()
        for module, line in imported(path, sources()[path])
        if module.split(".")[0] in IMPURE
        or (module.startswith("shopkeeper.shared.runtime") and ".runtime.api." not in module)
        or module.startswith("numpy.random")
    ]
    for path in cores():
        for node in ast.walk(sources()[path]):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called.endswith(("datetime.now", "default_rng")) and not node.args:
                    found.append(f"{path}:{node.lineno} calls {called}()")
                elif "np.random." in called and not called.endswith("default_rng"):
                    found.append(f"{path}:{node.lineno} calls {called}")
    assert found == []


def test_imports_are_relative_at_home_and_absolute_abroad() -> None:
    found = []
    for path, tree in sources().items():
        here = home(".".join(("shopkeeper", *Path(path).with_suffix("").parts)))
        for node in ast.walk(tree):
            if not isinstance(node, ast.ImportFrom):
                continue
            package = ("shopkeeper", *Path(path).parent.parts)
            base = package[: len(package) - node.level + 1] if node.level else ()
            target = ".".join((*base, *filter(None, [node.module])))
            if target.startswith("shopkeeper.") and (home(target) == here) != bool(node.level):
                found.append(f"{path}:{node.lineno} {ast.unparse(node)}")
    assert found == []


def test_the_package_folder_holds_links_only() -> None:
    found = sorted(
        path.name
        for path in ROOT.joinpath("src/shopkeeper").iterdir()
        if not path.is_symlink() and path.name != "__pycache__"
    )
    assert found == ["__init__.py", "__main__.py", "py.typed"]


def test_the_formatter_is_never_switched_off() -> None:
    off = [p for p in sources() if "fmt: skip" in ROOT.joinpath(p).read_text("utf-8")]
    assert off == []


@pytest.mark.parametrize("what", ["lines of a file", "lines of a function", "positional arguments"])
def test_sizes_keep_their_limits_and_the_exceptions_only_shrink(what: str) -> None:
    lines, functions, calls = sizes()
    found, allowed = {
        "lines of a file": (over(lines, LINES_MAX), FILE_LINES),
        "lines of a function": (over(functions, FUNCTION_LINES_MAX), FUNCTION_LINES),
        "positional arguments": (over(calls, POSITIONALS_MAX), POSITIONALS),
    }[what]
    assert found == allowed


def test_the_recommender_has_few_rooms_and_arrows() -> None:
    found, arrows = rooms("shopkeeper.services.recommender")
    assert len(found) <= ROOMS_MAX, sorted(found)
    assert len(arrows) <= ARROWS_MAX, sorted(arrows)
    core = {each for each in found if each.startswith("core.")}
    assert len(core) <= CORE_ROOMS_MAX, sorted(core)


if __name__ == "__main__":
    for below in ("shopkeeper.services.recommender", "shopkeeper.shared.runtime"):
        found_rooms, found_arrows = rooms(below)
        print(f"{below}: {len(found_rooms)} rooms, {len(found_arrows)} arrows")
        for each in sorted(found_rooms):
            to = sorted(other for one, other in found_arrows if one == each)
            print(f"  {each} -> {', '.join(to) or '-'}")
    for title, exceptions, limit in zip(
        ("files", "functions", "calls"),
        map(over, sizes(), (LINES_MAX, FUNCTION_LINES_MAX, POSITIONALS_MAX)),
        (LINES_MAX, FUNCTION_LINES_MAX, POSITIONALS_MAX),
        strict=True,
    ):
        print(f"{title} over {limit}: {len(exceptions)}")
        for place, size in exceptions.items():
            print(f"  {size} {place}")
