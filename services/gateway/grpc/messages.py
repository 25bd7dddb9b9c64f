"""The messages of `recommendation.proto`, built from their descriptors: two messages of strings are
no reason for a compiler and for generated files."""

from __future__ import annotations

from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

OPENTELEMETRY_DEMO, ONLINE_BOUTIQUE = "oteldemo", "hipstershop"
PACKAGES = (OPENTELEMETRY_DEMO, ONLINE_BOUTIQUE)
SERVICE, METHOD = "RecommendationService", "ListRecommendations"
REQUEST, RESPONSE = f"{METHOD}Request", f"{METHOD}Response"

_Field = descriptor_pb2.FieldDescriptorProto
_FIELDS = {
    REQUEST: (
        ("user_id", 1, _Field.LABEL_OPTIONAL),
        ("product_ids", 2, _Field.LABEL_REPEATED),
    ),
    RESPONSE: (("product_ids", 1, _Field.LABEL_REPEATED),),
}


class Messages(NamedTuple):
    """The two classes of one package."""

    request: type[Any]
    response: type[Any]


def file_of(package: str) -> descriptor_pb2.FileDescriptorProto:
    """`recommendation.proto` of a package, as a compiler would describe it."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package}/recommendation.proto", package=package, syntax="proto3"
    )
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for field, number, label in fields:
            message.field.add(name=field, number=number, label=label, type=_Field.TYPE_STRING)
    names = {"input_type": f".{package}.{REQUEST}", "output_type": f".{package}.{RESPONSE}"}
    file.service.add(name=SERVICE).method.add(name=METHOD, **names)
    return file


def messages_of(package: str) -> Messages:
    """The message classes of a package; a pool of their own, so that a program that has the demo's
    generated code as well can load both."""
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file_of(package))
    classes = (
        message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
        for name in (REQUEST, RESPONSE)
    )
    return Messages(*classes)
