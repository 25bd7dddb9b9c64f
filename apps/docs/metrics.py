"""The list of all metrics, from what the runtime and each service declare.

python -m shopkeeper.apps.docs.metrics    # prints the page; `make site` adds it to the site

docs/metrics.md says what they mean; this page is complete by construction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper import services
from shopkeeper.shared.runtime.settings import WorkerSettings
from shopkeeper.shared.runtime.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shopkeeper.shared.runtime.api.service import ServiceSpec

HEAD = """# All metrics, as declared

Every metric that a worker exposes at `/metrics`, generated from what the runtime and the services
declare. What they mean, and what to watch: [metrics](metrics.md).

| metric | type | labels | what it is | of |
|---|---|---|---|---|
"""


def page(specs: Iterable[ServiceSpec]) -> str:
    """The whole page, Markdown. Builds every service, models and all."""
    owners: dict[tuple[str, str, str, tuple[str, ...]], list[str]] = {}
    common = set(Metrics("docs").registry.declared())
    every = list(specs)
    for spec in every:
        registry = Metrics(spec.name).registry
        spec.build(WorkerSettings.from_env({})).metrics(registry)
        for metric in registry.declared():
            owners.setdefault(metric, []).append(spec.name)
    lines = []
    for (name, kind, text, labels), names in sorted(owners.items()):
        shared = (name, kind, text, labels) in common or len(names) == len(every)
        who = "every worker" if shared else ", ".join(names)
        cells = (f"`{name}`", kind, ", ".join(f"`{each}`" for each in labels), text, who)
        lines.append("| " + " | ".join(cells) + " |")
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(services.specs()), end="")
