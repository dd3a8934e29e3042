"""What a watched number is. Guarded by tests/engine/test_watches.py, which walks all of them."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from engine.breakpoints.probe import Probe
from engine.catalog import Described
from engine.session import Session
from engine.text import Text


class Watch(Described):
    """One number of a network that is shown while it learns."""

    family: ClassVar[str] = "watch"
    catalogued: ClassVar[bool] = False
    looks_ahead: ClassVar[bool] = False
    """Whether it compares the parameters with those one step later."""

    @abstractmethod
    def value(self, probe: Probe) -> float:
        """The number at this step boundary; NaN where there is none yet."""

    @abstractmethod
    def label(self) -> Text:
        """What is watched, such as “‖hidden1.weights‖”."""

    def check_targets(self, session: Session) -> None:
        """Refuse what this session doesn't have.

        Raises:
            NeurariumError: naming the layer, parameter or index and those that exist.
        """
