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
import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from engine.kernels import cache
from engine.text import Text

cache.activate()

# Numba must come after the cache folder and the CPU tier have been chosen.
import numpy as np  # noqa: E402
from llvmlite import ir  # noqa: E402
from numba import cfunc, config, njit, types  # noqa: E402
from numba.extending import intrinsic  # noqa: E402
from numba.np import arrayobj  # noqa: E402

COLUMNS = 16
"""Width of the instruction table."""

STEP, EPOCH, CURSOR, BATCH_SEED, DROPOUT_SEED, FLAGS, OPTIMIZER_START, ROW = range(8)
"""Meaning of the words of a state block: finished steps; finished passes over the training part;
samples used in the present pass; seed of the batches; seed of random layers; `DIVERGED`; the step
at which the optimizer's memory began; rows of the present step that are done, while it is walked
row by row."""
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
        title: what it does, for listings; `None` where the phase of its row says it.
    """

    name: str
    function: Kernel
    operands: tuple[str, ...]
    title: Text | None = None
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


def op(*operands: str, title: Text | None = None) -> Callable[[Kernel], Op]:
    """Register a kernel under its function's name; `operands` name the columns of its row."""

    def register(function: Kernel) -> Op:
        name = function.__name__
        if name in OPS or len(operands) >= COLUMNS:
            raise ValueError(f"op {name}: taken, or more than {COLUMNS - 1} operands")
        OPS[name] = Op(name, function, operands, title)
        return OPS[name]

    return register


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
    with _collector_paused():
        return {name: one.compile(dtype) for name, one in wanted.items()}


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No search for garbage: what a compile leaves behind stays alive, and there is a lot of it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


# --- accessors ----------------------------------------------------------------------------------
#
# Intrinsics, written straight into the op's code: overloads would go through Numba's whole
# pipeline, each by itself.


def _array(context: Any, builder: Any, kind: Any, data: Any, shape: tuple[Any, ...]) -> Any:
    """An array of type `kind` over memory that somebody else keeps."""
    size = context.get_abi_sizeof(context.get_data_type(kind.dtype))
    strides = [context.get_constant(types.intp, size)]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    array = arrayobj.make_array(kind)(context, builder)
    item = context.get_constant(types.intp, size)
    arrayobj.populate_array(array, data, shape, strides, item, meminfo=None)
    return array._getvalue()


@intrinsic
def _pointer_to(context: Any, arena: Any, offset: Any) -> Any:
    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.gep(arguments[0], [arguments[1]])

    return arena(arena, types.int64), generate


@intrinsic
def _vector(context: Any, arena: Any, offset: Any, size: Any) -> Any:
    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = builder.gep(arguments[0], [arguments[1]])
        return _array(target, builder, signature.return_type, data, arguments[2:])

    return types.Array(arena.dtype, 1, "C")(arena, types.int64, types.int64), generate


@intrinsic
def _matrix(context: Any, arena: Any, offset: Any, rows: Any, columns: Any) -> Any:
    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = builder.gep(arguments[0], [arguments[1]])
        return _array(target, builder, signature.return_type, data, arguments[2:])

    return types.Array(arena.dtype, 2, "C")(arena, *[types.int64] * 3), generate


@intrinsic
def _typed(context: Any, arena: Any, value: Any) -> Any:
    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return target.cast(builder, arguments[1], signature.args[1], signature.return_type)

    return arena.dtype(arena, value), generate


@intrinsic
def _shared(context: Any, arena: Any, address: Any, size: Any) -> Any:
    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = builder.inttoptr(arguments[1], arguments[0].type)
        return _array(target, builder, signature.return_type, data, arguments[2:])

    return types.Array(arena.dtype, 1, "C")(arena, types.int64, types.int64), generate


@intrinsic
def _shared_pointer(context: Any, arena: Any, address: Any, offset: Any) -> Any:
    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        start = builder.inttoptr(arguments[1], arguments[0].type)
        return builder.gep(start, [arguments[2]])

    return arena(arena, types.int64, types.int64), generate


def _outside(kind: Any) -> Any:
    """An intrinsic that views memory outside the arena as an array of `kind`."""

    @intrinsic
    def view(context: Any, address: Any, size: Any) -> Any:
        array = types.Array(kind, 1, "C")

        def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            data = builder.inttoptr(arguments[0], target.get_data_type(kind).as_pointer())
            return _array(target, builder, array, data, arguments[1:])

        return array(types.int64, types.int64), generate

    return view


def _plain_pointer_to(arena: Pointer, offset: int) -> Pointer:
    return arena[offset:]


def _plain_vector(arena: Pointer, offset: int, size: int) -> Any:
    return arena[offset : offset + size]


def _plain_matrix(arena: Pointer, offset: int, rows: int, columns: int) -> Any:
    return arena[offset : offset + rows * columns].reshape(rows, columns)


def _plain_typed(arena: Pointer, value: float) -> Any:
    return arena.dtype.type(value)


def _plain_shared(arena: Pointer, address: int, size: int) -> Any:
    real = np.ctypeslib.as_ctypes_type(arena.dtype)
    return np.ctypeslib.as_array((real * size).from_address(int(address)))


def _plain_shared_pointer(arena: Pointer, address: int, offset: int) -> Pointer:
    return _plain_shared(arena, address + offset * arena.itemsize, SHARED_REST)


def _plain_bytes_at(address: int, size: int) -> Any:
    return np.ctypeslib.as_array((ctypes.c_uint8 * int(size)).from_address(int(address)))


def _plain_floats_at(address: int, size: int) -> Any:
    return np.ctypeslib.as_array((ctypes.c_float * int(size)).from_address(int(address)))


SHARED_REST = 1 << 20
"""Elements that a plain view of a shared buffer claims to have; whoever uses it knows how many are
there.
"""

pointer_to = _pointer_to if COMPILED else _plain_pointer_to
"""`pointer_to(arena, offset)`: the arena from `offset` on."""

vector = _vector if COMPILED else _plain_vector
"""`vector(arena, offset, size)`: `size` elements of the arena from `offset`."""

matrix = _matrix if COMPILED else _plain_matrix
"""`matrix(arena, offset, rows, columns)`: a row-major piece of the arena from `offset`."""

typed = _typed if COMPILED else _plain_typed
"""`typed(arena, value)`: a scalar of the arena's type, so that float32 code stays float32."""

shared = _shared if COMPILED else _plain_shared
"""`shared(arena, address, size)`: `size` elements of a read-only buffer outside the arena."""

shared_pointer = _shared_pointer if COMPILED else _plain_shared_pointer
"""`shared_pointer(arena, address, offset)`: a read-only buffer outside the arena, from element
`offset` on.
"""

bytes_at = _outside(types.uint8) if COMPILED else _plain_bytes_at
"""`bytes_at(address, size)`: bytes outside the arena, for results."""

floats_at = _outside(types.float32) if COMPILED else _plain_floats_at
"""`floats_at(address, size)`: float32 numbers outside the arena, for results."""


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
