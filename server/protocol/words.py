"""What messages of both directions are made of. Guarded by tests/server/test_protocol.py."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from server.descriptions import describe_fields

PROTOCOL_VERSION = 1

LARGEST_NUMBER = 2**53 - 1
"""Whole numbers up to here are exact in JavaScript."""

Count = Annotated[int, Field(ge=0, le=LARGEST_NUMBER)]


class Message(BaseModel):
    """Base of everything that is sent as JSON."""

    model_config = ConfigDict(
        extra="forbid", allow_inf_nan=False, json_schema_extra=describe_fields
    )


class Words(Message):
    """One text in both languages."""

    en: str
    zh: str


Document = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "typescript": "Experiment"})]
"""An experiment; validated by the engine, which knows its families."""


class Problem(Message):
    """The one error shape, for HTTP and for the websocket."""

    code: str
    where: str
    message: Words
    hint: Words
    value: str | None = None
    allowed: str | None = None
