"""The report of a study: a page, its plots beside it, and the numbers for a program."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined

import shopkeeper

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .study import Study

DPI = 110


def write(found: Study, folder: Path, about: Sequence[str]) -> Path:
    """`index.html`, which shows the plots beside it (NAME.svg and NAME.png), and `figures.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    for section in found.sections:
        for plot in section.plots:
            if plot.figure is not None:
                plot.figure.savefig(folder / f"{plot.name}.svg", metadata={"Date": None})
                plot.figure.savefig(folder / f"{plot.name}.png", dpi=DPI)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(
        resources.files(__package__).joinpath("page.html").read_text("utf-8")
    )
    page = template.render(
        sections=found.sections, about=about, version=shopkeeper.__version__, numbers=found.numbers
    )
    (folder / "figures.json").write_text(json.dumps(found.numbers, indent=2) + "\n", "utf-8")
    index = folder / "index.html"
    index.write_text(page, "utf-8")
    return index
