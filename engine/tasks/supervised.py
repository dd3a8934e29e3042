"""Learning from samples with known answers."""

from __future__ import annotations

from typing import Literal

from engine.program.builder import Builder, Samples
from engine.program.program import Program
from engine.tasks.task import Plan, Task
from engine.text import Text


class Supervised(Task):
    """gather → forward → loss → backward → update."""

    kind: Literal["supervised"] = "supervised"
    title = Text("Supervised learning", "监督学习")
    help = Text(
        "Every sample comes with its right answer; the network learns to give it.",
        "每个样本都带有正确答案；网络学着给出它。",
    )

    def training(self, plan: Plan, samples: Samples) -> Program:
        builder = Builder(plan.graph, plan.batch, plan.dtype, training=True)
        targets = builder.gather(samples, shuffled=True)
        builder.forward()
        builder.loss(plan.loss, targets)
        builder.backward()
        builder.update(plan.optimizer, plan.penalties)
        return builder.finish()

    def evaluation(self, plan: Plan, samples: Samples, batch: int) -> Program:
        builder = Builder(plan.graph, batch, plan.dtype, training=False)
        targets = builder.gather(samples, shuffled=False)
        builder.forward()
        builder.loss(plan.loss, targets)
        return builder.finish()

    def forward(self, plan: Plan, batch: int) -> Program:
        builder = Builder(plan.graph, batch, plan.dtype, training=False)
        builder.forward()
        builder.prediction(plan.loss)
        return builder.finish()
