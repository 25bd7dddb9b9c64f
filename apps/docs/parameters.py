"""The tables of docs/parameters.md and its Chinese twin: what decides the order of lists.

python -m shopkeeper.apps.docs.parameters docs/parameters.md docs/parameters.zh.md [WEIGHTS.json]

writes them anew. WEIGHTS.json is what `shopkeeper get parameters --json` printed; without it the
weights of a running shop that the pages hold stay as they are.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from shopkeeper.apps.report.charts import Words
from shopkeeper.apps.report.parameters import by_expert, explained, source, table, weights
from shopkeeper.services.recommender.core.experts import ALL
from shopkeeper.services.recommender.core.ranking.features import EXPERT_OF, FEATURES
from shopkeeper.shared.contracts.events.recommendation import ParametersUpdated

if TYPE_CHECKING:
    from shopkeeper.apps.report.charts import Language

WEIGHTS, PARAMETERS = "weights", "parameters"  # the parts between marks
LANGUAGES: tuple[Language, Language] = ("en", "zh")
HEADS = {
    "en": ("parameter", "what it is", "looks at", "share"),
    "zh": ("参数", "含义", "看什么", "份额"),
}


class View(msgspec.Struct):
    """One partition's parameters."""

    value: ParametersUpdated


class Printed(msgspec.Struct):
    """What `shopkeeper get parameters --json` prints."""

    parameters: list[View]


def every(language: Language) -> str:
    """One table per source of evidence: each of its parameters in a sentence."""
    parameter, meaning, _, _ = HEADS[language]
    lines = []
    for expert in ALL:
        lines += [f"**`{expert.name}`**: {source(expert.name, language)}", ""]
        lines += [f"| {parameter} | {meaning} |", "|---|---|"]
        lines += [
            f"| `{feature}` | {explained(feature, language)} |"
            for feature, of in zip(FEATURES, EXPERT_OF, strict=True)
            if of == expert.name
        ]
        lines.append("")
    return "\n".join(lines[:-1])


def running(printed: Printed, language: Language) -> str:
    """What the ranker of a running shop weighs: by source of evidence, and the main parameters."""
    words = Words(language)
    found = weights([view.value for view in printed.parameters])
    _, _, looks, share = HEADS[language]
    lines = [f"| {looks} | {share} |", "|---|---|"]
    lines += [f"| {source(name, language)} | {100 * of:.1f} % |" for name, of in by_expert(found)]
    head, *rows = table(found, words)
    lines += ["", f"| {' | '.join(head)} |", "|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)


def replaced(page: str, part: str, text: str) -> str:
    """The page with another text between the marks of a part. Raises ValueError without them."""
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    if begin not in page or end not in page:
        raise ValueError(f"the page has no marks {begin} and {end}")
    pattern = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    return pattern.sub(lambda _: f"{begin}\n{text}\n{end}", page)


def main() -> None:
    """Write the parts into both pages."""
    paths, given = [Path(name) for name in sys.argv[1:3]], sys.argv[3:]
    printed = None
    if given:
        printed = msgspec.json.decode(Path(given[0]).read_bytes(), type=Printed)
    for path, language in zip(paths, LANGUAGES, strict=True):
        page = replaced(path.read_text("utf-8"), PARAMETERS, every(language))
        if printed is not None:
            page = replaced(page, WEIGHTS, running(printed, language))
        path.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
