"""What the server sends as text. Guarded by tests/server/test_protocol.py."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from server.protocol.analysing import (
    FindingNote,
    GradientCheck,
    InputComparison,
    StepCost,
    UnitWorth,
)
from server.protocol.explaining import Explanation, Instruction, OperandValues
from server.protocol.twinning import TwinLayer, TwinState
from server.protocol.watching import Breakpoints, Watches, WatchValues
from server.protocol.words import Document, Message, Problem, Words


class LimitsInForce(Message):
    """Limits of this server that the page shows beside its controls."""

    parameters: int
    units: int
    samples: int
    message_bytes: int


class Welcome(Message):
    """Answer to `Hello`."""

    type: Literal["welcome"] = "welcome"
    protocol: int
    version: str
    session: str
    token: str | None
    """Given once, to whoever made the session."""
    can_edit: bool
    limits: LimitsInForce


class LayerLayout(Message):
    """What the engine made of one layer."""

    name: str
    kind: str
    shape: list[int]
    """Of its output, without the batch."""
    inputs: list[str]
    parameters: int
    map_scale: float | None = None
    """`tanh`-like layers have a fixed range; otherwise `null` and each frame carries its own."""


class TensorLayout(Message):
    """One tensor that can be subscribed; its `key` in frames is its place in `Layout.tensors`."""

    layer: str
    quantity: Literal[
        "map",
        "activation",
        "weights",
        "bias",
        "weight_gradient",
        "bias_gradient",
        "link",
        "prediction",
    ]
    shape: list[int]
    dtype: Literal["float32", "uint8"]


class Layout(Message):
    """Sent whenever the network or its data change, before the first frame of that `revision`."""

    type: Literal["layout"] = "layout"
    revision: int
    layers: list[LayerLayout]
    tensors: list[TensorLayout]
    problem: Literal["classification", "regression"]
    classes: list[Words]
    features: list[Words]
    """Names of what the network sees, after preprocessing; empty for pictures."""
    raw_features: list[Words]
    """Names of what the data hold and the plane shows, before preprocessing."""
    raw_shape: list[int]
    """Shape of one sample before preprocessing."""
    domain: list[list[float]] | None
    """`[low, high]` of each axis of the input plane or line."""
    resolution: int
    """Cells of a map along one axis."""
    training_samples: int
    validation_samples: int
    gallery: list[int]
    """Validation samples whose predictions are in tensor `prediction`."""
    steps_per_epoch: float


class Listing(Message):
    """The program that one training step of layout `revision` consists of."""

    type: Literal["listing"] = "listing"
    revision: int
    instructions: list[Instruction]


class Findings(Message):
    """What the doctor has to say, the worst first; sent whenever that changes."""

    type: Literal["findings"] = "findings"
    step: int
    findings: list[FindingNote]


class ExperimentMessage(Message):
    """The experiment that is running now."""

    type: Literal["experiment"] = "experiment"
    revision: int
    experiment: Document


class Divergence(Message):
    """Where training went to NaN or infinity."""

    step: int
    row: int
    operation: str
    layer: str
    message: Words
    healthy_step: int
    """The checkpoint that `go_back` returns to."""


class Status(Message):
    """What the session is doing."""

    type: Literal["status"] = "status"
    status: Literal["running", "paused", "diverged"]
    steps_per_second: float | None
    """The pace asked for; `null` is as fast as possible."""
    step: int
    epoch: float
    row: int = 0
    """Instructions of the next step that are done; 0 between two steps."""
    sample: int | None = None
    """The sample of the batch that is looked at while stepping from one to the next."""
    branch: int = 1
    motion: Literal["instruction", "layer", "sample", "batch"] | None = None
    """The level of slow motion while that runs."""
    divergence: Divergence | None = None
    stopped: Words | None = None
    """Why training stopped, where a breakpoint did that."""


class BranchInfo(Message):
    """One line of the history."""

    number: int
    parent: int | None
    fork: int
    """The step at which it left its parent."""
    start: int
    """The first step of its own that can be visited."""
    end: int
    """The farthest step that it reached."""
    cause: Words
    """What was changed where it begins."""
    changes: list[int]
    """Steps at which something was changed on it."""


class TimelineMessage(Message):
    """The whole history of the session; `end` of the present branch grows with each frame."""

    type: Literal["timeline"] = "timeline"
    current: int
    branches: list[BranchInfo]
    moments: int
    """How many are kept; the steps between them are found by replaying."""
    bytes: int
    budget: int


class History(Message):
    """Points of one branch's curves, oldest first; `null` where a metric was not measured."""

    type: Literal["history"] = "history"
    branch: int = 1
    restart: bool
    """True when all earlier points are void, those of other branches too."""
    run: int
    """Grows with each restart; a page that connects again tells the one it knows."""
    step: list[int]
    epoch: list[float]
    training_loss: list[float | None]
    training_accuracy: list[float | None]
    validation_loss: list[float | None]
    validation_accuracy: list[float | None]


class Inspected(Message):
    """The sample whose activations are streamed."""

    type: Literal["inspected"] = "inspected"
    part: Literal["training", "validation", "drawn"]
    sample: int | None
    target: float | None
    """Its class number, or its value; `null` for a drawn one."""


class HostNotice(Message):
    """The engine host stopped and another took its place."""

    type: Literal["host"] = "host"
    event: Literal["lost", "restored"]
    step: int | None
    message: Words


class Reply(Message):
    """Answer to a command: `problem` says why it was refused."""

    type: Literal["reply"] = "reply"
    request: int
    problem: Problem | None = None
    explanation: Explanation | None = None
    """Of an `explain`."""
    operands: list[OperandValues] | None = None
    """Of a `look`."""
    gradients: list[GradientCheck] | None = None
    """Of `check_gradients`."""
    cost: StepCost | None = None
    """Of `measure_cost`."""
    units: list[UnitWorth] | None = None
    """Of `rank_units`, the most important one first."""
    comparison: InputComparison | None = None
    """Of `compare_inputs`."""
    twin_layer: TwinLayer | None = None
    """Of `compare_layer`."""


class ProblemMessage(Message):
    """A refusal that belongs to no command, such as an unreadable message."""

    type: Literal["problem"] = "problem"
    problem: Problem
    fatal: bool
    """True when the connection is closed after it."""


ServerMessage = Annotated[
    Welcome
    | Layout
    | Listing
    | Findings
    | Breakpoints
    | Watches
    | WatchValues
    | ExperimentMessage
    | Status
    | TimelineMessage
    | History
    | Inspected
    | TwinState
    | HostNotice
    | Reply
    | ProblemMessage,
    Field(discriminator="type"),
]
SERVER_MESSAGE: TypeAdapter[ServerMessage] = TypeAdapter(ServerMessage)
