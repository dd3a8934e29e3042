"""What a layer is.

Guarded by tests/engine/test_catalog*.py, which walk all of them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.arithmetic.live import Index, Live
from engine.arithmetic.sums import Account, Sum
from engine.catalog import Described
from engine.errors import GraphError
from engine.initializers import Initializer
from engine.instructions import Block, Emitter
from engine.text import Text

Shape = tuple[int, ...]
"""Of one sample, without the batch: `(features,)` or `(height, width)`."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Parameter:
    """A learned array of a layer.

    Attributes:
        name: `weights` or `bias`.
        shape: PyTorch's orientation, weights are `(out, in)`.
        initializer: how it begins.
        fan: (inputs, outputs) of one unit's connections.
        regularized: whether L1 and L2 apply (to weights, never to biases).
    """

    name: str
    shape: Shape
    initializer: Initializer
    fan: tuple[int, int]
    regularized: bool


@dataclass
class Site:
    """One layer's place in a program: the blocks it reads and writes.

    Attributes:
        inputs: outputs of the layers before, each `(*shape, batch)`.
        output: this layer's output.
        parameters, gradients: by parameter name.
        input_gradients: where to store the gradient by each input; `None` where nobody needs it.
        output_gradient: gradient by the output; `None` in forward-only programs.
        training: False in probes and evaluations, where dropout is the identity.
        memory: blocks that the forward rows keep for the backward rows.
        frozen: whether nobody needs `gradients`.
    """

    inputs: tuple[Block, ...]
    output: Block
    parameters: dict[str, Block]
    gradients: dict[str, Block]
    training: bool
    input_gradients: tuple[Block | None, ...] = ()
    output_gradient: Block | None = None
    memory: dict[str, Block] = field(default_factory=dict)
    frozen: bool = False


class Layer(Described):
    """One stage of a network."""

    family: ClassVar[str] = "layer"
    input_ports: ClassVar[tuple[str, ...]] = ("input",)
    output_ports: ClassVar[tuple[str, ...]] = ("output",)
    variadic: ClassVar[bool] = False
    """Whether its one input port takes any number of edges (at least two make sense)."""
    is_view: ClassVar[bool] = False
    """Whether the output is the input's memory under another shape; such a layer has no rows."""

    @classmethod
    def traits(cls) -> dict[str, Any]:
        return {
            "ports": {
                "inputs": list(cls.input_ports),
                "outputs": list(cls.output_ports),
                "variadic": cls.variadic,
            }
        }

    @abstractmethod
    def infer(self, name: str, inputs: Sequence[Shape]) -> Shape:
        """Shape of the output.

        Raises:
            GraphError: the inputs don't fit; it names the layer, the shapes met and what would fit.
        """

    def parameters(self, inputs: Sequence[Shape]) -> tuple[Parameter, ...]:
        """What the layer learns."""
        return ()

    def output_span(self) -> tuple[float, float] | None:
        """The values its units can give, where they are bounded."""
        return None

    def emit_forward(self, emitter: Emitter, site: Site) -> None:
        """Rows that compute `site.output`."""

    def emit_backward(self, emitter: Emitter, site: Site) -> None:
        """Rows that fill `site.gradients` and every `site.input_gradients` that isn't `None`."""

    @abstractmethod
    def explain_output(self, live: Live, index: Index, sample: int) -> Account:
        """How one output came about."""

    def explain_input_gradient(self, live: Live, port: int, index: Index, sample: int) -> Sum:
        """What this layer sends back to one number of its input `port`: a sum over paths.

        Views send nothing of their own; every other layer that has inputs answers.
        """
        raise NotImplementedError(f"{type(self).__name__} doesn't explain its input's gradient")

    def sum_blocks(self) -> tuple[str, str] | None:
        """Which of its blocks hold the weighted sums and the gradient by them, if it has any."""
        return None

    def explain_sum(self, live: Live, index: Index, sample: int) -> Account:
        """How one weighted sum came about; for layers with `sum_blocks`."""
        raise NotImplementedError(f"{type(self).__name__} doesn't explain its sums")

    def explain_sum_gradient(self, live: Live, index: Index, sample: int) -> Sum:
        """The gradient by one weighted sum; for layers with `sum_blocks`."""
        raise NotImplementedError(f"{type(self).__name__} doesn't explain its sums' gradient")

    def explain_parameter_gradient(self, live: Live, parameter: str, index: Index) -> Sum:
        """The gradient by one number of a parameter, as a sum over the batch; for layers that
        learn.
        """
        raise NotImplementedError(f"{type(self).__name__} doesn't explain its gradients")

    def call_parameter(self, live: Live, parameter: str, index: Index) -> Text:
        """What people call one number of a parameter: `weight from x₂ to unit 3 of hidden1`."""
        raise NotImplementedError(f"{type(self).__name__} doesn't name its parameters")

    @abstractmethod
    def reference(self, inputs: Sequence[Array], parameters: Mapping[str, Array]) -> Array:
        """The output in plain NumPy (as in evaluation); arrays end with the batch."""


def wrong_shape(name: str, met: Sequence[Shape], fits: Text, hint: Text) -> GraphError:
    """The error for inputs that a layer can't take."""
    shapes = ", ".join(shown(shape) for shape in met)
    return GraphError(
        "shape_mismatch",
        f"graph.nodes.{name}",
        Text(
            f"Layer “{name}” can't take inputs of shape {shapes}; it needs {fits.en}.",
            f"层“{name}”不能接受形状为 {shapes} 的输入；它需要{fits.zh}。",
        ),
        hint,
        value=shapes,
        allowed=fits.en,
    )


def shown(shape: Shape) -> str:
    """A shape as people write it: `8` or `28 × 28`."""
    return " × ".join(str(size) for size in shape)
