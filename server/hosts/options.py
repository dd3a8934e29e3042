"""What an engine host is started with."""

from __future__ import annotations

from dataclasses import dataclass

from server.settings import Settings


@dataclass(frozen=True)
class HostOptions:
    """The part of the settings that concerns an engine host; see `Settings` for each one."""

    workers: int
    max_parameters: int
    max_units: int
    max_samples: int
    max_arena_bytes: int
    max_checkpoint_bytes: int
    max_timeline_bytes: int
    checkpoint_seconds: float

    @classmethod
    def from_settings(cls, settings: Settings) -> HostOptions:
        """The host's part of `settings`."""
        return cls(**{name: getattr(settings, name) for name in cls.__dataclass_fields__})
