"""One number of a parameter. Guarded by tests/engine/test_watches.py."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from engine.breakpoints.probe import Probe
from engine.breakpoints.targets import check_parameter, layer_field, parameter_field
from engine.breakpoints.watch import Watch
from engine.catalog import described
from engine.errors import NeurariumError
from engine.session import Session
from engine.text import Text

Place = Annotated[int, Field(ge=0, le=1_000_000)]


class ParameterValue(Watch):
    """One weight or bias, such as that from input 3 to unit 1."""

    kind: Literal["parameter_value"] = "parameter_value"
    title = Text("A weight or bias", "某个权重或偏置")
    help = Text("One number of a parameter.", "参数中的一个数。")
    layer: str = layer_field(Text("The layer concerned.", "所涉及的层。"))
    parameter: str = parameter_field()
    index: Annotated[tuple[Place, ...], Field(min_length=1, max_length=8)] = described(
        (0, 0),
        Text("Index", "下标"),
        Text(
            "Where it stands, counted from 0: unit and input for weights, unit for a bias.",
            "它的位置，从 0 数起：权重是单元和输入，偏置是单元。",
        ),
    )

    def value(self, probe: Probe) -> float:
        """The number itself."""
        return float(probe.parameter(f"{self.layer}.{self.parameter}")[self.index])

    def label(self) -> Text:
        places = ", ".join(map(str, self.index))
        name = f"{self.layer}.{self.parameter}[{places}]"
        return Text(name, name)

    def check_targets(self, session: Session) -> None:
        """The index must lie inside.

        Raises:
            NeurariumError: `unknown_layer`, `unknown_parameter` or `wrong_parameter_index`.
        """
        check_parameter(session, self.layer, self.parameter)
        shape = session.program.network.parameters[f"{self.layer}.{self.parameter}"].shape
        inside = len(self.index) == len(shape) and all(
            place < size for place, size in zip(self.index, shape, strict=True)
        )
        if not inside:
            raise NeurariumError(
                "wrong_parameter_index",
                "index",
                Text("There is no such number in this parameter.", "该参数中没有这个数。"),
                Text("Choose an index inside the shape.", "请选择形状范围内的下标。"),
                value=list(self.index),
                allowed=f"{shape}",
            )
