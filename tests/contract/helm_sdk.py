"""`helm lint` and `helm template` by Helm's own Go packages, for machines without the program.

Run by the Python of .venv-deploy (`make deploy-tools`), which has them as a library:
`python helm_sdk.py template NAME CHART VALUES` writes the manifests, one YAML document each;
`python helm_sdk.py lint NAME CHART VALUES KUBERNETES` writes what it says and ends with status 1
where that is more than information, as `helm lint --strict` does.
"""

from __future__ import annotations

import sys
from pathlib import Path

import helm_python
import yaml

INFORMATION = 1  # severities above it are warnings and errors


def template(name: str, chart: str, values: str) -> int:
    """Manifests as `helm template` writes them, but for their order."""
    try:
        rendered = helm_python.Chart.load(chart).render(_read(values), name=name)
    except helm_python.HelmError as error:
        print(error, file=sys.stderr)
        return 1
    for path, text in sorted(rendered.items()):
        if not path.endswith("NOTES.txt"):
            print(f"---\n# Source: {path}\n{text}")
    return 0


def lint(chart: str, values: str, kubernetes: str) -> int:
    """What is to say about the chart with these values."""
    told = helm_python.lint(chart, _read(values), strict=True, kube_version=f"v{kubernetes}")
    print(told)
    worst = max((each["severity"] for each in told["messages"]), default=0)
    return int(bool(told["errors"]) or worst > INFORMATION or told["total_charts_linted"] != 1)


def _read(values: str) -> dict[str, object]:
    """The values of a file; none of `-`."""
    return {} if values == "-" else yaml.safe_load(Path(values).read_text("utf-8"))


def main() -> int:
    what, name, chart, values, *rest = sys.argv[1:]
    return template(name, chart, values) if what == "template" else lint(chart, values, *rest)


if __name__ == "__main__":
    sys.exit(main())
