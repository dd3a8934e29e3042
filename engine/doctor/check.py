"""What a check is and what it finds. Guarded by tests/engine/test_doctor.py, which walks all."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from engine.catalog import Described
from engine.doctor.evidence import Evidence
from engine.experiment import Experiment
from engine.text import Text

Severity = Literal["notice", "warning", "serious"]
SEVERITIES: tuple[Severity, ...] = ("serious", "warning", "notice")
"""The worst first, as they are listed."""


@dataclass(frozen=True)
class Remedy:
    """A changed experiment that is worth trying in a branch.

    Attributes:
        label: what it does, such as “Try a rate of 0.003”.
        experiment: the whole document; it can be built.
    """

    label: Text
    experiment: Experiment


@dataclass(frozen=True)
class Finding:
    """One thing that a check noticed.

    Attributes:
        check: kind of the check.
        severity: how much it matters.
        layer: the layer concerned, if it is one.
        control: path of the experiment's field concerned, such as `optimizer.learning_rate`.
        message: what was seen, in plain words with the numbers.
        remedy: what to try, if there is something.
    """

    check: str
    severity: Severity
    layer: str | None
    control: str | None
    message: Text
    remedy: Remedy | None = None


class Check(Described):
    """Looks for one illness of a network or its data."""

    family: ClassVar[str] = "check"
    catalogued: ClassVar[bool] = False
    needs_numbers: ClassVar[bool] = True
    """Whether it makes no sense once the numbers have run away."""

    @abstractmethod
    def examine(self, evidence: Evidence) -> Iterator[Finding]:
        """What it finds; nothing in a healthy network."""
