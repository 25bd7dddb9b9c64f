"""One setting: an environment variable, its bounds, and how it is read and refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SECRET_BYTES_MAX = 1 << 20  # a file that is larger holds something else


class SettingsError(ValueError):
    """A setting that cannot be used; the message names it. The process must stop at once."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: its default, bounds or choices, and what it is for."""

    name: str
    default: str
    meaning: str
    kind: str = "text"  # text | integer | number | choice | file | flag | secret
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        """Of a secret, the variable that names the file which holds it."""
        return f"{self.name}_FILE"

    def read(self, environ: Mapping[str, str]) -> str:
        """The variable's value, or the default, checked against kind, bounds and choices.

        Raises SettingsError, naming the setting, on anything unusable; a secret's value is in no
        message.
        """
        if self.kind == "secret":
            return self._secret(environ)
        name = self.name
        value = environ.get(name, "").strip() or self.default
        if self.kind in ("integer", "number"):
            try:
                number = int(value) if self.kind == "integer" else float(value)
            except ValueError:
                kind = "a whole number" if self.kind == "integer" else "a number"
                raise SettingsError(f"{name}={value!r} is not {kind}") from None
            low, high = self.minimum, self.maximum
            if not (low is None or number >= low) or not (high is None or number <= high):
                raise SettingsError(f"{name}={value!r} is not between {low:g} and {high:g}")
        elif self.kind == "choice" and value not in self.choices:
            raise SettingsError(f"{name}={value!r} is not one of {', '.join(self.choices)}")
        elif self.kind == "file" and value and not Path(value).exists():
            raise SettingsError(f"{name}={value!r} does not exist")
        return value

    def _secret(self, environ: Mapping[str, str]) -> str:
        """From the variable, or from the file that its twin names, without the line's end."""
        said, file = environ.get(self.name, "").strip(), environ.get(self.file_name, "").strip()
        if said and file:
            raise SettingsError(f"{self.name} and {self.file_name} are both set: unset one of them")
        if not file:
            return said or self.default
        try:
            with Path(file).open("rb") as opened:
                packed = opened.read(SECRET_BYTES_MAX + 1)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise SettingsError(f"{self.file_name}={file!r} cannot be read: {reason}") from None
        try:
            value = packed.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise SettingsError(f"{self.file_name}={file!r} holds no UTF-8 text") from None
        if not value or len(packed) > SECRET_BYTES_MAX:
            wrong = "is too large for a secret" if value else "is empty"
            raise SettingsError(f"{self.file_name}={file!r} {wrong}")
        return value


def variables(settings: Iterable[Setting]) -> set[str]:
    """The names of all variables that these settings are read from."""
    listed = list(settings)
    return {s.name for s in listed} | {s.file_name for s in listed if s.kind == "secret"}
