"""Compiles kernels ahead of time, in processes of its own.

`python -m engine.kernels.warm` compiles the whole catalog and prints its progress; with `op:dtype`
arguments only those ops. Serving processes use `in_subprocess`.
Guarded by tests/engine/kernels/test_warm.py.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import count as count_from
from pathlib import Path

from engine.kernels import cache

Report = Callable[[str, int, int], None]
"""Called with what was compiled, how many are done and how many there are."""

EXECUTOR = "executor"
"""Stands for the compiled functions that aren't ops: the executor and the workers' round."""

HOMES = ("engine.tasks", "engine.program.gauges", "engine.program.pictures")
"""Importing them defines every op."""

PROJECT = Path(__file__).resolve().parents[2]
MOST_PROCESSES = 4


def warm(report: Report, dtype: str = "float32") -> None:
    """Compile every kernel of the catalog in as many processes as there are processors.

    Returns at once when the cache is complete.

    Raises:
        RuntimeError: a compiler process failed; its output is in the message.
    """
    if cache.is_warm():
        return
    wanted = [f"{name}:{dtype}" for name in _ops() if not cache.is_ready(name, dtype)]
    count = max(1, min(os.cpu_count() or 1, MOST_PROCESSES))
    shares = [wanted[index::count] for index in range(count)]
    shares[0].append(EXECUTOR)
    processes = [start(share) for share in shares if share]
    done = count_from(1)
    # Read one after the other; what a process prints meanwhile fits its pipe many times over.
    for process in processes:
        finish(process, lambda name: report(name, next(done), len(wanted) + 1))
    marker = cache.directory() / "ready" / "everything"
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()


def in_subprocess(missing: Sequence[tuple[str, str]]) -> None:
    """Compile ops, given as `(name, dtype)`, outside this process.

    Raises:
        RuntimeError: the compiler process failed.
    """
    finish(start([f"{name}:{dtype}" for name, dtype in missing]))


def compile_here(names: Sequence[str]) -> None:
    """Compile ops, given as `op:dtype`, or the `EXECUTOR`, in this process and print each."""
    # Loaded by name and only here, so that a web process can use this module without Numba.
    abi = import_module("engine.kernels.abi")
    _define_ops()
    numpy = import_module("numpy")
    for name in names:
        if name == EXECUTOR:
            import_module("engine.scheduler")
            import_module("engine.program.executor").prepare()
        else:
            op, _, dtype = name.partition(":")
            abi.OPS[op].compile(numpy.dtype(dtype))
        print(f"compiled {name}", flush=True)


def start(names: Sequence[str]) -> subprocess.Popen[str]:
    """A process that compiles ops, given as `op:dtype`."""
    return subprocess.Popen(
        [sys.executable, "-m", "engine.kernels.warm", "--here", *names],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        cwd=PROJECT,
    )


def finish(process: subprocess.Popen[str], each: Callable[[str], None] = lambda name: None) -> None:
    """Wait for a compiler process; `each` is called with the name of whatever it has compiled.

    Raises:
        RuntimeError: it failed; its output is in the message.
    """
    output = []
    with process:
        for line in process.stdout or ():
            output.append(line)
            if line.startswith("compiled "):
                each(line.split()[1])
    if process.returncode != 0:
        raise RuntimeError(f"compiling kernels failed: {''.join(output)}")


def _ops() -> list[str]:
    """Names of all ops, asked of a process of its own, so that this one needn't import Numba."""
    result = subprocess.run(
        [sys.executable, "-m", "engine.kernels.warm", "--list"],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    if result.returncode != 0:
        raise RuntimeError(f"the engine can't be imported: {result.stderr}")
    return result.stdout.split()


def _define_ops() -> None:
    for module in HOMES:
        import_module(module)


def main(arguments: Sequence[str]) -> None:
    """The command line."""
    if arguments and arguments[0] == "--list":
        _define_ops()
        print("\n".join(import_module("engine.kernels.abi").OPS))
    elif arguments and arguments[0] == "--here":
        compile_here(arguments[1:])
    else:
        warm(lambda name, done, total: print(f"compiled {done}/{total} {name}", flush=True))


if __name__ == "__main__":
    main(sys.argv[1:])
