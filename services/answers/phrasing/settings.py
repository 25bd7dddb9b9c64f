"""Settings of the large model that may say answers in other words: off without LLM_URL."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from shopkeeper.shared.runtime.settings import Setting, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH = "/chat/completions"
MODEL_CHARACTERS_MAX = 200

PHRASING_SETTINGS: tuple[Setting, ...] = (
    Setting(
        "LLM_URL",
        "",
        "base address of an OpenAI-compatible endpoint that may say answers in other words, for "
        "instance http://localhost:8000/v1 (docs/answers.md); empty means none",
    ),
    Setting("LLM_MODEL", "", "name of the model that the endpoint is asked for; needed by LLM_URL"),
    Setting("LLM_API_KEY", "", "the endpoint's key; empty means none", "secret"),
    Setting(
        "LLM_TIMEOUT_S",
        "3",
        "seconds that the questions of one batch wait for the endpoint, all together",
        "number",
        0.1,
        10,
    ),
    Setting("LLM_CONCURRENCY", "4", "requests that are out at one time", "integer", 1, 64),
    Setting(
        "LLM_REQUESTS_PER_HOUR",
        "1000",
        "requests of one worker in any hour at most",
        "integer",
        1,
        1_000_000,
    ),
    Setting("LLM_TOKENS_MAX", "200", "tokens of one reply at most", "integer", 16, 4096),
    Setting(
        "LLM_BREAKER_FAILURES",
        "5",
        "requests without a reply, in a row, after which none is sent for a while",
        "integer",
        1,
        1000,
    ),
    Setting(
        "LLM_BREAKER_PAUSE_S",
        "30",
        "seconds for which none is sent then; after that one request tries",
        "number",
        0.1,
        3600,
    ),
    Setting(
        "LLM_OPTIONS",
        "",
        "JSON object put over the fields of each request; null takes a field out",
    ),
)
_BY_NAME = {setting.name: setting for setting in PHRASING_SETTINGS}


@dataclass(frozen=True, slots=True)
class PhrasingSettings:
    """The endpoint and its limits, checked."""

    url: str  # of the requests, whole
    model: str
    timeout_s: float
    concurrency: int
    requests_per_hour: int
    tokens_max: int
    breaker_failures: int
    breaker_pause_s: float
    options: Mapping[str, Any] = field(default_factory=dict)
    api_key: str = field(default="", repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> PhrasingSettings | None:
        """None where LLM_URL is empty. Raises SettingsError, naming the setting; no key and no
        address is in its message."""
        said = {name: setting.read(environ) for name, setting in _BY_NAME.items()}
        if not said["LLM_URL"]:
            return None
        model = said["LLM_MODEL"]
        if not model or len(model) > MODEL_CHARACTERS_MAX:
            raise SettingsError(
                f"LLM_MODEL: LLM_URL needs a name of at most {MODEL_CHARACTERS_MAX} characters"
            )
        return cls(
            url=_address(said["LLM_URL"]),
            model=model,
            timeout_s=float(said["LLM_TIMEOUT_S"]),
            concurrency=int(said["LLM_CONCURRENCY"]),
            requests_per_hour=int(said["LLM_REQUESTS_PER_HOUR"]),
            tokens_max=int(said["LLM_TOKENS_MAX"]),
            breaker_failures=int(said["LLM_BREAKER_FAILURES"]),
            breaker_pause_s=float(said["LLM_BREAKER_PAUSE_S"]),
            options=_options(said["LLM_OPTIONS"]),
            api_key=_key(said["LLM_API_KEY"]),
        )


def _address(base: str) -> str:
    try:
        parts = urlsplit(base)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.fragment:
        raise SettingsError("LLM_URL is not http://HOST[:PORT]/PATH or https://...")
    if parts.username is not None or parts.password is not None:
        raise SettingsError("LLM_URL holds a user or a password: use LLM_API_KEY_FILE")
    path = parts.path.rstrip("/")
    return urlunsplit(parts._replace(path=path if path.endswith(PATH) else path + PATH))


def _key(key: str) -> str:
    key = key.strip()
    if not key.isascii() or not (key.isprintable() or not key):
        raise SettingsError("LLM_API_KEY (or LLM_API_KEY_FILE) is not printable ASCII on one line")
    return key


def _options(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        options = json.loads(text)
    except ValueError:
        options = None
    if not isinstance(options, dict):
        raise SettingsError("LLM_OPTIONS is not a JSON object")
    return options
