"""The network doctor: what is wrong with a network under training, and what to try.

    evidence = gather_evidence(session, points, before, steps_between)
    for finding in examine(evidence): ...

A check is one class in one file of `checks/`; subclassing registers it. Every finding says what was
seen in numbers, and most carry a changed experiment that a person can try in a branch.
"""

from engine.doctor.check import Check, Finding, Remedy, Severity
from engine.doctor.evidence import CurvePoint, Evidence, gather_evidence, parameters_now
from engine.doctor.examination import examine

__all__ = [
    "Check",
    "CurvePoint",
    "Evidence",
    "Finding",
    "Remedy",
    "Severity",
    "examine",
    "gather_evidence",
    "parameters_now",
]
