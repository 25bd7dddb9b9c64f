"""The built site, joined and checked: languages, links, anchors.

python -m shopkeeper.apps.docs.site_check build/site build/site-zh    # `make site` runs it

Chinese pages are those that were built in the Chinese theme. Every link, picture and anchor inside
the site has to be there; links to other sites are checked for their form only, without the network.
"""

from __future__ import annotations

import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

CHINESE = ".zh.html"
SCHEMES = {"http", "https", "mailto"}


class Page(NamedTuple):
    """What one HTML page has: what it links to, and what can be linked to in it."""

    links: list[str]
    ids: set[str]


class Reader(HTMLParser):
    """A reader of links and ids."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page([], set())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser at each tag."""
        for name, value in attrs:
            if value is None:
                continue
            if name == "id" or (name == "name" and tag == "a"):
                self.page.ids.add(value)
            elif name in ("href", "src") and tag != "base":
                self.page.links.append(value)
            elif name == "srcset":
                self.page.links.extend(each.split()[0] for each in value.split(",") if each.strip())


def read(text: str) -> Page:
    """An HTML document's links and ids."""
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader.page


def join(folder: Path, chinese: Path) -> int:
    """Put the Chinese pages of one build into the other, in place of theirs; how many there are.

    Raises FileNotFoundError where only one of them has a page."""
    names = sorted(path.relative_to(chinese) for path in chinese.rglob(f"*{CHINESE}"))
    if lost := {p.relative_to(folder) for p in folder.rglob(f"*{CHINESE}")} ^ {*names}:
        raise FileNotFoundError(f"not in both builds: {sorted(map(str, lost))}")
    for name in names:
        shutil.copyfile(chinese / name, folder / name)
    return len(names)


def problems(folder: Path) -> list[str]:
    """One line for each link that leads nowhere: page, link, what is wrong."""
    folder = folder.resolve()
    pages = {path: read(path.read_text("utf-8")) for path in sorted(folder.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        if path.name == "404.html":
            continue  # is served for any address, with absolute links
        for link in page.links:
            if wrong := fault(folder, pages, path, link):
                found.append(f"{path.relative_to(folder)}: {link}: {wrong}")
    return found


def fault(folder: Path, pages: dict[Path, Page], path: Path, link: str) -> str:
    """What is wrong with a page's link; "" if nothing is."""
    try:
        parts = urlsplit(link)
    except ValueError as error:
        return str(error)
    if parts.scheme or parts.netloc:
        good = parts.scheme in SCHEMES and (parts.scheme == "mailto" or "." in parts.netloc)
        return "" if good else "no address of a site"
    there = path
    if parts.path:
        if parts.path.startswith("/"):
            return "absolute: the site may be served below a folder"
        there = (path.parent / unquote(parts.path)).resolve()
        there = there / "index.html" if there.is_dir() else there
        if not there.is_relative_to(folder) or not there.is_file():
            return "no such file"
    anchor = unquote(parts.fragment)
    if anchor and not anchor.startswith("__") and there in pages and anchor not in pages[there].ids:
        return "no such anchor"
    return ""


if __name__ == "__main__":
    built = Path(sys.argv[1])
    chinese = join(built, Path(sys.argv[2]))
    bad = problems(built)
    print(*bad, sep="\n", file=sys.stderr)
    html = sum(1 for _ in built.rglob("*.html"))
    print(f"{built}: {html} pages, {chinese} of them Chinese; {len(bad)} links lead nowhere")
    sys.exit(bool(bad))
