"""One warning line about variables that look like settings and are read by nobody."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from shopkeeper import services
from shopkeeper.shared.runtime import unread_settings
from shopkeeper.shared.runtime.processes import process
from shopkeeper.shared.runtime.setting import variables
from shopkeeper.shared.runtime.settings import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopkeeper.shared.runtime.api.service import ServiceSpec


def warn(say: Callable[[str], object], *more: ServiceSpec) -> None:
    """Tell `say`, where there is anything to tell. more: specifications of services elsewhere.

    A process that another of ours started says nothing: that one has.
    """
    if process.follows_parent():
        return
    specs = [*services.specs(), *more]
    known = variables([*REFERENCE, *(s for spec in specs for s in spec.settings)])
    if found := unread_settings.unread(os.environ, known):
        say(f"warning: {unread_settings.warning(found)}")
