"""Notebooks as scripts: cells in the percent format that editors and jupytext read.

A script is compared, reviewed and checked as code is, and holds no outputs.
`python -m shopkeeper.apps.frames.notebook SCRIPT.py NOTEBOOK.ipynb` writes one to open in Jupyter.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat

MARK, TEXT = "# %%", "# %% [markdown]"


def cells(script: str) -> list[tuple[str, str]]:
    """(kind, source) of each cell, kind being `code` or `markdown`. What stands before the first
    cell, the script's head, is none."""
    found: list[tuple[str, list[str]]] = []
    for line in script.splitlines():
        if line.startswith(MARK):
            found.append(("markdown" if line.startswith(TEXT) else "code", []))
        elif found:
            found[-1][1].append(line)
    made = []
    for kind, lines in found:
        if kind == "markdown":
            lines = [line.removeprefix("#").removeprefix(" ") for line in lines]
        made.append((kind, "\n".join(lines).strip()))
    return made


def notebook(script: str) -> Any:
    """An nbformat notebook of a script's cells, without outputs."""
    made = nbformat.v4.new_notebook()
    made.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    for number, (kind, text) in enumerate(cells(script)):
        of = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
        cell = of(text)
        cell["id"] = f"cell-{number}"  # the same script, the same file
        made.cells.append(cell)
    return made


def main(script: Path, target: Path) -> None:
    """Write the notebook of a script."""
    nbformat.write(notebook(script.read_text("utf-8")), target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
