"""Lets every check look at the evidence. Guarded by tests/engine/test_doctor.py."""

from __future__ import annotations

from dataclasses import replace

from engine.catalog import discover
from engine.doctor import checks
from engine.doctor.check import SEVERITIES, Check, Finding
from engine.doctor.evidence import Evidence

discover(checks)


def examine(evidence: Evidence) -> tuple[Finding, ...]:
    """What all checks find, the worst first.

    A remedy that can't be built here, such as one that needs more parameters than the limits
    allow, is left out.
    """
    finite = evidence.finite
    found = [
        _buildable(finding, evidence)
        for kind in sorted(Check.registry)
        if finite or not Check.registry[kind].needs_numbers
        for finding in Check.registry[kind]().examine(evidence)
    ]
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))


def _buildable(finding: Finding, evidence: Evidence) -> Finding:
    remedy = finding.remedy
    if remedy is None or evidence.can_run(remedy.experiment):
        return finding
    return replace(finding, remedy=None)
