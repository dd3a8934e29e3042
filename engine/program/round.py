"""The workers' compiled round over all places. Guarded by tests/engine/test_scheduler.py."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from engine.kernels.abi import device
from engine.program.executor import flush_denormals, restore_denormals, walk, words_at

(
    OWNER,
    WANTED,
    RUNNING,
    ARENA,
    TABLE,
    ROWS,
    STATE,
    BUDGET,
    PACE,
    NEXT,
    DONE,
    STEP_TIME,
    PUBLISH,
    PUBLISH_FROM,
    PUBLISH_TO,
    PUBLISH_BYTES,
    PUBLISH_STATE,
    KEEP,
    KEEP_FROM,
    KEEP_TO,
    KEEP_BYTES,
    KEEP_STATE,
) = range(22)
"""Columns of a place: who holds it (0: nobody); Python wants it; it trains; its addresses; steps
left (−1: no end); nanoseconds a step (0: no pace); when the next step is due; steps done; measured
nanoseconds a step; a copy is requested, from where, to where, how many bytes, and where to put the
state: once for those who look on (`PUBLISH`), once for who keeps moments (`KEEP`)."""
WIDTH = 32
PYTHON = -1
"""The owner's number of Python; workers count from 1."""

STOP, COUNT, TICKET = range(3)
"""Words of the control block: stop everything; places in use; tickets drawn so far.

Workers draw tickets to places in turn, all from one roll, so that every place has its turn equally
often, however long the turns of the others are and wherever a worker left off.
"""

MOST_SLICE = 5_000_000
"""Nanoseconds of training between two looks at the mailbox."""
LONGEST_LAG = 100_000_000
"""A paced session that falls behind by more nanoseconds doesn't try to catch up."""
NAP = 200
"""Microseconds that a worker sleeps when nothing is due."""


@intrinsic
def _claim(context: Any, address: Any, owner: Any) -> Any:
    """Atomically replace 0 by `owner` at `address`; true if it was 0."""

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = ir.IntType(64)
        pointer = builder.inttoptr(arguments[0], word.as_pointer())
        zero = ir.Constant(word, 0)
        pair = builder.cmpxchg(pointer, zero, arguments[1], "acq_rel", "monotonic")
        return builder.zext(builder.extract_value(pair, 1), word)

    return types.int64(types.int64, types.int64), generate


@intrinsic
def _draw(context: Any, address: Any) -> Any:
    """Atomically add 1 to the word at `address`; returns what it was."""

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = ir.IntType(64)
        pointer = builder.inttoptr(arguments[0], word.as_pointer())
        return builder.atomic_rmw("add", pointer, ir.Constant(word, 1), "monotonic")

    return types.int64(types.int64), generate


@intrinsic
def _put(context: Any, address: Any, value: Any) -> Any:
    """Atomically store a word; everything written before is visible to whoever sees it."""

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        builder.store_atomic(arguments[1], pointer, "release", 8)
        return target.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@intrinsic
def _peek(context: Any, address: Any) -> Any:
    """An atomic load of the word at `address`, never hoisted out of a loop."""

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        return builder.load_atomic(pointer, "acquire", 8)

    return types.int64(types.int64), generate


@intrinsic
def _clock(context: Any) -> Any:
    """Nanoseconds of the monotonic clock, from the C library."""

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = ir.IntType(64)
        pair = cgutils.alloca_once(builder, ir.ArrayType(word, 2))
        bytes_pointer = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.IntType(32), [ir.IntType(32), bytes_pointer])
        clock = ir.Constant(ir.IntType(32), time.CLOCK_MONOTONIC)
        function = cgutils.get_or_insert_function(builder.module, kind, "clock_gettime")
        builder.call(function, [clock, builder.bitcast(pair, bytes_pointer)])
        moment = builder.load(pair)
        seconds = builder.mul(builder.extract_value(moment, 0), ir.Constant(word, 1_000_000_000))
        return builder.add(seconds, builder.extract_value(moment, 1))

    return types.int64(), generate


@intrinsic
def _nap(context: Any, microseconds: Any) -> Any:
    """Sleep, from the C library."""

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(32), [ir.IntType(32)])
        function = cgutils.get_or_insert_function(builder.module, kind, "usleep")
        builder.call(function, [builder.trunc(arguments[0], ir.IntType(32))])
        return target.get_dummy_value()

    return types.void(types.int64), generate


@njit("int64(int64, int64)", cache=True, nogil=True)
def try_claim(address: int, owner: int) -> int:
    """Take the place whose first word is at `address`, if nobody holds it."""
    return int(_claim(address, owner))


@njit("void(int64, int64)", cache=True, nogil=True)
def put(address: int, value: int) -> None:
    """Atomic store for Python: what was written before is visible to the workers."""
    _put(address, value)


@njit("int64(int64)", cache=True, nogil=True)
def peek(address: int) -> int:
    """Atomic load for Python: what a worker wrote before is visible afterwards."""
    return int(_peek(address))


@njit("int64()", cache=True, nogil=True)
def now() -> int:
    """Nanoseconds of the clock that paces sessions."""
    return int(_clock())


@device
def _copy(source: int, target: int, count: int) -> None:
    """Copy `count` bytes; blocks are whole cache lines, so it is a multiple of 8."""
    read, write = words_at(source), words_at(target)
    for index in range(count // 8):
        write[index] = read[index]


@device
def _train(line: int, longest: int) -> int:
    """One slice of the place at `line`; returns the steps done."""
    place = words_at(line)
    moment = _clock()
    steps = longest // max(np.int64(1), place[STEP_TIME])
    steps = max(np.int64(1), min(steps, np.int64(1_000_000)))
    if place[STEP_TIME] == 0:
        steps = np.int64(1)
    if place[BUDGET] >= 0:
        steps = min(steps, place[BUDGET])
    if place[PACE] > 0:
        if moment < place[NEXT]:
            return 0
        if moment - place[NEXT] > LONGEST_LAG:
            place[NEXT] = moment
        steps = min(steps, (moment - place[NEXT]) // place[PACE] + 1)
    done = walk(place[ARENA], place[TABLE], place[ROWS], place[STATE], steps)
    place[DONE] += done
    place[NEXT] += done * place[PACE]
    if place[BUDGET] >= 0:
        place[BUDGET] -= done
    if done < steps or place[BUDGET] == 0:
        place[RUNNING] = 0
    if done > 0:
        measured = (_clock() - moment) // done + 1
        place[STEP_TIME] = (3 * place[STEP_TIME] + measured) // 4 if place[STEP_TIME] else measured
    return int(done)


@device
def _deliver(line: int, box: int) -> int:
    """Serve the copy that is requested in the columns from `box` on; returns how many were."""
    place = words_at(line)
    if place[box] == 0:
        return 0
    _copy(place[box + 1], place[box + 2], place[box + 3])
    _copy(place[STATE], place[box + 4], 128)
    _put(line + 8 * box, 0)
    return 1


@njit("int64(int64, int64, int64, int64, int64)", cache=True, nogil=True)
def serve(lines: int, control: int, worker: int, residence: int, longest: int) -> int:
    """Serve places in turn for `residence` nanoseconds; returns whether anything was due.

    Args:
        lines: address of the places.
        control: address of the control block.
        worker: this worker's number, from 1.
        residence: how long to stay.
        longest: nanoseconds of one slice.
    """
    mode = flush_denormals()
    end = _clock() + residence
    ever, idle, alive = np.int64(0), np.int64(0), np.int64(0)
    while _peek(control + 8 * STOP) == 0 and _clock() < end:
        count = _peek(control + 8 * COUNT)
        if idle >= count:
            # A whole round without work.
            if alive == 0:
                break
            _nap(NAP)
            idle, alive = np.int64(0), np.int64(0)
        line = lines + (_draw(control + 8 * TICKET) % count) * WIDTH * 8
        idle += 1
        running = _peek(line + 8 * RUNNING)
        asked = _peek(line + 8 * PUBLISH) + _peek(line + 8 * KEEP)
        alive += running + asked
        if running + asked == 0 or _peek(line + 8 * WANTED) != 0:
            continue
        if _claim(line, worker) == 0:
            continue
        place = words_at(line)
        found = np.int64(0)
        if place[RUNNING] != 0:
            found += _train(line, longest)
        found += _deliver(line, PUBLISH) + _deliver(line, KEEP)
        _put(line, 0)
        if found > 0:
            ever += found
            idle, alive = np.int64(0), np.int64(0)
    restore_denormals(mode)
    return int(ever)
