"""Every wire name, in one place. The page's TypeScript types are generated from this module.

Control messages are JSON text (few and small: validated by pydantic, native to the browser, no
library); pictures and numbers are binary frames. Guarded by tests/server/test_protocol.py.

A binary frame is little-endian: one header, then one record a tensor, then the tensors' raw bytes,
each starting on a multiple of `ALIGNMENT` bytes from the start of the frame.
"""

from __future__ import annotations

import struct
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, WithJsonSchema

from server.descriptions import describe_fields

PROTOCOL_VERSION = 1

HEADER_FIELDS = {
    "version": "B",
    "kind": "B",
    "tensors": "H",
    "sequence": "I",
    "revision": "I",
    "flags": "I",
    "step": "Q",
    "epoch": "d",
    "metrics_step": "d",
    "batch_loss": "f",
    "training_loss": "f",
    "training_accuracy": "f",
    "validation_loss": "f",
    "validation_accuracy": "f",
    "steps_per_second": "f",
}
"""Name → `struct` code. `kind` is `FRAME` or `SAMPLES`, `tensors` counts the records that follow.
NaN stands for "not measured"."""

RECORD_FIELDS = {
    "key": "H",
    "dtype": "B",
    "dimensions": "B",
    "size0": "I",
    "size1": "I",
    "size2": "I",
    "size3": "I",
    "low": "f",
    "high": "f",
    "offset": "I",
    "length": "I",
}
"""Name → `struct` code. `dtype` is `FLOAT32` or `UINT8`; `offset` and `length` are bytes of the
frame. A `UINT8` element `q` means `low + (high - low) * q / 255`."""

HEADER = struct.Struct("<" + "".join(HEADER_FIELDS.values()))
RECORD = struct.Struct("<" + "".join(RECORD_FIELDS.values()))
ALIGNMENT = 8
"""Every tensor starts on a multiple of so many bytes."""

FRAME, SAMPLES = 1, 2
FLOAT32, UINT8 = 0, 1
RUNNING, DIVERGED = 1, 2
"""Bits of the header's flags."""


LARGEST_NUMBER = 2**53 - 1
"""Whole numbers up to here are exact in JavaScript."""

Count = Annotated[int, Field(ge=0, le=LARGEST_NUMBER)]


class Message(BaseModel):
    """Base of everything that is sent as JSON."""

    model_config = ConfigDict(
        extra="forbid", allow_inf_nan=False, json_schema_extra=describe_fields
    )


class Words(Message):
    """One text in both languages."""

    en: str
    zh: str


Document = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "typescript": "Experiment"})]
"""An experiment; validated by the engine, which knows its families."""


class Problem(Message):
    """The one error shape, for HTTP and for the websocket."""

    code: str
    where: str
    message: Words
    hint: Words
    value: str | None = None
    allowed: str | None = None


# --- what the page sends --------------------------------------------------------------------------


class Hello(Message):
    """First message on a connection: open a session, or make one from a preset or document."""

    type: Literal["hello"] = "hello"
    protocol: int
    session: str | None = Field(default=None, max_length=64)
    token: str | None = Field(default=None, max_length=64)
    """Capability to edit `session`; without it the session can only be watched."""
    preset: str | None = Field(default=None, max_length=40)
    experiment: Document | None = None
    history_after: float = -1.0
    """The last step of the curves that the page has; only later points are sent."""
    history_run: int = 0
    """`History.run` of those curves; of another run all points are sent."""


class Acknowledge(Message):
    """The page has taken frame `sequence`; the server may send the newest one."""

    type: Literal["acknowledge"] = "acknowledge"
    sequence: Count


class Subscribe(Message):
    """Which tensors of layout `revision` are in view, and how often they are wanted at most."""

    type: Literal["subscribe"] = "subscribe"
    revision: Count
    tensors: list[Annotated[int, Field(ge=0, le=65535)]] = Field(max_length=2000)
    rate: float = Field(default=30.0, gt=0, le=60)
    """Frames a second."""


class Command(Message):
    """Base of messages that are answered by a `Reply` with the same `request`."""

    # A document's NaN has to reach the engine, which tells where it stands.
    model_config = ConfigDict(ser_json_inf_nan="constants")

    request: Count


class Play(Command):
    """Train until paused. `steps_per_second` is `null` for as fast as possible."""

    type: Literal["play"] = "play"
    steps_per_second: float | None = Field(default=None, gt=0, le=1e7)


class Pause(Command):
    """Stop at the next step boundary."""

    type: Literal["pause"] = "pause"


class Step(Command):
    """Train `count` batches or epochs, then pause."""

    type: Literal["step"] = "step"
    level: Literal["batch", "epoch"] = "batch"
    count: int = Field(default=1, ge=1, le=10_000)


class Reset(Command):
    """Back to step 0 with the same seeds: the same run again."""

    type: Literal["reset"] = "reset"


class Reseed(Command):
    """Back to step 0 with new seeds for the named sources of chance."""

    type: Literal["reseed"] = "reseed"
    seeds: list[Literal["data", "weights", "batches"]] = Field(min_length=1, max_length=3)


class Edit(Command):
    """Replace the experiment; unchanged layers keep what they learned."""

    type: Literal["edit"] = "edit"
    experiment: Document


class SetParameter(Command):
    """Set one weight or bias by hand: `parameter` is `<layer>.weights` or `<layer>.bias`."""

    type: Literal["set_parameter"] = "set_parameter"
    parameter: str = Field(max_length=100)
    index: list[Count] = Field(min_length=1, max_length=4)
    value: float = Field(ge=-1e6, le=1e6)


class Inspect(Command):
    """Choose the sample whose activations are streamed: of the data, or drawn by hand."""

    type: Literal["inspect"] = "inspect"
    part: Literal["training", "validation"] = "validation"
    sample: Count | None = None
    values: list[float] | None = Field(default=None, max_length=100_000)


class GoBack(Command):
    """After divergence: return to the last healthy checkpoint, paused."""

    type: Literal["go_back"] = "go_back"


ClientMessage = Annotated[
    Hello
    | Acknowledge
    | Subscribe
    | Play
    | Pause
    | Step
    | Reset
    | Reseed
    | Edit
    | SetParameter
    | Inspect
    | GoBack,
    Field(discriminator="type"),
]
CLIENT_MESSAGE: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)


# --- what the server sends ------------------------------------------------------------------------


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
    divergence: Divergence | None = None


class History(Message):
    """Points of the curves, oldest first; `null` where a metric was not measured."""

    type: Literal["history"] = "history"
    restart: bool
    """True when earlier points are void (a reset, or another session state)."""
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


class ProblemMessage(Message):
    """A refusal that belongs to no command, such as an unreadable message."""

    type: Literal["problem"] = "problem"
    problem: Problem
    fatal: bool
    """True when the connection is closed after it."""


ServerMessage = Annotated[
    Welcome
    | Layout
    | ExperimentMessage
    | Status
    | History
    | Inspected
    | HostNotice
    | Reply
    | ProblemMessage,
    Field(discriminator="type"),
]
SERVER_MESSAGE: TypeAdapter[ServerMessage] = TypeAdapter(ServerMessage)
