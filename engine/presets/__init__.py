"""Presets, one file each: an experiment, how fast to start it, and the outcome it promises.

Guarded by tests/engine/test_presets.py, which trains every one of them to its promise.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from engine.errors import NeurariumError
from engine.experiment import Experiment
from engine.presets.preset import Preset
from engine.text import Text

DEFAULT = "spiral"
"""What a first visit opens."""


@cache
def _presets() -> dict[str, Preset]:
    found = {}
    for module in pkgutil.iter_modules(__path__):
        preset = getattr(importlib.import_module(f"{__name__}.{module.name}"), "PRESET", None)
        if preset is not None:
            found[preset.name] = preset
    return dict(sorted(found.items(), key=lambda item: item[1].place))


def names() -> list[str]:
    """Names of all presets, in the order of the menu."""
    return list(_presets())


def entry(name: str) -> Preset:
    """A preset with its title, help and promise.

    Raises:
        NeurariumError: there is none of that name.
    """
    try:
        return _presets()[name]
    except KeyError:
        raise NeurariumError(
            "unknown_preset",
            "preset",
            Text(f"There is no preset called “{name}”.", f"没有名为“{name}”的预设。"),
            Text("Choose one of those listed.", "请从列出的名称中选择。"),
            value=name,
            allowed=names(),
        ) from None


def load(name: str) -> Experiment:
    """The experiment of a preset.

    Raises:
        NeurariumError: there is none of that name.
    """
    return entry(name).experiment
