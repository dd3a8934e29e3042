"""The calling convention: one op is one compiled function.

Its signature is `void op(T* arena, int64* row, uint64* state)`.
`row` is one line of the instruction table: column 0 holds the op's address, the others hold arena
offsets, sizes and addresses of shared buffers. Kernels touch memory only through the accessors
below, which exist twice: as typed pointers for compiled code, and as NumPy slices when Numba's JIT
is off, so the very same kernels can be stepped and covered in plain Python.
Guarded by tests/engine/kernels/test_abi.py.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from engine.kernels import cache, warm

cache.activate()

# Numba must come after the cache folder and the CPU tier have been chosen.
import numpy as np  # noqa: E402
from llvmlite import ir  # noqa: E402
from numba import carray, cfunc, config, njit, types  # noqa: E402
from numba.extending import intrinsic, overload  # noqa: E402

COLUMNS = 16
"""Width of the instruction table."""

STEP, EPOCH, CURSOR, BATCH_SEED, DROPOUT_SEED, FLAGS, OPTIMIZER_START = range(7)
"""Meaning of the words of a state block: finished steps; finished passes over the training part;
samples used in the present pass; seed of the batches; seed of random layers; `DIVERGED`; the step
at which the optimizer's memory began."""
STATE_WORDS = 16
DIVERGED = 1

COMPILED = not config.DISABLE_JIT
FAST_MATH = {"contract", "reassoc", "nsz", "arcp", "afn"}
"""Never `nnan` or `ninf`: tests for NaN and infinity must keep working."""
OPTIONS: dict[str, Any] = {
    "nogil": True,
    "fastmath": FAST_MATH,
    "error_model": "numpy",
    "boundscheck": False,
}

Pointer = Any
"""A typed pointer in compiled code, a NumPy array when the JIT is off."""

Kernel = Callable[[Pointer, Pointer, Pointer], None]
INNER: dict[str, Any] = {**OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Options of helpers that only compiled code calls: without entry points for Python they compile
faster.
"""

device = njit(**INNER)
"""Decorator of helpers that ops call."""

_NAMES = {np.dtype(np.float32): types.float32, np.dtype(np.float64): types.float64}


@dataclass(frozen=True, eq=False)
class Op:
    """One kernel and its name in listings.

    Attributes:
        name: unique, such as `dense_forward`.
        function: the Python function.
        operands: what columns 1… of its row mean, for listings; a `:size` suffix marks plain
        numbers.
    """

    name: str
    function: Kernel
    operands: tuple[str, ...]
    _compiled: dict[Any, Any] = field(default_factory=dict, repr=False)

    def compile(self, dtype: np.dtype[Any]) -> int:
        """Address of the machine code for `dtype`: from the cache, or compiled and stored."""
        if dtype not in self._compiled:
            real = _NAMES[dtype]
            pointers = (real, types.int64, types.uint64)
            signature = types.void(*(types.CPointer(kind) for kind in pointers))
            self._compiled[dtype] = cfunc(signature, cache=True, **OPTIONS)(self.function)
            ready = cache.marker(self.name, dtype.name)
            if not ready.exists():
                ready.parent.mkdir(parents=True, exist_ok=True)
                ready.touch()
        return int(self._compiled[dtype].address)


OPS: dict[str, Op] = {}
"""Every op by name."""


def op(*operands: str) -> Callable[[Kernel], Op]:
    """Register a kernel under its function's name; `operands` name the columns of its row."""

    def register(function: Kernel) -> Op:
        name = function.__name__
        if name in OPS or len(operands) >= COLUMNS:
            raise ValueError(f"op {name}: taken, or more than {COLUMNS - 1} operands")
        OPS[name] = Op(name, function, operands)
        return OPS[name]

    return register


FEW = 4
"""Up to so many missing ops a second process would cost more than it brings."""

_before_compiling: list[Callable[[list[tuple[str, str]]], None]] = []


def compile_elsewhere(compiler: Callable[[list[tuple[str, str]]], None] | None) -> None:
    """Let `compiler` build missing ops, given as `(name, dtype)`, outside this process.

    A serving process must never compile (it would stop training and frames for a second); it passes
    `engine.kernels.warm.in_subprocess`. `None` goes back to compiling here.
    """
    _before_compiling[:] = [] if compiler is None else [compiler]


def addresses(ops: Iterable[Op], dtype: np.dtype[Any]) -> dict[str, int]:
    """Machine addresses of `ops`; without the JIT their places in `OPS`."""
    wanted = {one.name: one for one in ops}
    if not COMPILED:
        names = list(OPS)
        return {name: names.index(name) for name in wanted}
    missing = [
        (name, dtype.name)
        for name, one in wanted.items()
        if dtype not in one._compiled and not cache.is_ready(name, dtype.name)
    ]
    if _before_compiling and missing:
        _before_compiling[0](missing)
    elif len(missing) > FEW and (os.cpu_count() or 1) > 1:
        _compile_with_help([name for name, _ in missing], dtype)
    return {name: one.compile(dtype) for name, one in wanted.items()}


def _compile_with_help(names: list[str], dtype: np.dtype[Any]) -> None:
    """Compile most ops here and every fourth in a second process, which has to start first."""
    helper = warm.start([f"{name}:{dtype.name}" for name in names[::4]])
    for index, name in enumerate(names):
        if index % 4:
            OPS[name].compile(dtype)
    warm.finish(helper)


# --- accessors ----------------------------------------------------------------------------------


@intrinsic
def _advance(context: Any, pointer: Any, offset: Any) -> Any:
    """`pointer + offset` elements."""

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.gep(arguments[0], [arguments[1]])

    return pointer(pointer, types.int64), generate


@intrinsic
def _at_address(context: Any, pointer: Any, address: Any) -> Any:
    """An address from the instruction table as a pointer of the arena's type."""

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[1], arguments[0].type)

    return pointer(pointer, types.int64), generate


@intrinsic
def _typed(context: Any, pointer: Any, value: Any) -> Any:
    """A number in the arena's type."""
    real = pointer.dtype

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return target.cast(builder, arguments[1], signature.args[1], real)

    return real(pointer, value), generate


def pointer_to(arena: Pointer, offset: int) -> Pointer:
    """The arena from `offset` on."""
    return arena[offset:]


def vector(arena: Pointer, offset: int, size: int) -> Any:
    """`size` elements of the arena from `offset`."""
    return arena[offset : offset + size]


def matrix(arena: Pointer, offset: int, rows: int, columns: int) -> Any:
    """A row-major `(rows, columns)` piece of the arena from `offset`."""
    return arena[offset : offset + rows * columns].reshape(rows, columns)


def typed(arena: Pointer, value: float) -> Any:
    """`value` as a scalar of the arena's type, so that float32 code stays float32."""
    return arena.dtype.type(value)


def shared(arena: Pointer, address: int, size: int) -> Any:
    """`size` elements of a read-only buffer outside the arena, given by its address."""
    real = np.ctypeslib.as_ctypes_type(arena.dtype)
    return np.ctypeslib.as_array((real * size).from_address(int(address)))


def shared_pointer(arena: Pointer, address: int, offset: int) -> Pointer:
    """A read-only buffer outside the arena, given by its address, from element `offset` on."""
    return shared(arena, address + offset * arena.itemsize, SHARED_REST)


SHARED_REST = 1 << 20
"""Elements that a plain view of a shared buffer claims to have; whoever uses it knows how many are
there.
"""

if COMPILED:

    @overload(shared_pointer, jit_options=INNER, strict=False)
    def _shared_pointer(arena: Any, address: Any, offset: Any) -> Any:
        return lambda arena, address, offset: _advance(_at_address(arena, address), offset)

    @overload(pointer_to, jit_options=INNER, strict=False)
    def _pointer_to(arena: Any, offset: Any) -> Any:
        return lambda arena, offset: _advance(arena, offset)

    @overload(vector, jit_options=INNER, strict=False)
    def _vector(arena: Any, offset: Any, size: Any) -> Any:
        return lambda arena, offset, size: carray(_advance(arena, offset), (size,))

    @overload(matrix, jit_options=INNER, strict=False)
    def _matrix(arena: Any, offset: Any, rows: Any, columns: Any) -> Any:
        return lambda arena, offset, rows, columns: carray(_advance(arena, offset), (rows, columns))

    @overload(typed, jit_options=INNER, strict=False)
    def _typed_value(arena: Any, value: Any) -> Any:
        return lambda arena, value: _typed(arena, value)

    @overload(shared, jit_options=INNER, strict=False)
    def _shared(arena: Any, address: Any, size: Any) -> Any:
        return lambda arena, address, size: carray(_at_address(arena, address), (size,))


@intrinsic
def call(context: Any, function: Any, arena: Any, row: Any, state: Any) -> Any:
    """Call the op at address `function` with three addresses."""
    signature = types.void(types.int64, types.int64, types.int64, types.int64)

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer] * 3)
        code = builder.inttoptr(arguments[0], kind.as_pointer())
        builder.call(code, [builder.inttoptr(item, pointer) for item in arguments[1:]])
        return target.get_dummy_value()

    return signature, generate


def address_of(array: np.ndarray[Any, Any]) -> int:
    """Address of an array's first element; the caller keeps the array alive."""
    # The array interface is several times quicker to ask than `array.ctypes`.
    return int(array.__array_interface__["data"][0])


def aligned(size: int, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """`size` zeros that start on a 64-byte boundary."""
    padding = 64 // dtype.itemsize
    raw = np.zeros(size + padding, dtype)
    start = (-raw.ctypes.data % 64) // dtype.itemsize
    return raw[start : start + size]


def words(address: int, count: int) -> Any:
    """`count` 64-bit integers at `address` (used without the JIT)."""
    return np.ctypeslib.as_array((ctypes.c_int64 * count).from_address(address))
