"""Runs whole steps and reads a clock between their rows, in compiled code."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import Session
from engine.kernels.abi import COLUMNS, STEP, address_of, call
from engine.program.executor import flush_denormals, restore_denormals, words_at
from engine.program.round import now

# Numba must come after the engine, which chooses its cache and the processor tier.
from numba import njit  # isort: skip

Times = NDArray[np.int64]


def _stamp_rows(arena: int, table: int, rows: int, state: int, walks: int, times: int) -> None:
    """`times[walk, row]`: nanoseconds of each row; the last column is what two readings cost."""
    control = flush_denormals()
    line, memory, out = words_at(table), words_at(state), words_at(times)
    for walk in range(walks):
        before = now()
        for row in range(rows):
            call(line[row * COLUMNS], arena, table + row * COLUMNS * 8, state)
            after = now()
            out[walk * (rows + 1) + row] = after - before
            before = after
        out[walk * (rows + 1) + rows] = now() - before
        memory[STEP] += 1
    restore_denormals(control)


def stamp_rows(session: Session, walks: int) -> list[float]:
    """Nanoseconds of each row within whole steps: medians over `walks` steps, without the clock."""
    table = session.program.table
    rows = len(table)
    times: Times = np.zeros((walks, rows + 1), np.int64)
    places: list[Any] = [address_of(session.arena), address_of(table), rows]
    compiled = njit("void(int64, int64, int64, int64, int64, int64)", nogil=True)(_stamp_rows)
    compiled(*places, address_of(session.state), walks, address_of(times))
    *medians, clock = np.median(times, axis=0).tolist()
    return [max(0.0, value - clock) for value in medians]
