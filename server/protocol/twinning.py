"""A second run with one difference, and what sets both apart.

Guarded by tests/server/test_protocol.py.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from server.protocol.words import Message, Words

MOST_COMPARED = 65_536
"""Numbers of one parameter that are sent side by side."""

Numbers = Annotated[list[float | None], Field(max_length=MOST_COMPARED)]
"""Row by row; `null` where a number isn't finite."""


class Apart(Message):
    """How far the twin's numbers are from those of the first run; `null` where not finite."""

    size: float | None
    """√(Σ a²) of the first run's numbers a."""
    norm: float | None
    """√(Σ (b − a)²) with the twin's numbers b."""
    relative: float | None
    """`norm / size`."""
    largest: float | None
    """The b − a that is farthest from 0."""
    index: list[int]
    """Where that stands."""


class ParameterApart(Message):
    """One parameter of a layer, such as its weights."""

    parameter: str
    shape: list[int]
    apart: Apart


class LayerApart(Message):
    """A layer that both networks have in the same shape."""

    layer: str
    shape: list[int]
    parameters: list[ParameterApart]
    activation: Apart | None
    """For the sample that is looked at; `null` where both see other data."""


class LayerUnlike(Message):
    """A layer that isn't compared."""

    layer: str
    reason: Words


class Measured(Message):
    """How well one of both does; `null` where not measured or not finite."""

    batch_loss: float | None
    loss: float | None
    accuracy: float | None


class TwinComparison(Message):
    """What sets both apart, standing at the same step."""

    layers: list[LayerApart]
    unlike: list[LayerUnlike]
    part: Literal["training", "validation"]
    """What `mine` and `twin` are measured on, at most its first 2,000 samples."""
    samples: int
    """How many predictions were compared; 0 where both see other data."""
    differing: int | None
    """How many samples both judge differently; `null` for regression."""
    mine: Measured
    twin: Measured
    mine_prediction: list[float | None] | None
    """For the sample that is looked at: a number for every class, or values."""
    twin_prediction: list[float | None] | None


class TwinInfo(Message):
    """A twin and how it stands."""

    difference: Words
    """In a few words."""
    branch: int | None
    """The branch that it goes along with, if that is what it does."""
    from_step: int
    """Where it begins."""
    stand: Literal["together", "catching_up", "before", "diverged"]
    """Both stand at the same step; it is on its way; it begins at `first_step`; it got no
    farther than `step`."""
    step: int
    row: int
    target: int
    """The step of the first run."""
    first_step: int
    """The first step from `target` on at which it can stand."""
    comparison: TwinComparison | None
    """`null` unless both stand together."""


class TwinState(Message):
    """Sent whenever something about the twin is new."""

    type: Literal["twin"] = "twin"
    twin: TwinInfo | None
    """`null` when there is none."""


class Pair(Message):
    """The same numbers of both runs."""

    name: str
    """`weights` or `bias`; `output` and `plane` for what a layer gives."""
    shape: list[int]
    mine: Numbers
    twin: Numbers


class TwinLayer(Message):
    """One layer of both runs, number by number."""

    layer: str
    step: int
    row: int
    parameters: list[Pair]
    activation: Pair | None
    """For the sample that is looked at; `null` where both see other data."""
    plane: Pair | None
    """Of the last layer: the class that each one chooses in every cell of the input plane, row by
    row from the top."""
