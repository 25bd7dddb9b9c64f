"""Every expression of every dashboard, evaluated by a Prometheus: what it returned, as a table.

python -m shopkeeper.apps.docs.panels http://localhost:9090

Exit status 1 where an expression returns nothing or cannot be evaluated.
"""

from __future__ import annotations

import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from .dashboards import ALL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .dashboards.model import Dashboard

ANSWER_S_MAX = 30.0
HEAD = (
    "| dashboard | panel | expression | series | value seen |",
    "|---|---|---|---|---|",
)


class Seen(NamedTuple):
    """What one expression returned."""

    dashboard: str
    panel: str
    expr: str  # as it was asked
    series: int
    value: str  # of the largest series; "" without one
    numbers: int  # series whose value is a number: a quantile of nothing is none
    largest: float  # of these; 0 without one
    error: str = ""


def asked(expr: str, rate_interval: str) -> str:
    """The expression with Grafana's variables filled in, all values chosen."""
    filled = expr.replace("$__rate_interval", rate_interval)
    return filled.replace("$service", ".+").replace("$category", ".+")


def evaluate(
    address: str, dashboards: Iterable[Dashboard] = ALL, rate_interval: str = "1m"
) -> Iterator[Seen]:
    """Ask a Prometheus at `address` (http://HOST:PORT) for each expression, now. Raises OSError
    where it does not answer."""
    for dashboard in dashboards:
        for panel in dashboard.panels:
            for query in panel.queries:
                expr = asked(query.expr, rate_interval)
                try:
                    found = query_now(address, expr)
                    error = ""
                except urllib.error.HTTPError as refused:
                    found, error = [], refused.read().decode("utf-8", "replace")
                numbers = [each for each in found if each[1] == each[1]]  # no NaN
                largest = max(numbers or found, key=lambda each: each[1], default=None)
                yield Seen(
                    dashboard=dashboard.uid,
                    panel=f"{panel.number} {panel.title}",
                    expr=expr,
                    series=len(found),
                    value="" if largest is None else _told(largest),
                    numbers=len(numbers),
                    largest=largest[1] if largest is not None and numbers else 0.0,
                    error=error,
                )


def query_now(address: str, expr: str) -> list[tuple[dict[str, str], float]]:
    """An instant query: labels and value of each series. Raises OSError, HTTPError."""
    url = f"{address}/api/v1/query?{urllib.parse.urlencode({'query': expr})}"
    with urllib.request.urlopen(url, timeout=ANSWER_S_MAX) as answer:
        said: dict[str, Any] = orjson.loads(answer.read())
    return [
        (each["metric"], float(each["value"][1])) for each in said.get("data", {}).get("result", ())
    ]


def _told(sample: tuple[dict[str, str], float]) -> str:
    labels = ", ".join(f"{name}={value}" for name, value in sorted(sample[0].items()))
    return f"{sample[1]:.4g}" + (f" ({labels})" if labels else "")


def table(seen: Iterable[Seen]) -> str:
    """Markdown, one line per expression."""
    lines = list(HEAD)
    for each in seen:
        expr = each.expr.replace("|", "\\|")
        lines.append(
            f"| {each.dashboard} | {each.panel} | `{expr}` | {each.series} | "
            f"{each.error or each.value or 'nothing'} |"
        )
    return "\n".join(lines) + "\n"


def main(address: str) -> int:
    """Print the table; the exit status."""
    seen = list(evaluate(address.rstrip("/")))
    print(table(seen), end="")
    return int(any(each.series == 0 for each in seen))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
