"""What the doctor finds, and what a network is asked: gradients, costs, units, nudged inputs.

Guarded by tests/server/test_protocol.py.
"""

from __future__ import annotations

from typing import Literal

from server.protocol.words import Document, Message, Words


class RemedyOffer(Message):
    """A changed experiment that is worth trying in a branch."""

    label: Words
    experiment: Document


class FindingNote(Message):
    """One thing that the doctor noticed."""

    check: str
    title: Words
    help: Words
    severity: Literal["notice", "warning", "serious"]
    layer: str | None
    control: str | None
    """Path of the experiment's field concerned, such as `optimizer.learning_rate`."""
    message: Words
    """What was seen, with the numbers."""
    remedy: RemedyOffer | None


class GradientCheck(Message):
    """How the gradient of one parameter compares with finite differences in float64."""

    layer: str
    parameter: str
    checked: int
    skipped: int
    """Elements at a kink, where the loss has no slope."""
    worst_error: float | None
    """Relative; `null` where it isn't finite."""
    worst_index: list[int] | None
    analytic: float | None
    numeric: float | None
    ok: bool


class LayerWork(Message):
    """What one layer, or one phase of a step, costs."""

    layer: str
    """Empty for a phase that belongs to no layer."""
    parameters: int
    activations: int
    """Numbers that it gives for one sample."""
    memory_bytes: int
    forward_multiply_adds: float
    """For one sample."""
    backward_multiply_adds: float
    forward_seconds: float
    """Of one step, measured."""
    backward_seconds: float


class StepCost(Message):
    """What one training step costs."""

    batch: int
    layers: list[LayerWork]
    data_seconds: float
    loss_seconds: float
    update_seconds: float
    seconds: float


class UnitWorth(Message):
    """What the network loses without one unit."""

    layer: str
    unit: int
    loss: float | None
    change: float | None
    """How much higher the loss is; negative where the network does better without the unit."""


class LayerShift(Message):
    """How far the outputs of one layer moved from one input to another."""

    layer: str
    distance: float | None
    """Euclidean length of the change, ‖a′ − a‖; `null` where it isn't finite."""
    length: float | None
    """That of the outputs for the first input, ‖a‖."""
    unit: int
    """The output that moved most, counted through the layer's shape row by row."""
    before: float | None
    after: float | None


class InputComparison(Message):
    """What the network makes of two inputs, with the same parameters."""

    step: int
    before: list[float | None]
    """The prediction for the first input: one probability a class, or the values."""
    after: list[float | None]
    layers: list[LayerShift]
    """Without those that only pass on what arrives; of the last one what a person sees."""
