"""What a unit gives on average. Guarded by tests/engine/test_watches.py."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.breakpoints.probe import Probe
from engine.breakpoints.targets import check_layer, layer_field
from engine.breakpoints.watch import Watch
from engine.catalog import described
from engine.errors import NeurariumError
from engine.session import Session
from engine.text import Text


class UnitActivation(Watch):
    """Mean output of one unit over the last batch."""

    kind: Literal["unit_activation"] = "unit_activation"
    title = Text("Mean activation of a unit", "单元的平均激活值")
    help = Text(
        "What a unit gave on average over the samples of the last batch.",
        "单元在上一个批次各样本上的平均输出。",
    )
    layer: str = layer_field(Text("The layer concerned.", "所涉及的层。"))
    unit: int = described(
        0,
        Text("Unit", "单元"),
        Text("Which unit, counted from 0.", "第几个单元，从 0 数起。"),
        minimum=0,
        maximum=1_000_000,
    )

    def value(self, probe: Probe) -> float:
        """In double precision."""
        outputs = probe.view(probe.network.outputs[self.layer])
        return float(outputs[self.unit].mean(dtype=np.float64))

    def label(self) -> Text:
        name = f"{self.layer}[{self.unit}]"
        return Text(f"mean {name}", f"{name} 均值")

    def check_targets(self, session: Session) -> None:
        """The unit must exist.

        Raises:
            NeurariumError: `unknown_layer` or `unknown_unit`.
        """
        outputs = session.program.network.outputs
        check_layer(self.layer, list(outputs))
        units = outputs[self.layer].shape[0]
        if self.unit >= units:
            raise NeurariumError(
                "unknown_unit",
                "unit",
                Text(
                    f"Layer “{self.layer}” has {units} units, counted from 0.",
                    f"层“{self.layer}”有 {units} 个单元，从 0 数起。",
                ),
                Text("Choose a smaller number.", "请选择较小的数。"),
                value=self.unit,
                allowed=f"0 … {units - 1}",
            )
