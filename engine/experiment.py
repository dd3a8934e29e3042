"""The one JSON document of a run. Experiment + seeds + step = exactly one state.

Guarded by tests/engine/test_experiment.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidationError

from engine.catalog import Strict, described, union_of
from engine.data.dataset import Source, Step
from engine.data.sources import Spiral
from engine.errors import from_validation_error
from engine.graph import Graph
from engine.losses import BinaryCrossEntropy, Loss
from engine.optimizers import Optimizer, StochasticGradientDescent
from engine.tasks import Supervised, Task
from engine.text import Text

if TYPE_CHECKING:
    AnyLoss = Loss
    AnyOptimizer = Optimizer
    AnySource = Source
    AnyStep = Step
    AnyTask = Task
else:
    AnyLoss = union_of(Loss)
    AnyOptimizer = union_of(Optimizer)
    AnySource = union_of(Source)
    AnyStep = union_of(Step)
    AnyTask = union_of(Task)

VERSION: Literal[1] = 1
LARGEST_SEED = 2**32 - 1
LARGEST_DOCUMENT = 1_000_000
"""Bytes of JSON; 2,000 hand-drawn points and 200 layers fit several times over."""


class Data(Strict):
    """Samples, the visible steps they go through, and the share kept for validation."""

    source: AnySource = Spiral()
    preprocessing: Annotated[tuple[AnyStep, ...], Field(max_length=8)] = ()
    validation_share: float = described(
        0.5,
        Text("Validation share", "验证集比例"),
        Text(
            "The share of samples that the network never learns from; they only measure it.",
            "网络从不用来学习、只用来检验的样本所占的比例。",
        ),
        minimum=0.0,
        maximum=0.9,
    )


class Regularization(Strict):
    """Penalties on weights (never on biases), added to every gradient."""

    l1: float = described(
        0.0,
        Text("L1", "L1 正则"),
        Text("Pulls every weight towards zero by a constant.", "以恒定的力把每个权重拉向零。"),
        minimum=0.0,
        maximum=10.0,
        scale="logarithmic",
    )
    l2: float = described(
        0.0,
        Text("L2", "L2 正则"),
        Text(
            "Pulls every weight towards zero in proportion to its size.",
            "按大小成比例地把每个权重拉向零。",
        ),
        minimum=0.0,
        maximum=10.0,
        scale="logarithmic",
    )


class Seeds(Strict):
    """Three independent sources of chance: the data, the initial weights, the order of batches."""

    data: int = Field(default=1, ge=0, le=LARGEST_SEED)
    weights: int = Field(default=1, ge=0, le=LARGEST_SEED)
    batches: int = Field(default=1, ge=0, le=LARGEST_SEED)


class Experiment(Strict):
    """Everything that decides a run; what a link shares and what a session builds."""

    version: Literal[1] = VERSION
    title: str = Field(default="", max_length=120)
    data: Data = Data()
    graph: Graph
    loss: AnyLoss = BinaryCrossEntropy()
    optimizer: AnyOptimizer = StochasticGradientDescent()
    regularization: Regularization = Regularization()
    batch_size: int = described(
        10,
        Text("Batch size", "批大小"),
        Text(
            "How many samples the network sees before each update of its weights.",
            "网络每更新一次权重之前看到的样本数。",
        ),
        minimum=1,
        maximum=4096,
        scale="logarithmic",
    )
    seeds: Seeds = Seeds()
    task: AnyTask = Supervised()

    def runs_like(self, other: Experiment) -> bool:
        """Whether both decide the same run: title and places on the canvas decide nothing."""
        return self._undrawn() == other._undrawn()

    def _undrawn(self) -> Experiment:
        nodes = tuple(node.model_copy(update={"position": None}) for node in self.graph.nodes)
        graph = self.graph.model_copy(update={"nodes": nodes})
        return self.model_copy(update={"title": "", "graph": graph})


def read(text: str | bytes) -> Experiment:
    """The experiment in a JSON document from outside.

    Raises:
        NeurariumError: naming the field, the value received and the values allowed.
    """
    try:
        return Experiment.model_validate_json(text)
    except ValidationError as error:
        raise from_validation_error(error, "experiment") from None
