"""What the page sends. Guarded by tests/server/test_protocol.py."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from server.protocol.explaining import Quantity
from server.protocol.words import LARGEST_NUMBER, Count, Document, Message


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


class SlowMotion(Command):
    """Go from stop to stop of a level at a pace, until paused."""

    type: Literal["slow_motion"] = "slow_motion"
    level: Literal["instruction", "layer", "sample", "batch"]
    stops_per_second: float = Field(gt=0, le=60)


class Pause(Command):
    """Stop at the next step boundary."""

    type: Literal["pause"] = "pause"


class Step(Command):
    """Go on by `count` instructions, layers, samples, batches or epochs, then pause.

    A layer is a run of instructions of one layer in one phase. A sample is the next one of the
    present batch, with everything computed but the update; the update follows the last one.
    """

    type: Literal["step"] = "step"
    level: Literal["instruction", "layer", "sample", "batch", "epoch"] = "batch"
    count: int = Field(default=1, ge=1, le=10_000)
    back: bool = False
    """True undoes as much: everything is as it was then."""


class Visit(Command):
    """Go to any moment of the history, paused; everything is as it was then."""

    type: Literal["visit"] = "visit"
    step: Count
    row: int = Field(default=0, ge=0, le=100_000)
    """Instructions of the next step that are done."""
    branch: int | None = Field(default=None, ge=1, le=LARGEST_NUMBER)
    """The present one if left out."""


class Fork(Command):
    """Begin a branch at the present moment, without any change."""

    type: Literal["fork"] = "fork"


class RemoveBranch(Command):
    """Forget a branch that nothing has left and where the session isn't."""

    type: Literal["remove_branch"] = "remove_branch"
    branch: int = Field(ge=1, le=LARGEST_NUMBER)


class Explain(Command):
    """Say how one number came about; the reply carries the explanation."""

    type: Literal["explain"] = "explain"
    quantity: Quantity
    of: Literal["batch", "inspected"] = "batch"
    """The batch of the step in progress (or the last one), or the sample that is looked at."""


class Look(Command):
    """Show the numbers that an instruction reads and fills; the reply carries them."""

    type: Literal["look"] = "look"
    row: int = Field(ge=0, le=100_000)


class CheckGradients(Command):
    """Compare the network's gradients with finite differences; the reply carries the outcome."""

    type: Literal["check_gradients"] = "check_gradients"


class MeasureCost(Command):
    """Count and time what each layer costs; the reply carries it."""

    type: Literal["measure_cost"] = "measure_cost"


class RankUnits(Command):
    """Say what the network would lose without each unit; the reply carries it."""

    type: Literal["rank_units"] = "rank_units"


class SetBreakpoints(Command):
    """Stop at these conditions from now on, and at no others.

    A condition that doesn't fit the network is refused, unless it was among them before.
    """

    type: Literal["set_breakpoints"] = "set_breakpoints"
    breakpoints: list[Document] = Field(max_length=20)
    """Of the catalog's family `condition`."""
    lenient: bool = False
    """True leaves out for the time being what doesn't fit, and refuses nothing for that."""


class SetWatches(Command):
    """Watch these numbers from now on, and no others; refused as `SetBreakpoints` is."""

    type: Literal["set_watches"] = "set_watches"
    watches: list[Document] = Field(max_length=12)
    """Of the catalog's family `watch`."""
    lenient: bool = False


class CompareInputs(Command):
    """Say what changes from one input to another; both are raw numbers. The reply carries it."""

    type: Literal["compare_inputs"] = "compare_inputs"
    original: list[float] = Field(max_length=100_000)
    changed: list[float] = Field(max_length=100_000)


class StartTwin(Command):
    """Begin a second run beside this one; a twin that there is gives way.

    With `experiment` it trains that, from `from_step` on. With `branch` alone it goes as that
    branch went, with all that was changed there by hand.
    """

    type: Literal["start_twin"] = "start_twin"
    experiment: Document | None = None
    branch: int | None = Field(default=None, ge=1, le=LARGEST_NUMBER)
    """With an experiment: the branch that `from_step` lies on; the present one if left out."""
    from_step: Count = 0
    """0 begins a run of its own; later it is as if this one had been edited at that step."""


class EndTwin(Command):
    """Give the second run up."""

    type: Literal["end_twin"] = "end_twin"


class CompareLayer(Command):
    """Put the numbers of one layer of both runs side by side; the reply carries them."""

    type: Literal["compare_layer"] = "compare_layer"
    layer: str = Field(max_length=100)


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
    | SlowMotion
    | Pause
    | Step
    | Visit
    | Fork
    | RemoveBranch
    | Explain
    | Look
    | CheckGradients
    | MeasureCost
    | RankUnits
    | SetBreakpoints
    | SetWatches
    | CompareInputs
    | StartTwin
    | EndTwin
    | CompareLayer
    | Reset
    | Reseed
    | Edit
    | SetParameter
    | Inspect
    | GoBack,
    Field(discriminator="type"),
]
CLIENT_MESSAGE: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)
