"""Refusing layers and parameters that a network doesn't have.

Guarded by tests/engine/test_breakpoints.py and tests/engine/test_watches.py.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

from engine.catalog import described
from engine.errors import NeurariumError
from engine.session import Session
from engine.text import Text


def layer_field(help: Text, everywhere: Text | None = None) -> Any:
    """The field that names a layer; `everywhere` says what leaving it empty means."""
    choices = None if everywhere is None else {"": everywhere}
    return described("", Text("Layer", "层"), help, names="layer", choices=choices)


def parameter_field() -> Any:
    """The field that names one of a layer's parameters."""
    help = Text(
        "Which of the layer's parameters, such as weights or bias.",
        "该层的哪个参数，例如 weights（权重）或 bias（偏置）。",
    )
    return described("weights", Text("Parameter", "参数"), help, names="parameter")


def learning_layers(session: Session) -> list[str]:
    """Layers with parameters, in order of computation."""
    return list(dict.fromkeys(key.rpartition(".")[0] for key in session.program.network.parameters))


class Targeted(Protocol):
    """A condition or a watch."""

    def check_targets(self, session: Session) -> None:
        """Refuse what this session doesn't have."""


def problem_of(item: Targeted, session: Session) -> NeurariumError | None:
    """Why a condition or watch doesn't fit a session's network; `None` if it does."""
    try:
        item.check_targets(session)
    except NeurariumError as error:
        return error
    return None


def check_layer(layer: str, allowed: Collection[str]) -> None:
    """Refuse a layer that isn't among `allowed`.

    Raises:
        NeurariumError: `unknown_layer`.
    """
    if layer not in allowed:
        raise NeurariumError(
            "unknown_layer",
            "layer",
            Text(f"This can't be watched in a layer “{layer}”.", f"无法在层“{layer}”中观察它。"),
            Text("Choose one of the layers listed.", "请从列出的层中选择。"),
            value=layer,
            allowed=list(allowed),
        )


def check_parameter(session: Session, layer: str, parameter: str) -> None:
    """Refuse a parameter that the network doesn't have.

    Raises:
        NeurariumError: `unknown_layer` or `unknown_parameter`.
    """
    check_layer(layer, learning_layers(session))
    known = [
        key.rpartition(".")[2]
        for key in session.program.network.parameters
        if key.rpartition(".")[0] == layer
    ]
    if parameter not in known:
        raise NeurariumError(
            "unknown_parameter",
            "parameter",
            Text(
                f"Layer “{layer}” has no parameter “{parameter}”.",
                f"层“{layer}”没有参数“{parameter}”。",
            ),
            Text("Choose one of those listed.", "请从列出的参数中选择。"),
            value=parameter,
            allowed=known,
        )
