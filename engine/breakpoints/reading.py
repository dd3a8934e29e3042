"""Reads watched numbers. Guarded by tests/engine/test_watches.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from engine.breakpoints.probe import Probe
from engine.breakpoints.watch import Watch
from engine.kernels.abi import aligned
from engine.program.executor import run
from engine.session import Session


def read(session: Session, watches: Sequence[Watch]) -> tuple[float, ...]:
    """What the watches read at this moment; the session is left as it is.

    What an update moves is seen by trying the next step and taking it back. Inside a step there is
    no such number (NaN).

    Args:
        session: stands still meanwhile.
        watches: all of them fit its network.
    """
    ahead = _one_step_ahead(session) if any(one.looks_ahead for one in watches) else None
    probe = Probe(session, ahead=ahead)
    return tuple(watch.value(probe) for watch in watches)


def _one_step_ahead(session: Session) -> NDArray[Any] | None:
    """The parameters after the next step."""
    if session.row or session.diverged:
        return None
    program, state = session.program, session.state.copy()
    arena = aligned(len(session.arena), session.dtype)
    arena[:] = session.arena
    run(arena, program.table, state, 1)
    return program.view(arena, program.network.parameter_region)
