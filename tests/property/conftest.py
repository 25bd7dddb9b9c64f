"""Property tests have no deadline per example: the first may have to compile a loop."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("shopkeeper", deadline=None)
settings.load_profile("shopkeeper")
