"""A text service's model, its shadow and its rules: loaded at start, and anew when files change."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from shopkeeper.shared.runtime.reloading import FileWatch, Reloadable
from shopkeeper.shared.runtime.settings import SettingsError
from shopkeeper.shared.runtime.telemetry.predictions import Predictions

from .judge import Judge
from .manifest import is_shipped
from .rules import RulesError
from .served_model import ModelFiles, ServedModel
from .shadow import Shadow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from shopkeeper.shared.runtime.api.component import Component
    from shopkeeper.shared.runtime.settings import WorkerSettings
    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

    from .cascade import Cascade

log = logging.getLogger(__name__)
R = TypeVar("R")


class ModelUpdates(Generic[R]):
    """What a text service needs of this, for its `Service`: `refresh`, `components`, `metrics`."""

    def __init__(
        self,
        name: str,
        settings: WorkerSettings,
        *,
        load: Callable[[str, int], Cascade],
        read_rules: Callable[[Path, Sequence[str]], R],
        default_rules: R,
    ) -> None:
        """load: a module's function, of a folder ("": the package's) and threads; raises
        ModelError. read_rules: of a file, for these labels; raises RulesError. default_rules: where
        there is no file.

        Raises ModelError, and SettingsError for rules that cannot be used.
        """
        threads = settings.ort_intra_op_threads
        found = ModelFiles(name, lambda: load(settings.model_dir, threads), settings.model_dir)
        self._files: Reloadable[Cascade] = Reloadable(
            name,
            "served",
            found.folder,
            found.load,
            lambda: f"Version {self.served.version} goes on answering",
        )
        self.served = ServedModel(self._files.first())
        self._predictions = Predictions(name)
        self.outcomes = self._predictions.outcomes
        self.served.on_call(self._predictions.called)
        self._predictions.tiers = self.served.tiers

        self.rules, self._rule_file = self._read_rules(
            name,
            settings.text_rules,
            lambda path: read_rules(path, self.served.labels),
            default_rules,
        )
        self._apply: Callable[[ServedModel, R], None] = lambda model, rules: None

        self._shadow_files: Reloadable[Judge] | None = None
        self._shadow: Shadow | None = None
        self._shadow_share = settings.shadow_share
        if settings.shadow_model_dir and settings.shadow_share > 0:
            folder, loader = settings.shadow_model_dir, f"{load.__module__}:{load.__qualname__}"
            beside = ModelFiles(
                name, lambda: Judge(loader, folder), folder, labels=self.served.labels
            )
            # Loaded by the watch: what is wrong with a shadow stops no worker.
            self._shadow_files = Reloadable(
                name, "shadow", beside.folder, beside.load, lambda: "The one before goes on, if any"
            )
        self._reloadables: list[Reloadable[Any]] = [
            each for each in (self._files, self._shadow_files, self._rule_file) if each is not None
        ]
        # The package's models are part of the code: an upgrade under a running worker changes both.
        watched = self._reloadables[1 if is_shipped(settings.model_dir) else 0 :]
        self._watch = FileWatch(watched, settings.reload_interval_s)

    def follow(
        self,
        *,
        apply: Callable[[ServedModel, R], None],
        columns: Callable[[NDArray[np.float32], Mapping[str, float]], NDArray[np.intp]],
    ) -> None:
        """Called once, before the worker starts.

        apply: takes up model and rules, on the state thread where either has changed.
        columns: see `Shadow`.
        """
        self._apply = apply
        if self._shadow_files is not None:
            self._shadow = Shadow(self.served, self._shadow_files, columns, self._shadow_share)
            self.served.on_answer = self._shadow.offer

    @property
    def components(self) -> list[Component]:
        """What the worker is to start and stop."""
        return [self._watch] if self._shadow is None else [self._watch, self._shadow]

    @staticmethod
    def _read_rules(
        name: str, file: str, read: Callable[[Path], R], default: R
    ) -> tuple[R, Reloadable[R] | None]:
        if not file:
            return default, None
        path = Path(file)
        rule_file: Reloadable[R] = Reloadable(
            name, "rules", path, lambda: read(path), lambda: "The rules before go on"
        )
        try:
            return rule_file.first(), rule_file
        except RulesError as error:
            raise SettingsError(f"TEXT_RULES: {error}") from None

    def refresh(self) -> None:
        """Take up what was loaded meanwhile. On the state thread, between two batches."""
        model = self._files.take()
        if model is not None:
            old = self.served.version
            self.served.replace(model)
            log.info("%s: model %s is replaced by %s", model.name, old, model.version)
        rules = self._rule_file.take() if self._rule_file is not None else None
        if rules is not None:
            self.rules = rules
            log.info("%s: the rules are read anew: %s", self.served.name, rules)
        if model is not None or rules is not None:
            self._apply(self.served, self.rules)

    def metrics(self, registry: Registry) -> Observer:
        """Declare the metrics; returns what brings them up to date."""
        observers = [self._predictions.metrics(registry)]
        observers += [each.metrics(registry) for each in self._reloadables]
        if self._shadow is not None:
            observers.append(self._shadow.metrics(registry))
        info = registry.gauge("model_info", "Always 1.", "name", "version")
        name, shown = self.served.name, self.served.version

        def observe() -> None:
            nonlocal shown
            for each in observers:
                each()
            if self.served.version != shown:
                info.remove(name, shown)
                shown = self.served.version
                info.labels(name, shown).set(1)

        return observe
