"""What a breakpoint is. Guarded by tests/engine/test_breakpoints.py, which walks all of them."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from engine.breakpoints.gauge import Gauge
from engine.breakpoints.probe import Probe
from engine.catalog import Described
from engine.graph import Resolved
from engine.program.program import Program
from engine.session import Session
from engine.text import Text


class Condition(Described):
    """Something at which training stops.

    A condition is looked at in one of two ways. Its *gauges* look at every step, in compiled code;
    or it is *due* at certain steps, at which training pauses for a look.
    """

    family: ClassVar[str] = "condition"
    catalogued: ClassVar[bool] = False

    @abstractmethod
    def is_met(self, probe: Probe) -> Text | None:
        """The reason to stop here, in words with the numbers; `None` if there is none."""

    def gauges(self, program: Program, graph: Resolved) -> tuple[Gauge, ...]:
        """New gauges whose band is left exactly when the condition is met."""
        return ()

    def due(self, step: int) -> int | None:
        """The first step after `step` at which it must be looked at; `None` where gauges do."""
        return None

    def check_targets(self, session: Session) -> None:
        """Refuse what this session doesn't have.

        Raises:
            NeurariumError: naming the layer or part that is missing and those that exist.
        """
