"""The documentation, held against the tree: paths, links, commands and names in it exist."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted(
    path
    for pattern in (
        "*.md",
        "docs/**/*.md",
        "services/*/README.md",
        "schemas/README.md",
        "models/**/*.md",
        "changelog.d/README.md",
    )
    for path in ROOT.glob(pattern)
)
HISTORY = {"CHANGELOG.md"}  # may speak of what is gone
NAMES = [path.relative_to(ROOT).as_posix() for path in DOCS]
KINDS = r"py|md|svg|toml|lock|yaml|yml|onnx"
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# Names of Python, Prometheus, Kafka, data sets and other recommenders, which no file of ours has to
# hold.
FOREIGN = {
    "positive_feedback_types",
    "read_feedback_types",
    "contextFeatures",
    "excludedActions",
    "eventId",
    "group.instance.id",
    "FENCED_INSTANCE_ID",
    "ILLEGAL_GENERATION",
    "UNKNOWN_MEMBER_ID",
    "MiniBatchKMeans",
    "DescribeGroups",
    "item_id",
}


@cache
def tracked() -> frozenset[str]:
    """Every file of the repository, and every folder that holds one."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\n")
    files = {name for name in listed if name and (ROOT / name).exists()}
    return frozenset(
        files | {str(parent) for name in files for parent in Path(name).parents} - {"."}
    )


@cache
def words() -> frozenset[str]:
    """Every word of the sources, schemas and settings."""
    found: set[str] = set()
    for name in tracked():
        path = ROOT / name
        if path.is_file() and path.suffix in {".py", ".json", ".yaml", ".toml", ".html", ""}:
            found.update(re.findall(r"[A-Za-z_]\w+", path.read_text("utf-8", "ignore")))
    return frozenset(found)


def prose(path: Path) -> str:
    return FENCE.sub("", path.read_text("utf-8"))


def quoted(path: Path) -> list[str]:
    """What stands between backticks, outside of code blocks."""
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose(path))]


def places(path: Path, name: str) -> list[str]:
    """What a path in a page may mean: from the root, beside the page, or in its service."""
    owner = path.parent.relative_to(ROOT)
    bases = [Path(), owner]
    if "recommender" in path.as_posix() or owner == Path("docs/decisions"):
        bases.append(Path("services/recommender"))
    return [(base / name).as_posix().rstrip("/") for base in bases]


def anchors(path: Path) -> set[str]:
    """GitHub's anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    plain = (re.sub(r"[`*]|\]\([^)]*\)|\[", "", heading).lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    path = ROOT / name
    broken = []
    for target in LINK.findall(prose(path)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("name", [name for name in NAMES if name not in HISTORY])
def test_paths_exist(name: str) -> None:
    """`a/path.py`, `a/folder/` and `file.py` between backticks."""
    path = ROOT / name
    bare = {Path(each).name for each in tracked()}  # files and folders without their way
    missing = []
    for code in quoted(path):
        is_path = re.fullmatch(rf"[\w.-]+(/[\w.-]+)*(/|\.({KINDS}))", code)
        if not is_path or not re.search(r"[a-z]", re.sub(r"\.\w+$", "", code)):
            continue
        if "/" in code.rstrip("/"):
            exists = any(place in tracked() for place in places(path, code))
        else:
            exists = code.rstrip("/") in bare
        if not exists:
            missing.append(code)
    assert not missing


@pytest.mark.parametrize("name", [name for name in NAMES if name not in HISTORY])
def test_commands_name_files_and_modules_that_exist(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    scripts = re.findall(r"\bpython ((?:benchmarks|training|docs|tests)/[\w./-]+\.py)", text)
    modules = re.findall(r"\bpython -m (shopkeeper[\w.]*|tests[\w.]*)", text)
    paths = set(scripts) | {
        module.rstrip(".").replace("shopkeeper.", "").replace(".", "/") + ".py"
        for module in modules
        if "." in module
    }
    packages = {path for path in paths if path.removesuffix(".py") + "/__main__.py" in tracked()}
    assert not {path for path in paths - packages if path not in tracked()}


@pytest.mark.parametrize("name", [name for name in NAMES if name not in HISTORY])
def test_identifiers_exist(name: str) -> None:
    """Settings, classes, functions, fields and metrics between backticks are in the sources."""
    missing = set()
    for code in quoted(ROOT / name):
        bare = re.sub(r"(\{[^}]*\}|\(.*\)|=.*)$", "", code)  # labels, arguments, values
        word = re.fullmatch(r"(?:[A-Za-z_]\w*\.)?([A-Za-z]\w*(?:_\w+|[a-z][A-Z]\w+))", bare)
        if word is None or word[1] in FOREIGN:
            continue
        known = {word[1], word[1].removesuffix("_total"), word[1].removeprefix("shopkeeper_")}
        known.add(word[1].removeprefix("shopkeeper_").removesuffix("_total"))
        known.add(word[1].removesuffix("_FILE"))  # of a secret: `Setting.file_name`
        if not known & words():
            missing.add(code)
    assert not missing


@pytest.mark.parametrize(
    "name", [n for n in NAMES if not n.endswith(".zh.md") and not n.startswith("models/")]
)
def test_prose_ends_before_column_120(name: str) -> None:
    """Tables and links that cannot be broken are longer."""
    lines = prose(ROOT / name).splitlines()
    long = [line for line in lines if len(line) > 120 and not re.match(r"\||!\[|- \[", line)]
    assert not [line for line in long if " " in re.sub(r"`[^`]*`|\[[^\]]*\]\([^)]*\)", "", line)]


def test_the_index_lists_every_decision() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text("utf-8")
    listed = re.findall(r"^\| (\d+) \| \[(.+?)\]\((\d{4}-[\w-]+\.md)\)", index, re.MULTILINE)
    pages = sorted(path.name for path in folder.glob("0*.md"))
    headings = {name: (folder / name).read_text("utf-8").splitlines()[0] for name in pages}
    unnumbered = [n for n, h in headings.items() if not h.startswith(f"# {int(n[:4])}. ")]
    assert not unnumbered, "the first line is `# NUMBER. TITLE`"
    rows = {f"| {int(n[:4])} | [{h.split('. ', 1)[1]}]({n}) |" for n, h in headings.items()}
    assert not {row for row in rows if row not in index}, "rows that the index lacks"
    assert [file for _, _, file in listed] == pages
    assert len({name[:4] for name in pages}) == len(pages), "each number once"
    for number, title, file in listed:
        assert headings[file] == f"# {number}. {title}"
        assert int(file[:4]) == int(number)


def test_the_two_readmes_have_the_same_content() -> None:
    """Headings, rows, links and commands correspond, one by one."""

    def shape(name: str) -> tuple[list[str], int, list[str], list[str]]:
        text = (ROOT / name).read_text("utf-8")
        commands = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        code = [
            re.sub(r"#.*", "", line).strip() for block in commands for line in block.split("\n")
        ]
        links = [link.replace(".zh.", ".") for link in LINK.findall(text)]
        return (
            re.findall(r"^(#+) ", text, re.MULTILINE),
            len(re.findall(r"^\|", text, re.MULTILINE)),
            code,
            sorted(set(links) - {"README.md"}),
        )

    english, chinese = shape("README.md"), shape("README.zh.md")
    for one, other in zip(english, chinese, strict=True):
        assert one == other


def test_a_services_readme_is_a_page() -> None:
    for path in ROOT.glob("services/*/README.md"):
        assert len(path.read_text("utf-8").splitlines()) <= 80, path
