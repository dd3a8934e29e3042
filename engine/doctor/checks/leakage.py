"""Samples that stand in both parts. Guarded by tests/engine/test_doctor_data.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from engine.data.sources.points import Points
from engine.doctor.check import Check, Finding, Remedy, Severity
from engine.doctor.evidence import Evidence
from engine.doctor.remedies import valid
from engine.text import Text

SOME, MANY = 0.05, 0.5
"""Share of the validation samples from which it is a warning, and from which it is serious."""


class Leakage(Check):
    """Validation samples that the network has learned by heart."""

    kind: Literal["leakage"] = "leakage"
    title = Text("Samples in both parts", "数据泄漏")
    help = Text(
        "The validation part tells how well the network does on what it has never seen. Samples "
        "that it learns from don't belong there: they make it look better than it is.",
        "验证集要说明网络对没见过的样本表现如何。参与学习的样本不该在里面：它们会让成绩虚高。",
    )
    needs_numbers = False

    def examine(self, evidence: Evidence) -> Iterator[Finding]:
        """At most one finding."""
        shared, validation = evidence.data.shared, evidence.data.validation
        if not shared:
            return
        share = shared / validation
        message = Text(
            f"{shared} of {validation} validation samples ({share:.1%}) have exactly the inputs of "
            "a training sample.",
            f"{validation} 个验证样本中有 {shared} 个（{share:.1%}）的输入与某个训练样本完全相同。",
        )
        yield Finding(self.kind, _severity(share), None, "data.source", message, _remedy(evidence))


def _severity(share: float) -> Severity:
    if share >= MANY:
        return "serious"
    return "warning" if share >= SOME else "notice"


def _remedy(evidence: Evidence) -> Remedy | None:
    """Each drawn point once; of other data nobody but their owner can say what to leave out."""
    data = evidence.experiment.data
    source = data.source
    if not isinstance(source, Points):
        return None
    places = {(x, y): (x, y, label) for x, y, label in reversed(source.points)}
    once = source.model_copy(update={"points": tuple(reversed(places.values()))})
    changed = data.model_copy(update={"source": once})
    experiment = valid(evidence.experiment.model_copy(update={"data": changed}))
    return Remedy(Text("Keep each point once", "每个点只保留一次"), experiment)
