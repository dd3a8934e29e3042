"""The kernels as plain Python, in a process with the JIT switched off.

They must give what the compiled ones give, and the runs must execute every line of every kernel: a
line that no run reaches is a line whose compiled twin nobody has looked at.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from engine.kernels.abi import OPS
from tests.engine.jit_off.cases import ENGINE, cases

CASES = cases()
KERNELS = sorted(
    name for name, op in OPS.items() if ENGINE in Path(op.function.__code__.co_filename).parents
)


@dataclass(frozen=True)
class Plain:
    """What the process without the JIT found."""

    results: dict[str, list[float]]
    missed: dict[str, list[int]]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Plain:
    target = tmp_path_factory.mktemp("jit_off") / "results.json"
    result = subprocess.run(
        [sys.executable, "-m", "tests.engine.jit_off.cases", str(target)],
        cwd=ENGINE.parent,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return Plain(**json.loads(target.read_text()))


@pytest.mark.parametrize("name", CASES)
def test_plain_python_gives_what_compiled_code_gives(name: str, plain: Plain) -> None:
    compiled = CASES[name]()
    assert len(compiled) > 5
    np.testing.assert_allclose(plain.results[name], compiled, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", KERNELS)
def test_every_line_of_every_kernel_is_executed(name: str, plain: Plain) -> None:
    assert plain.missed[name] == []


def test_both_processes_know_the_same_kernels(plain: Plain) -> None:
    assert sorted(plain.missed) == KERNELS
    assert sorted(plain.results) == sorted(CASES)
