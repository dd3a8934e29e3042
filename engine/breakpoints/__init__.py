"""Breakpoints, at which training stops, and watches, which are read while it runs.

    run_until(session, 100_000, [LossRises(), AtStep(step=5_000)], [ParameterNorm(layer="hidden1")])

A breakpoint is one class in one file of `conditions/`, a watch one in `watches/`; subclassing
registers it, and its fields are the form. They aren't parts of an experiment, so the catalog of
`engine.catalog` doesn't list them; `entries()` does. A `Guard` lets a session that trains in a
scheduler's seat stop at them.
"""

from __future__ import annotations

from typing import Any

from engine.breakpoints import conditions, watches
from engine.breakpoints.condition import Condition
from engine.breakpoints.gauge import Gauge
from engine.breakpoints.guard import Guard
from engine.breakpoints.lookout import Lookout, run_until
from engine.breakpoints.probe import Probe
from engine.breakpoints.reading import read
from engine.breakpoints.watch import Watch
from engine.catalog import discover, entry

discover(conditions)
discover(watches)

__all__ = [
    "Condition",
    "Gauge",
    "Guard",
    "Lookout",
    "Probe",
    "Watch",
    "entries",
    "read",
    "run_until",
]


def entries() -> dict[str, list[dict[str, Any]]]:
    """Both families as the catalog would list them, with their forms."""
    return {
        family.family: [entry(family.registry[kind]) for kind in sorted(family.registry)]
        for family in (Condition, Watch)
    }
