"""Checks backpropagation on a person's own network: gradients against finite differences.

Guarded by tests/engine/test_gradient_check.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from engine.errors import NeurariumError
from engine.kernels.abi import FLAGS
from engine.program.executor import run_rows
from engine.program.program import Program
from engine.session import Session
from engine.text import Text

TOLERANCE = 1e-6
"""Relative error up to which a gradient is right."""
STEP_SIZE = 1e-4
"""Of the differences. They are of fourth order: curvature costs about STEP_SIZE⁴, 1e-16."""
FINER = 1 / 16
"""By how much the step shrinks for a second look at an element that fails the first."""
ROUNDING = 64 * np.finfo(np.float64).eps
"""What rounding may do to a loss of 1; divided by the step it is what rounding does to a slope."""
KINK = 0.05
"""A jump of the slope of at least this share of an error explains the error."""

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class LayerCheck:
    """How the gradient of one parameter compares with the slope of the loss.

    Attributes:
        layer, parameter: such as `hidden1` and `weights`.
        checked: elements that were compared.
        skipped: elements at a kink, such as a ReLU's, where the loss has no slope.
        worst_error: largest relative error met; 0 where nothing could be compared.
        worst_index: the element with that error; `None` where nothing could be compared.
        analytic, numeric: its gradient by backpropagation and by finite differences.
        ok: whether the worst error is at most `TOLERANCE`.
    """

    layer: str
    parameter: str
    checked: int
    skipped: int
    worst_error: float
    worst_index: tuple[int, ...] | None
    analytic: float
    numeric: float
    ok: bool


class _Slope(NamedTuple):
    """Finite differences at one element: the slope, and how much it jumps there."""

    value: float
    jump: float


class _Element(NamedTuple):
    """One comparison; `error` is relative."""

    place: int
    error: float
    numeric: float


class GradientChecker:
    """A float64 twin of a session, standing on one fixed batch.

    The batch is the one that the session's next step takes, with the dropout masks of that step.
    The gradient compared is that of the data loss: penalties (L1, L2) are added by rows of the
    update, which never run here. The session itself isn't touched.

    Args:
        session: whose network, parameters and batch are checked.

    Attributes:
        analytic: gradients by backpropagation, by key; frozen layers have none.

    Raises:
        NeurariumError: the parameters aren't finite, or a float64 network is above the limits.
    """

    def __init__(self, session: Session) -> None:
        values = session.parameters()
        _refuse_infinite(values)
        twin = Session(session.experiment, "float64", session.limits)
        twin.set_parameters(values)
        self._program: Program = twin.program
        self._arena: Doubles = twin.arena
        self._state = session.state.copy()
        self._state[FLAGS] = 0
        order = twin.program.plan.blocks["order"]
        twin.program.view(twin.arena, order)[:] = session.program.view(
            session.arena, session.program.plan.blocks["order"]
        )
        phases = [row.phase for row in twin.program.rows]
        self._first = next(number for number, phase in enumerate(phases) if phase != "data")
        self._loss_end = phases.index("loss") + phases.count("loss")
        updates = phases.index("update") if "update" in phases else len(phases)
        run_rows(self._arena, self._program.table, self._state, 0, updates)
        network = twin.program.network
        frozen = {node.name for node in twin.material.plan.graph.nodes if node.frozen}
        self.loss = float(self._arena[network.report.offset])
        self.analytic: dict[str, Doubles] = {
            key: twin.program.view(twin.arena, block).copy()
            for key, block in network.gradients.items()
            if key.rpartition(".")[0] not in frozen
        }

    def check(self, key: str, most: int) -> LayerCheck:
        """Compare at most `most` elements of the parameter `key`."""
        analytic = self.analytic[key]
        elements = [
            found
            for place in _chosen(analytic.ravel(), most, crc32(key.encode()))
            if (found := self._compare(key, place)) is not None
        ]
        skipped = min(most, analytic.size) - len(elements)
        layer, _, parameter = key.rpartition(".")
        if not elements:
            return LayerCheck(layer, parameter, 0, skipped, 0.0, None, 0.0, 0.0, True)
        worst = max(elements, key=lambda element: element.error)
        return LayerCheck(
            layer,
            parameter,
            len(elements),
            skipped,
            worst.error,
            tuple(int(place) for place in np.unravel_index(worst.place, analytic.shape)),
            float(analytic.flat[worst.place]),
            worst.numeric,
            worst.error <= TOLERANCE,
        )

    def _compare(self, key: str, place: int) -> _Element | None:
        """One element; `None` at a kink.

        Where the first look fails, a finer step may lie between two kinks. A jump of the slope
        that is as large as the error explains it; a wrong gradient of a smooth loss has none.
        """
        analytic = float(self.analytic[key].flat[place])
        for step in (STEP_SIZE, STEP_SIZE * FINER):
            slope = self._slope(key, place, step)
            difference = abs(analytic - slope.value)
            # Below this size a slope is lost in the rounding of the loss.
            floor = ROUNDING * abs(self.loss) / step / TOLERANCE
            error = difference / max(abs(analytic), abs(slope.value), floor, 1e-300)
            if error <= TOLERANCE:
                return _Element(place, error, slope.value)
        if slope.jump >= KINK * difference:
            return None
        return _Element(place, error if np.isfinite(error) else float("inf"), slope.value)

    def _slope(self, key: str, place: int, step: float) -> _Slope:
        """(8 (L(w+h) − L(w−h)) − (L(w+2h) − L(w−2h))) / 12h, and the jump of the slope.

        Where the slope is continuous, the one-sided differences over h differ by h L″ and those
        over 2h by 2h L″, and the central differences agree; a kink breaks one or the other.
        """
        values = self._program.view(self._arena, self._program.network.parameters[key]).reshape(-1)
        before = values[place]
        losses = []
        for multiple in (-2, -1, 1, 2):
            values[place] = before + multiple * step
            losses.append(self._measure())
        values[place] = before
        low2, low, high, high2 = losses
        near, far = (high - low) / (2 * step), (high2 - low2) / (4 * step)
        bend_near = (high + low - 2 * self.loss) / step
        bend_far = (high2 + low2 - 2 * self.loss) / (2 * step)
        jump = max(abs(near - far), abs(bend_far - 2 * bend_near))
        return _Slope((4 * near - far) / 3, jump)

    def _measure(self) -> float:
        """The loss of the batch, with the same chance every time."""
        run_rows(self._arena, self._program.table, self._state, self._first, self._loss_end)
        return float(self._arena[self._program.network.report.offset])


def check_gradients(session: Session, most: int = 40) -> tuple[LayerCheck, ...]:
    """Compare every parameter's gradient with central finite differences, in float64.

    A copy of the network with the present parameters is measured on the batch that the next step
    takes, before penalties are added; the session isn't touched.

    Args:
        session: a session at a step boundary.
        most: elements of each parameter: half of them those with the largest gradients, the rest
            a choice that is the same every time.

    Returns:
        One check a parameter, in order of computation.

    Raises:
        NeurariumError: the parameters aren't finite, or a float64 network is above the limits.
    """
    checker = GradientChecker(session)
    return tuple(checker.check(key, most) for key in checker.analytic)


def _chosen(gradients: Doubles, most: int, seed: int) -> list[int]:
    """All places, or the largest gradients and a fixed choice of the others."""
    if gradients.size <= most:
        return list(range(gradients.size))
    ranked = np.argsort(-np.abs(gradients), kind="stable")
    largest, others = ranked[: most // 2], ranked[most // 2 :]
    drawn = np.random.default_rng(seed).choice(others, most - largest.size, replace=False)
    return sorted(int(place) for place in np.concatenate([largest, drawn]))


def _refuse_infinite(parameters: dict[str, NDArray[Any]]) -> None:
    for key, values in parameters.items():
        if not np.isfinite(values).all():
            raise NeurariumError(
                "not_finite",
                key,
                Text(
                    f"“{key}” holds NaN or infinity: there is no slope to compare with.",
                    f"“{key}”中有 NaN 或无穷大，没有可以比较的斜率。",
                ),
                Text("Go back to the last healthy moment first.", "请先回到最后一个正常的时刻。"),
            )
