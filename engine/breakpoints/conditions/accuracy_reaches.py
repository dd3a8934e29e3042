"""Stops when the network is good enough. Guarded by tests/engine/test_breakpoints.py."""

from __future__ import annotations

from typing import Literal

from engine.breakpoints.condition import Condition
from engine.breakpoints.probe import Probe
from engine.catalog import described
from engine.errors import NeurariumError
from engine.session import Session
from engine.text import Text


class AccuracyReaches(Condition):
    """The accuracy over a part of the data is at least a value, at every n-th step."""

    kind: Literal["accuracy_reaches"] = "accuracy_reaches"
    title = Text("Accuracy reaches", "准确率达到")
    help = Text(
        "Stops when the accuracy over a whole part of the data is at least this high. Measuring "
        "takes time, so it is done only every so many steps.",
        "当整个数据部分上的准确率达到该值时停止。测量需要时间，所以每隔若干步才测一次。",
    )
    accuracy: float = described(
        0.95,
        Text("Accuracy", "准确率"),
        Text("The share of samples classified rightly.", "分类正确的样本比例。"),
        minimum=0.0,
        maximum=1.0,
    )
    part: Literal["training", "validation"] = described(
        "validation",
        Text("Part", "数据部分"),
        Text("The samples that are measured.", "在哪些样本上测量。"),
        choices={
            "training": Text("training part", "训练集"),
            "validation": Text("validation part", "验证集"),
        },
    )
    every: int = described(
        2_000,
        Text("Every", "间隔"),
        Text(
            "It is measured at steps that are multiples of this. Small numbers slow training down.",
            "在步数是该数倍数时测量。数字越小，训练越慢。",
        ),
        minimum=1,
        maximum=1_000_000,
        unit=Text("steps", "步"),
        scale="logarithmic",
    )

    def due(self, step: int) -> int | None:
        """The next multiple of `every`."""
        return (step // self.every + 1) * self.every

    def is_met(self, probe: Probe) -> Text | None:
        """Measured now; never for a network whose numbers have run away."""
        if probe.diverged:
            return None
        reached = probe.metrics(self.part)["accuracy"]
        if reached < self.accuracy:
            return None
        names = {"training": "训练集", "validation": "验证集"}
        return Text(
            f"Step {probe.step:,}: the {self.part} accuracy is {reached:.2%}, at least "
            f"{self.accuracy:.2%}.",
            f"第 {probe.step} 步：{names[self.part]}准确率是 {reached:.2%}，"
            f"达到了 {self.accuracy:.2%}。",
        )

    def check_targets(self, session: Session) -> None:
        """Accuracy is for classification, and the part must exist.

        Raises:
            NeurariumError: `no_accuracy` or `no_such_part`.
        """
        if session.prepared.dataset.problem != "classification":
            raise NeurariumError(
                "no_accuracy",
                "accuracy",
                Text("There is no accuracy for values.", "预测数值时没有准确率。"),
                Text("Watch the loss instead.", "请改为观察损失。"),
            )
        if self.part == "validation" and session.material.validation is None:
            raise NeurariumError(
                "no_such_part",
                "part",
                Text("The data have no validation part.", "数据没有验证集。"),
                Text("Raise the validation share.", "请调大验证集比例。"),
                value=self.part,
                allowed=["training"],
            )
