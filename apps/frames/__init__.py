"""Topics as pandas data frames, for notebooks: `frames.read("shop.clicks.v1")`."""

from .reading import BrokerUnreachable, TopicUnreadable, read

__all__ = ["BrokerUnreachable", "TopicUnreadable", "read"]
