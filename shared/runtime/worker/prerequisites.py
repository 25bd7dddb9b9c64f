"""What must be there before a worker starts: its topics, and the rights to use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import topics

from ..kafka import acls, rights
from ..kafka.admin import connected, missing_topics

if TYPE_CHECKING:
    from ..api.service import Service
    from ..settings import KafkaSettings


class TopicsMissing(RuntimeError):
    """The topics were not created; workers never create any."""


async def checked_topics(service: Service, kafka: KafkaSettings) -> list[str]:
    """The topics (unprefixed) that a worker uses; all of them exist, and it may do what it must.

    Raises TopicsMissing, RightsMissing, KafkaError.
    """
    spec = service.spec
    if spec is None or spec.name not in topics.SERVICES:
        # Somebody else's service: which of ours it uses besides is not known.
        names = [topic.name for topic in topics.ALL]
        if service.sources:
            names += [source.topic for source in service.sources]
            names.append(topics.checkpoints(service.name))
        names = list(dict.fromkeys(names))
    else:
        grants = acls.of_service(spec)
        names = [grant.name for grant in grants if grant.resource == "Topic"]
        async with connected(kafka) as admin:
            await rights.check(admin, kafka, grants)
    if missing := await missing_topics(kafka, names):
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise TopicsMissing(
            f"topics are missing ({', '.join(missing[:3])}{more}): run `shopkeeper topics init`"
        )
    return names
