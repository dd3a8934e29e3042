"""Looks into a network on request: gradients, costs, which units matter, what a nudge changes.

Guarded by tests/server/test_analysing.py.
"""

from __future__ import annotations

from math import isfinite

from engine import Session
from engine.insight.ablation import rank_units
from engine.insight.cost import Cost, LayerCost, cost_of
from engine.insight.gradient_check import LayerCheck, check_gradients
from engine.insight.nudging import compare_inputs
from server.protocol import (
    CompareInputs,
    GradientCheck,
    InputComparison,
    LayerShift,
    LayerWork,
    StepCost,
    UnitWorth,
)

MOST_UNITS = 500
"""Units that are told of; the most important ones."""


def gradients_of(session: Session) -> list[GradientCheck]:
    """Every parameter's gradient compared with finite differences.

    Raises:
        NeurariumError: the parameters aren't finite, or a float64 network is above the limits.
    """
    return [_gradient_check(one) for one in check_gradients(session)]


def _gradient_check(found: LayerCheck) -> GradientCheck:
    return GradientCheck(
        layer=found.layer,
        parameter=found.parameter,
        checked=found.checked,
        skipped=found.skipped,
        worst_error=_finite(found.worst_error),
        worst_index=None if found.worst_index is None else list(found.worst_index),
        analytic=_finite(found.analytic),
        numeric=_finite(found.numeric),
        ok=found.ok,
    )


def cost_message(session: Session) -> StepCost:
    """What each layer costs."""
    cost: Cost = cost_of(session)
    return StepCost(
        batch=cost.batch,
        layers=[_layer_work(layer) for layer in cost.layers],
        data_seconds=cost.data.seconds,
        loss_seconds=cost.loss.seconds,
        update_seconds=cost.update.seconds,
        seconds=cost.seconds,
    )


def _layer_work(layer: LayerCost) -> LayerWork:
    return LayerWork(
        layer=layer.layer,
        parameters=layer.parameters,
        activations=layer.activations,
        memory_bytes=layer.memory_bytes,
        forward_multiply_adds=layer.forward.multiply_adds,
        backward_multiply_adds=layer.backward.multiply_adds,
        forward_seconds=layer.forward.seconds,
        backward_seconds=layer.backward.seconds,
    )


def units_of(session: Session) -> list[UnitWorth]:
    """What the network would lose without each unit, the most important one first."""
    return [
        UnitWorth(
            layer=one.layer, unit=one.unit, loss=_finite(one.loss), change=_finite(one.change)
        )
        for one in rank_units(session)[:MOST_UNITS]
    ]


def comparison_of(session: Session, command: CompareInputs) -> InputComparison:
    """What changes from one input to another.

    Raises:
        NeurariumError: too many or too few numbers, or one that the network can't take.
    """
    found = compare_inputs(session, command.original, command.changed)
    return InputComparison(
        step=found.step,
        before=[_finite(value) for value in found.before],
        after=[_finite(value) for value in found.after],
        layers=[
            LayerShift(
                layer=shift.layer,
                distance=_finite(shift.distance),
                length=_finite(shift.length),
                unit=shift.unit,
                before=_finite(shift.before),
                after=_finite(shift.after),
            )
            for shift in found.layers
        ],
    )


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
