"""The moment that is explained. Guarded by tests/engine/test_explanation.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.experiment import Experiment
from engine.material import Material
from engine.program.program import Program


@dataclass(frozen=True, eq=False)
class Scene:
    """One step of training as it stands; or a forward-only program that has run.

    Attributes:
        experiment, material: what the program was built from.
        program: the training program, or a forward-only one.
        before: the arena when the step began.
        now: the arena after the first `rows` rows of the step; `before` itself in a forward-only
            program, which changes no parameter.
        state: the state block when the step began; its `STEP` counts the steps finished by then.
        rows: rows done, 0 … `len(program.rows)`.
    """

    experiment: Experiment
    material: Material
    program: Program
    before: NDArray[Any]
    now: NDArray[Any]
    state: NDArray[np.uint64]
    rows: int
