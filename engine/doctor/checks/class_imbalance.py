"""Classes of very different sizes. Guarded by tests/engine/test_doctor_data.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from engine.doctor.check import Check, Finding
from engine.doctor.evidence import Evidence
from engine.text import Text

UNEVEN, VERY_UNEVEN = 5.0, 20.0
"""How many times as large as the smallest class the largest one is: a notice, a warning."""


class ClassImbalance(Check):
    """A class with so few training samples that ignoring it costs next to nothing."""

    kind: Literal["class_imbalance"] = "class_imbalance"
    title = Text("Uneven classes", "类别不平衡")
    help = Text(
        "Where one class has far more samples than another, a network that never answers the rare "
        "one is right most of the time. Look at more than accuracy.",
        "某一类的样本远多于另一类时，从不回答稀有类的网络大多数时候也是对的。所以不要只看准确率。",
    )
    needs_numbers = False

    def examine(self, evidence: Evidence) -> Iterator[Finding]:
        """At most one finding. It has no remedy: only more samples would help."""
        counts, classes = evidence.data.class_counts, evidence.data.classes
        if len(counts) < 2:
            return
        most, least = int(counts.argmax()), int(counts.argmin())
        ratio = counts[most] / max(1, counts[least])
        if ratio < UNEVEN:
            return
        share = counts[most] / counts.sum()
        message = Text(
            f"The class “{classes[most].en}” has {counts[most]} training samples and "
            f"“{classes[least].en}” only {counts[least]}: whoever always answers the first is "
            f"right in {share:.0%} of the cases.",
            f"类别“{classes[most].zh}”有 {counts[most]} 个训练样本，而“{classes[least].zh}”"
            f"只有 {counts[least]} 个：总是回答前者，就有 {share:.0%} 的正确率。",
        )
        severity: Literal["warning", "notice"] = "warning" if ratio >= VERY_UNEVEN else "notice"
        yield Finding(self.kind, severity, None, "data.source", message)
