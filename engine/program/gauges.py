"""Rows that watch a step: each measures one number and stops the walk when it leaves a band.

They stand behind the last row of a training table, so that every step is looked at in compiled
code. A gauge keeps its memory outside the arena, in the arena's type: low, high, reading, tripped,
then what it remembers. A gauge that trips sets the same flag as a loss that isn't finite; whoever
put the gauge there tells one from the other and takes the flag back.
Guarded by tests/engine/test_gauges.py.
"""

from __future__ import annotations

import numpy as np

from engine.kernels.abi import (
    DIVERGED,
    FLAGS,
    STEP,
    Pointer,
    device,
    matrix,
    op,
    shared,
    typed,
    vector,
)

LOW, HIGH, READING, TRIPPED, OWN = range(5)
"""Places in a gauge's memory; from `OWN` on it is the op's."""
COUNT, ROUND, LOWEST, WINDOW = range(OWN, OWN + 4)
"""What `rise_gauge` remembers: steps seen, sum of the present round through the window, lowest
mean; then the window itself, and for each place in it the sum from there to the end of a round."""


@device
def judge(arena: Pointer, address: int, value: float, state: Pointer) -> None:
    """Note the reading and stop the walk if it is outside the band; NaN always is."""
    memory = shared(arena, address, OWN)
    memory[READING] = value
    if not (value >= memory[LOW] and value <= memory[HIGH]):
        memory[TRIPPED] = typed(arena, 1.0)
        state[FLAGS] = np.uint64(DIVERGED)


@op("due:size", "memory_address:size")
def due_gauge(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """trips at the end of step number `due` and of every later one; it measures nothing"""
    memory = shared(arena, row[2], OWN)
    # The step that ends here isn't counted yet.
    if np.int64(state[STEP]) + 1 >= row[1]:
        memory[TRIPPED] = typed(arena, 1.0)
        state[FLAGS] = np.uint64(DIVERGED)


@op("values", "size:size", "memory_address:size")
def norm_gauge(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """reading = √(Σ v²)"""
    values = vector(arena, row[1], row[2])
    total = typed(arena, 0.0)
    for i in range(row[2]):
        total += values[i] * values[i]
    judge(arena, row[3], np.sqrt(total), state)


@op("values", "size:size", "memory_address:size")
def finite_gauge(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """reading = Σ 0 · v: zero, or NaN where a value is NaN or infinite"""
    values = vector(arena, row[1], row[2])
    total, zero = typed(arena, 0.0), typed(arena, 0.0)
    for i in range(row[2]):
        total += zero * values[i]
    judge(arena, row[3], total, state)


@op("loss", "window:size", "memory_address:size")
def rise_gauge(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """reading = mean of the last `window` losses / the lowest such mean; 1 until there is one"""
    window = row[2]
    memory = shared(arena, row[3], WINDOW + 2 * window)
    losses, rests = memory[WINDOW : WINDOW + window], memory[WINDOW + window :]
    place = np.int64(memory[COUNT]) % window
    losses[place] = arena[row[1]]
    memory[COUNT] += typed(arena, 1.0)
    # The window is the present round up to here and the rest of the round before. Nothing is ever
    # subtracted: a huge loss would leave its rounding behind.
    memory[ROUND] += losses[place]
    total = memory[ROUND]
    if place + 1 < window:
        total += rests[place + 1]
    else:
        rest = typed(arena, 0.0)
        for i in range(window - 1, -1, -1):
            rest += losses[i]
            rests[i] = rest
        memory[ROUND] = typed(arena, 0.0)
        # The count starts over, as it would stop at 2²⁴ in float32.
        memory[COUNT] = typed(arena, window)
    reading = typed(arena, 1.0)
    if memory[COUNT] >= typed(arena, window):
        mean = total / typed(arena, window)
        if mean <= memory[LOWEST]:
            memory[LOWEST] = mean
        else:
            reading = mean / memory[LOWEST]
    judge(arena, row[3], reading, state)


@op("outputs", "units:size", "values:size", "memory_address:size")
def silence_gauge(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """reading = longest run of steps in which one unit gave zero for every sample"""
    units, values = row[2], row[3]
    outputs = matrix(arena, row[1], units, values)
    memory = shared(arena, row[4], OWN + units)
    zero, longest = typed(arena, 0.0), typed(arena, 0.0)
    for unit in range(units):
        value = 0
        while value < values and outputs[unit, value] == zero:
            value += 1
        run = zero if value < values else memory[OWN + unit] + typed(arena, 1.0)
        memory[OWN + unit] = run
        longest = max(longest, run)
    judge(arena, row[4], longest, state)
