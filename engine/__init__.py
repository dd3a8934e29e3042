"""Neurarium's engine: networks that learn, step by step, in compiled code. Runs without the server.

    from engine import Session, presets

    session = Session(presets.load("spiral"))
    session.run(epochs=100, progress=True)
    session.metrics()

`docs/engine.md` tells how it works. Names are loaded when they are first used: the web process
needs the error family but never a compiled kernel, and starts in a fraction of the time without
Numba. The engine points Numba at a cache of its own, so use it before you import Numba yourself.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine import catalog, presets
    from engine.errors import DataError, GraphError, LimitError, NeurariumError
    from engine.experiment import Experiment
    from engine.experiment import read as read_experiment
    from engine.limits import Limits
    from engine.observer import Observer
    from engine.scheduler import Scheduler
    from engine.session import Session
    from engine.snapshot import Snapshot
    from engine.text import Text

__all__ = [
    "DataError",
    "Experiment",
    "GraphError",
    "LimitError",
    "Limits",
    "NeurariumError",
    "Observer",
    "Scheduler",
    "Session",
    "Snapshot",
    "Text",
    "catalog",
    "presets",
    "read_experiment",
]

_HOMES = {
    "DataError": "engine.errors",
    "Experiment": "engine.experiment",
    "GraphError": "engine.errors",
    "LimitError": "engine.errors",
    "Limits": "engine.limits",
    "NeurariumError": "engine.errors",
    "Observer": "engine.observer",
    "Scheduler": "engine.scheduler",
    "Session": "engine.session",
    "Snapshot": "engine.snapshot",
    "Text": "engine.text",
}


def __getattr__(name: str) -> object:
    """Load a public name at its first use."""
    if name in ("catalog", "presets"):
        import_module("engine.experiment")  # brings all members of the catalog along
        return import_module(f"engine.{name}")
    if name == "read_experiment":
        return import_module("engine.experiment").read
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'engine' has no attribute {name!r}")
