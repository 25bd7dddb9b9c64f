"""The documentation as a tree of Markdown that a site generator reads, with its navigation.

python -m shopkeeper.apps.docs.site build/site-source    # `make site` goes on from there

The tree has the repository's own folders, so a link that works on a code host works on the site. A
page that links to a source file gets a page with that file in it, one that links to a folder, a
page that lists it. No step needs a plugin of the generator (docs/decisions, 84).

The generator builds the tree twice, in a theme of each language with a navigation of its own, and
`site_check.py` takes from each the pages of its language: all addresses stay those of the tree.
"""

from __future__ import annotations

import fnmatch
import json
import posixpath
import re
import shutil
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from shopkeeper import services

from . import metrics

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROOT = Path(__file__).resolve().parents[2]
ROOTS = (  # what is a page though no page should link to it
    "*.md",
    "docs/**/*.md",
    "services/*/README.md",
    "models/**/*.md",
    "schemas/README.md",
    "clients/*/README.md",
)
CHINESE = ".zh.md"
# Chinese has no spaces: a line's end in the source would become one on the page.
WIDE = "\u3000-\u303f\u4e00-\u9fff\uff00-\uffef“”‘’…"
WRAPPED = re.compile(
    rf"(?<=[{WIDE}])\n *(?=[{WIDE}])|(?<=[，。；：、（）！？])\n *(?=[`\[A-Za-z]|\*\*)"
)
FENCED = re.compile(r"(^ *(?:```|~~~).*?^ *(?:```|~~~) *$)", re.M | re.S)
CODE = re.compile(r"^(?P<fence> *(?:```+|~~~+)).*?^(?P=fence) *$|`[^`\n]+`", re.M | re.S)
LINK = re.compile(r"(\]\()([^)\s]+)(\))")
ASSETS = {".svg", ".webp", ".png", ".jpg", ".ico"}
LANGUAGES = {".py": "python", ".toml": "toml", ".yaml": "yaml", ".yml": "yaml", ".json": "json"}
LANGUAGES |= {
    ".js": "js",
    ".ts": "ts",
    ".go": "go",
    ".java": "java",
    ".jsonl": "json",
    ".css": "css",
}
SOURCE_BYTES_MAX = 200_000
OTHER = {"en": "More", "zh": "其他"}
TWIN = {"en": "中文", "zh": "English"}  # what leads to the other language
HOME = {"en": "README.md", "zh": "README.zh.md"}


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the navigation: its pages, by path or pattern, in order, and its titles.

    both: English pages that the Chinese navigation has too, as they have no twin.
    """

    title: str
    title_zh: str
    pages: list[str]
    group: str = ""
    group_zh: str = ""
    both: tuple[str, ...] = ()


def pages(root: Path = ROOT) -> list[str]:
    """Every page, as paths from the root: what `ROOTS` names and what those pages link to."""
    found = {path.relative_to(root).as_posix() for pattern in ROOTS for path in root.glob(pattern)}
    waiting = sorted(found)
    while waiting:
        name = waiting.pop()
        for target in targets(root, name):
            if target.endswith(".md") and target not in found and (root / target).is_file():
                found.add(target)
                waiting.append(target)
    return sorted(found)


def targets(root: Path, name: str) -> set[str]:
    """The files and folders of the repository that a page links to, as paths from the root."""
    text = CODE.sub("", (root / name).read_text("utf-8"))
    links = [m[2] for m in LINK.finditer(text)]
    links += re.findall(r"(?:src|srcset|href)=\"([^\"\s]+)\"", text)
    return {place for link in links if (place := resolved(root, name, link))}


def resolved(root: Path, name: str, link: str) -> str:
    """The path from the root that a page's link names; "" for other sites and anchors."""
    file = link.partition("#")[0]
    if not file or re.match(r"[a-z]+:", link):
        return ""
    place = posixpath.normpath(posixpath.join(posixpath.dirname(name), file))
    return place if not place.startswith("..") and (root / place).exists() else ""


def staged_name(root: Path, place: str) -> str:
    """What a file or folder of the repository is called on the site."""
    path = root / place
    if path.is_dir():
        readme = "README.md" if (path / "README.md").is_file() else "index.md"
        return readme if place == "." else f"{place}/{readme}"
    if path.suffix == ".md" or path.suffix in ASSETS:
        return place
    return f"{place}.md"


def rewritten(root: Path, name: str, text: str) -> str:
    """A page's text with its links to folders and source files as the site has them."""

    def link(match: re.Match[str]) -> str:
        place = resolved(root, name, match[2])
        if not place or place.endswith(".md"):
            return match[0]
        there = posixpath.relpath(staged_name(root, place), posixpath.dirname(name) or ".")
        return f"{match[1]}{there}{match[3]}"

    done, at = [], 0
    for code in CODE.finditer(text):
        done += [LINK.sub(link, text[at : code.start()]), code[0]]
        at = code.end()
    return spaced("".join([*done, LINK.sub(link, text[at:])]))


def spaced(text: str) -> str:
    """Lists as Python-Markdown wants them: a blank line before the first item, and what belongs to
    an item four columns in, where CommonMark is content with two."""
    lines: list[str] = []
    fenced = False
    for line in text.split("\n"):
        if re.match(r" *(```|~~~)", line):
            fenced = not fenced
            # What code hosts leave out, `csv clicks.csv`, is the name of the file that is shown.
            line = re.sub(r"^( *```)(\w+) (\S.*)$", r'\1\2 title="\3"', line)
        before = lines[-1] if lines else ""
        if not fenced:
            item = re.match(r"( *)(?:[-*]|\d+\.) ", line)
            if item and before.strip() and not re.match(r" *(?:[-*]|\d+\.) |  ", before):
                lines.append("")
            inner = re.match(r" {2,3}(?=[-*] |\d+\. )", line)
            line = "    " + line[inner.end() :] if inner else line
        lines.append(line)
    return "\n".join(lines)


def unwrapped(name: str, text: str) -> str:
    """A Chinese page's text without the line ends within its sentences; others as they are."""
    if not name.endswith(CHINESE):
        return text
    parts = FENCED.split(text)
    return "".join(p if n % 2 else WRAPPED.sub("", p) for n, p in enumerate(parts))


def switched(name: str, text: str, names: Iterable[str]) -> str:
    """A page with a line that leads to its twin in the other language, unless it has a link."""
    chinese = name.endswith(CHINESE)
    twin = name.replace(CHINESE, ".md") if chinese else name.removesuffix(".md") + CHINESE
    file = PurePosixPath(twin).name
    if twin not in names or f"]({file})" in text:
        return text
    head, _, rest = text.partition("\n")
    return f"{head}\n\n[{'English' if chinese else '中文'}]({file})\n{rest}"


def source_page(root: Path, place: str) -> str:
    """A page with a source file in it. Files that are no text, or long, are only named."""
    data = (root / place).read_bytes()
    head = f"---\nsearch:\n  exclude: true\n---\n\n# {PurePosixPath(place).name}\n\n`{place}`"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if not text or len(data) > SOURCE_BYTES_MAX:
        return f"{head}, {len(data):,} bytes, is in the repository.\n"
    fence = "`" * (max([2, *(len(run) for run in re.findall(r"`+", text))]) + 1)
    language = LANGUAGES.get(PurePosixPath(place).suffix, "text")
    return f"{head}\n\n{fence}{language}\n{text.rstrip()}\n{fence}\n"


def folder_page(root: Path, place: str, staged: Iterable[str]) -> str:
    """A page that lists what the site has of a folder."""
    mine = sorted(n for n in staged if n.startswith(f"{place}/") and n.endswith(".md"))
    lines = [
        f"- [{n.removeprefix(place + '/')}]({n.removeprefix(place + '/')})"
        for n in mine
        if n != f"{place}/index.md"
    ]
    return f"# {place}/\n\n" + "\n".join(lines) + "\n"


def title(text: str, name: str) -> str:
    """A page's first heading, without its markup."""
    found = re.search(r"^# (.+)$", CODE.sub(lambda m: m[0] if "\n" not in m[0] else "", text), re.M)
    return re.sub(r"[`*]|\]\([^)]*\)|\[", "", found[1]).strip() if found else name


def navigation(
    titles: dict[str, str], sections: Iterable[Section], language: str = "en"
) -> list[dict[str, Any]]:
    """The generator's `nav`: groups of sections of pages, each page of the language once, none left
    out; then what leads to the other language.

    titles: of every page, by path. language: en or zh.
    """
    chinese = language == "zh"
    left = {page: text for page, text in titles.items() if page.endswith(CHINESE) == chinese}
    groups: dict[str, list[Any]] = {}
    for section in sections:
        named = [page for pattern in section.pages for page in sorted(left) if of(page, pattern)]
        mine: list[dict[str, str]] = [
            {left.pop(page): page} for page in dict.fromkeys(named) if page in left
        ]
        if chinese:
            mine += [{titles[page]: page} for page in section.both if page in titles]
        title, group = section.title, section.group
        if chinese:
            title, group = section.title_zh, section.group_zh
        if mine and group:
            groups.setdefault(group, []).append({title: mine})
        elif mine:
            groups[title] = mine
    if left:
        groups[OTHER[language]] = [{text: page} for page, text in left.items()]
    found: list[dict[str, Any]] = [{title: pages} for title, pages in groups.items()]
    twin = HOME["en" if chinese else "zh"]
    return found + ([{TWIN[language]: twin}] if twin in titles else [])


def of(page: str, pattern: str) -> bool:
    """Whether a pattern names a page or the page that it is the Chinese twin of."""
    return fnmatch.fnmatchcase(page.replace(CHINESE, ".md"), pattern)


def sections(root: Path = ROOT) -> list[Section]:
    """What docs/site/navigation.toml says. Raises TypeError on a key that it does not have."""
    table = tomllib.loads((root / "docs/site/navigation.toml").read_text("utf-8"))
    return [Section(**each) for each in table["section"]]


def staged(root: Path = ROOT) -> dict[str, str | Path]:
    """Path on the site -> a page's text, or the file that is copied as it is."""
    names = pages(root)
    tree: dict[str, str | Path] = {}
    folders = set()
    for name in names:
        text = unwrapped(name, (root / name).read_text("utf-8"))
        tree[name] = switched(name, rewritten(root, name, text), names)
        for place in targets(root, name):
            if (root / place).is_dir() and staged_name(root, place).endswith("index.md"):
                folders.add(place)
            elif (root / place).suffix in ASSETS:
                tree[place] = root / place
            elif (root / place).is_file() and not place.endswith(".md"):
                tree[staged_name(root, place)] = source_page(root, place)
    for place in sorted(folders):
        tree[f"{place}/index.md"] = folder_page(root, place, tree)
    return tree


def write(folder: Path, made: Mapping[str, str], root: Path = ROOT) -> None:
    """The tree and, beside it, the generator's configurations: NAME.yml, and NAME.zh.yml, which
    adds to it what a Chinese reader sees.

    made: further pages, by path, that the repository does not hold.
    """
    shutil.rmtree(folder, ignore_errors=True)
    tree = {**staged(root), **made}
    for name, content in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copyfile(content, path)
        else:
            path.write_text(content, "utf-8")
    shutil.copyfile(root / "docs/site/extra.css", folder / "extra.css")
    titles = {n: title(str(tree[n]), n) for n in [*pages(root), *made]}
    told = sections(root)
    base = (root / "docs/site/mkdocs.yml").read_text("utf-8")
    chinese = (root / "docs/site/mkdocs.zh.yml").read_text("utf-8")
    english = f"{base}\ndocs_dir: {folder.name}\n"
    chinese = f"INHERIT: {folder.name}.yml\n{chinese}\n"
    for ending, language, text in ((".yml", "en", english), (".zh.yml", "zh", chinese)):
        # JSON is YAML, and quotes what has to be quoted.
        nav = json.dumps(navigation(titles, told, language), ensure_ascii=False)
        folder.with_suffix(ending).write_text(f"{text}nav: {nav}\n", "utf-8")


if __name__ == "__main__":
    declared = metrics.page(services.specs())
    write(Path(sys.argv[1]), {"docs/metrics-declared.md": declared})
