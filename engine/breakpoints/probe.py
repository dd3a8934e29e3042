"""Cheap access to a session at a step boundary. Guarded by tests/engine/test_breakpoints.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.breakpoints.gauge import Gauge
from engine.graph import Resolved
from engine.insight.divergence import Divergence
from engine.instructions import Block
from engine.program.executor import run_rows
from engine.program.program import Network, link
from engine.session import Part, Session

if TYPE_CHECKING:
    from engine.breakpoints.condition import Condition


def norm(values: NDArray[Any]) -> float:
    """√(Σ v²) in double precision; without the linear algebra library, which wakes its threads."""
    return float(np.sqrt(np.square(values, dtype=np.float64).sum()))


class Probe:
    """What conditions and watches read; nothing is copied and nothing is computed unasked.

    Args:
        session: it stands at a step boundary while the probe is used.
        gauges: those that have watched the steps, by condition. A probe without them measures once
            for itself, so that it knows the present step only.
        ahead: copy of the parameter region one step later, for update ratios.
    """

    def __init__(
        self,
        session: Session,
        gauges: Mapping[Condition, tuple[Gauge, ...]] | None = None,
        ahead: NDArray[Any] | None = None,
    ) -> None:
        self._session = session
        self._gauges = dict(gauges or {})
        self._metrics: dict[Part, dict[str, float]] = {}
        self._ahead = ahead

    @property
    def step(self) -> int:
        """Finished steps."""
        return self._session.step

    @property
    def loss(self) -> float:
        """Loss of the last batch."""
        return self._session.loss

    @property
    def diverged(self) -> bool:
        """Whether that loss isn't a finite number."""
        return not np.isfinite(self._session.loss)

    @property
    def divergence(self) -> Divergence | None:
        """Where the numbers ran away; found by a replay."""
        return self._session.divergence()

    @property
    def graph(self) -> Resolved:
        """Order and shapes of the layers."""
        return self._session.material.plan.graph

    @property
    def network(self) -> Network:
        """Where everything lies."""
        return self._session.program.network

    def view(self, block: Block) -> NDArray[Any]:
        """A block of the live arena; it changes with the next step."""
        return self._session.program.view(self._session.arena, block)

    def parameter(self, key: str) -> NDArray[Any]:
        """A parameter, such as `hidden1.weights`."""
        return self.view(self.network.parameters[key])

    def gradient(self, key: str) -> NDArray[Any]:
        """Its gradient in the last step, with the penalties, as the update used it."""
        return self.view(self.network.gradients[key])

    def parameter_ahead(self, key: str) -> NDArray[Any] | None:
        """The parameter one step later, if that was tried."""
        if self._ahead is None:
            return None
        block = self.network.parameters[key]
        start = block.offset - self.network.parameter_region.offset
        return self._ahead[start : start + block.size].reshape(block.shape)

    def metrics(self, part: Part) -> dict[str, float]:
        """Loss and accuracy over a part of the data; measured when it is first asked for."""
        if part not in self._metrics:
            self._metrics[part] = self._session.evaluate(part)
        return self._metrics[part]

    def gauges(self, condition: Condition) -> tuple[Gauge, ...]:
        """The gauges of a condition, with their readings of the last step."""
        if condition not in self._gauges:
            program = self._session.program
            fresh = condition.gauges(program, self.graph)
            table = link(tuple(gauge.row() for gauge in fresh), program.dtype)
            run_rows(self._session.arena, table, self._session.state.copy(), 0, len(table))
            self._gauges[condition] = fresh
        return self._gauges[condition]
