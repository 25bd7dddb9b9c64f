"""Services as arguments of commands: their names, and what their specifications say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from shopkeeper import services

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopkeeper.shared.runtime.api.service import ServiceSpec


class ServiceName(click.ParamType):
    """The name of a service here, or "module:attribute" of a specification anywhere."""

    name = "service"

    def __init__(self, wanted: Callable[[ServiceSpec], object] = lambda spec: True) -> None:
        """wanted: whether the command is for this service."""
        self._wanted = wanted

    def choices(self) -> list[str]:
        """The services here that the command is for."""
        return [spec.name for spec in services.specs() if self._wanted(spec)]

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return f"{{{'|'.join(self.choices())}}}"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            wanted = self._wanted(services.spec(value))
        except LookupError as error:
            self.fail(str(error), param, ctx)
        if not wanted:
            self.fail(f"{value!r} is not one of {', '.join(self.choices())}", param, ctx)
        return value

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [CompletionItem(name) for name in self.choices() if name.startswith(incomplete)]
