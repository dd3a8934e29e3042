"""Walks instruction tables: the only loop that training consists of.

Compiled once, cached, never again: a new architecture is a new table. Without the JIT the same
tables run in plain Python. Guarded by tests/engine/test_executor.py.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from functools import cache
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import cfunc, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from engine.kernels.abi import (
    COLUMNS,
    COMPILED,
    DIVERGED,
    FLAGS,
    OPS,
    OPTIONS,
    STEP,
    address_of,
    call,
    device,
)
from engine.program.program import Words, new_state

_INTEL = platform.machine().lower() in ("x86_64", "amd64")
_ARM = platform.machine().lower() in ("aarch64", "arm64")
_FLUSH_INTEL = 0x8040
"""Bits of MXCSR: flush denormal results to zero, take denormal inputs as zero."""
_FLUSH_ARM = 1 << 24
"""Bit FZ of FPCR."""


@intrinsic
def flush_denormals(context: Any) -> Any:
    """Treat denormal numbers as zero from here on; returns the control word that was in force.

    A vanishing gradient otherwise slows every operation on it about tenfold.
    """

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = ir.IntType(64)
        if _INTEL:
            before = builder.zext(_read_mxcsr(builder), word)
            _write_mxcsr(builder, builder.or_(before, ir.Constant(word, _FLUSH_INTEL)))
            return before
        if _ARM:
            before = builder.asm(ir.FunctionType(word, []), "mrs $0, fpcr", "=r", [], True)
            _write_fpcr(builder, builder.or_(before, ir.Constant(word, _FLUSH_ARM)))
            return before
        return ir.Constant(word, 0)

    return types.int64(), generate


@intrinsic
def restore_denormals(context: Any, control: Any) -> Any:
    """Put the floating-point control word back."""

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if _INTEL:
            _write_mxcsr(builder, arguments[0])
        elif _ARM:
            _write_fpcr(builder, arguments[0])
        return target.get_dummy_value()

    return types.void(types.int64), generate


def _read_mxcsr(builder: Any) -> Any:
    place = cgutils.alloca_once(builder, ir.IntType(32))
    kind = ir.FunctionType(ir.VoidType(), [ir.IntType(8).as_pointer()])
    store = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse.stmxcsr")
    builder.call(store, [builder.bitcast(place, ir.IntType(8).as_pointer())])
    return builder.load(place)


def _write_mxcsr(builder: Any, control: Any) -> None:
    place = cgutils.alloca_once(builder, ir.IntType(32))
    builder.store(builder.trunc(control, ir.IntType(32)), place)
    kind = ir.FunctionType(ir.VoidType(), [ir.IntType(8).as_pointer()])
    load = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse.ldmxcsr")
    builder.call(load, [builder.bitcast(place, ir.IntType(8).as_pointer())])


def _write_fpcr(builder: Any, control: Any) -> None:
    kind = ir.FunctionType(ir.VoidType(), [ir.IntType(64)])
    builder.asm(kind, "msr fpcr, $0", "r", [control], True)


@intrinsic
def words_at(context: Any, address: Any) -> Any:
    """A pointer to 64-bit integers at `address`."""
    pointer = types.CPointer(types.int64)

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], target.get_value_type(pointer))

    return pointer(types.int64), generate


@device
def walk(arena: int, table: int, rows: int, state: int, steps: int) -> int:
    """Run the table `steps` times or until the state says diverged; returns the steps done."""
    memory = words_at(state)
    line = words_at(table)
    done = 0
    while done < steps and memory[FLAGS] == 0:
        for row in range(rows):
            call(line[row * COLUMNS], arena, table + row * COLUMNS * 8, state)
        memory[STEP] += 1
        done += 1
    return done


def _execute(arena: int, table: int, first: int, end: int, state: int, steps: int) -> int:
    """`walk` with denormals flushed; with no steps, rows `first` … `end - 1` once, uncounted."""
    control = flush_denormals()
    line = words_at(table)
    done = 0
    if steps > 0:
        done = walk(arena, table, end, state, steps)
    else:
        for row in range(first, end):
            call(line[row * COLUMNS], arena, table + row * COLUMNS * 8, state)
    restore_denormals(control)
    return done


@cache
def _compiled() -> Callable[..., int]:
    """`_execute` as machine code, called without the GIL.

    One C function for both uses: the wrappers of two functions for Python would take longer to
    compile than the functions.
    """
    signature = types.int64(*[types.int64] * 6)
    return cast("Callable[..., int]", cfunc(signature, cache=True, **OPTIONS)(_execute).ctypes)


def prepare() -> None:
    """Compile the executor now, by running an empty table."""
    state = new_state()
    run(state, np.zeros((0, COLUMNS), np.int64), state, 1)


def run(arena: NDArray[Any], table: Words, state: NDArray[np.uint64], steps: int) -> int:
    """Train `steps` steps, fewer if the network diverges; returns how many. Releases the GIL."""
    if COMPILED:
        places = (address_of(arena), address_of(table), 0, len(table), address_of(state))
        return _compiled()(*places, steps) if steps > 0 else 0
    done = 0
    while done < steps and state[FLAGS] != DIVERGED:
        run_rows(arena, table, state, 0, len(table))
        state[STEP] += np.uint64(1)
        done += 1
    return done


def run_rows(
    arena: NDArray[Any], table: Words, state: NDArray[np.uint64], first: int, end: int
) -> None:
    """Run some rows once, as in stepping by instruction; the step counter stays."""
    if COMPILED:
        _compiled()(address_of(arena), address_of(table), first, end, address_of(state), 0)
        return
    kernels = list(OPS.values())
    with np.errstate(all="ignore"):
        for row in table[first:end]:
            kernels[int(row[0])].function(arena, row, state)


def prepared_rows(arena: NDArray[Any], table: Words, first: int) -> Callable[[], object]:
    """`run_rows` from row `first` to the end, for many calls: addresses are looked up only once."""
    state = new_state()
    if not COMPILED:
        return lambda: run_rows(arena, table, state, first, len(table))
    places = (address_of(arena), address_of(table), first, len(table), address_of(state), 0)
    execute = _compiled()

    # The arguments are held here too: what has an address in the call must live as long as it.
    def run_prepared(_kept: tuple[Any, ...] = (arena, table, state)) -> None:
        execute(*places)

    return run_prepared
