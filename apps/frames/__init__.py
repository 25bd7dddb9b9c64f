"""Topics as pandas data frames, for notebooks: `frames.read("shop.clicks.v1")`."""

from .reading import TopicUnreadable, read

__all__ = ["TopicUnreadable", "read"]
