"""Every setting and limit of a server, with its bounds.

Each one can be given as an environment variable `NEURARIUM_<NAME>`. Guarded by
tests/server/test_settings.py.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NoReturn
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from server.protocol import LimitsInForce

PREFIX = "NEURARIUM_"
MEGABYTE = 1_000_000
TRANSPORT_FACTOR = 4
"""A message above `max_message_bytes` is refused; one so many times above it is cut off."""


class SettingsError(ValueError):
    """A setting that can't be used; its text is one line for the terminal."""


def count_processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def split_list(value: object) -> object:
    """A comma-separated text as a tuple; anything else as it is."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


class Settings(BaseModel):
    """What an administrator can choose."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_default=True,
    )

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8000, ge=0, le=65535)
    """Port to listen on; 0 picks a free one."""
    data_dir: Path | None = None
    """Folder for everything that is kept."""
    workers: int = Field(default_factory=count_processors, ge=1, le=256)
    """Threads that train."""
    allowed_origins: Annotated[tuple[str, ...], BeforeValidator(split_list)] = ()
    """Further addresses that the page may come from, such as `https://networks.school.example`."""

    max_sessions: int = Field(default=256, ge=1, le=10_000)
    """Sessions that are placed on the engine at once."""
    max_sessions_per_visitor: int = Field(default=64, ge=1, le=10_000)
    max_stored_sessions: int = Field(default=1_000, ge=1, le=100_000)
    """Sessions that wait, saved, for the next visit; the longest unused are forgotten first."""
    max_stored_bytes: int = Field(default=500 * MEGABYTE, ge=MEGABYTE, le=64_000 * MEGABYTE)
    """Checkpoints of all sessions together, on the disk."""
    max_checkpoint_bytes: int = Field(default=100 * MEGABYTE, ge=MEGABYTE, le=2_000 * MEGABYTE)
    """A session with a larger checkpoint starts afresh after a crash of the engine host."""

    max_connections: int = Field(default=300, ge=1, le=10_000)
    max_connections_per_visitor: int = Field(default=100, ge=1, le=10_000)
    max_message_bytes: int = Field(default=1_500_000, ge=10_000, le=50 * MEGABYTE)
    """Largest message on the websocket."""
    max_body_bytes: int = Field(default=1_500_000, ge=10_000, le=50 * MEGABYTE)
    """Largest body of an HTTP request."""
    max_frame_rate: float = Field(default=60.0, gt=0, le=60)
    """Frames a second that one page gets at most; fewer spare a slow network and slow computers."""
    message_rate: float = Field(default=200.0, gt=0, le=10_000)
    """Messages a second that one connection may send for long; more are slowed down."""
    message_burst: int = Field(default=400, ge=1, le=100_000)
    request_rate: float = Field(default=50.0, gt=0, le=100_000)
    """HTTP requests a second that one address may send for long; more are refused."""
    request_burst: int = Field(default=400, ge=1, le=100_000)
    hello_seconds: float = Field(default=10.0, gt=0, le=600)
    """How long a new connection may stay silent."""

    max_parameters: int = Field(default=20_000_000, ge=1, le=1_000_000_000)
    """Weights and biases of one network."""
    max_units: int = Field(default=16_384, ge=1, le=10_000_000)
    """Units of one layer."""
    max_samples: int = Field(default=200_000, ge=1, le=100_000_000)
    """Samples of one data set."""
    max_arena_bytes: int = Field(default=1_000 * MEGABYTE, ge=MEGABYTE, le=1_000_000 * MEGABYTE)
    """Memory of one session."""
    max_timeline_bytes: int = Field(default=500 * MEGABYTE, ge=MEGABYTE, le=1_000_000 * MEGABYTE)
    """Memory for the moments of all sessions together that can be visited at once; the steps
    between them are replayed."""

    checkpoint_seconds: float = Field(default=3.0, ge=0.1, le=3600)
    """At most so much training is lost when the engine host crashes."""
    idle_seconds: float = Field(default=300.0, ge=0.1, le=1_000_000)
    """After so long without a watcher a session is saved and leaves the engine."""
    unwatched_training_seconds: float = Field(default=3600.0, ge=0.1, le=10_000_000)
    """A session that trains goes on for so long without a watcher; then it is paused and saved."""
    answer_seconds: float = Field(default=30.0, ge=0.5, le=3600)
    """An engine host that is silent for so long is replaced."""

    @field_validator("allowed_origins")
    @classmethod
    def _check_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            parts = urlsplit(origin)
            if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/"):
                raise ValueError(f"{origin!r} is no origin such as https://networks.school.example")
        return tuple(origin.rstrip("/").lower() for origin in origins)

    @classmethod
    def from_environment(
        cls, overrides: Mapping[str, Any] | None = None, environment: Mapping[str, str] = os.environ
    ) -> Settings:
        """The settings in `environment`, where `overrides` (such as the command line's) come first.

        Raises:
            SettingsError: one line that names the variable, its value and what is allowed.
        """
        values: dict[str, Any] = {
            name: environment[PREFIX + name.upper()]
            for name in cls.model_fields
            if environment.get(PREFIX + name.upper(), "") != ""
        }
        try:
            return cls.model_validate({**values, **(overrides or {})})
        except ValidationError as error:
            _explain(error)

    @property
    def max_transport_bytes(self) -> int:
        """A larger websocket message is cut off while it arrives."""
        return TRANSPORT_FACTOR * self.max_message_bytes

    def limits_in_force(self) -> LimitsInForce:
        """What the page shows beside its controls."""
        return LimitsInForce(
            parameters=self.max_parameters,
            units=self.max_units,
            samples=self.max_samples,
            message_bytes=self.max_message_bytes,
        )


def _explain(error: ValidationError) -> NoReturn:
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else "settings"
    shown = PREFIX + name.upper()
    raise SettingsError(f"{shown} can't be {first.get('input')!r}: {first['msg']}.") from None
