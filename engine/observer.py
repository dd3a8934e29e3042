"""Looks at a running session, at one step boundary: pictures, values and metrics.

A worker copies parameters and gradients at a step boundary; everything else is computed here, on
the observer's thread, by forward-only programs over that copy.
Guarded by tests/engine/test_observer.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError
from engine.evaluation import Evaluator, Forward, published
from engine.kernels.abi import CURSOR, EPOCH, STEP, aligned
from engine.layers.ports import Output
from engine.program.pictures import largest, quantize
from engine.program.program import new_state
from engine.scheduler import Place
from engine.session import Part, Session
from engine.text import Text

Quantity = Literal[
    "map",
    "activation",
    "weights",
    "bias",
    "weight_gradient",
    "bias_gradient",
    "link",
    "prediction",
]
PLANE_RESOLUTION = 32
LINE_RESOLUTION = 128
MOST_MAPS = 64
"""Layers with more units are shown as a strip of one sample's activations instead."""
MOST_VALUES = 300_000
"""Larger parameter arrays are not streamed."""
GALLERY = 40
MOST_EVALUATED = 2_000
"""Samples of each part that a live measurement looks at; the first ones, always the same."""


@dataclass(frozen=True)
class TensorSpec:
    """One thing that can be observed; its key is its place in `Observer.tensors`."""

    layer: str
    quantity: Quantity
    shape: tuple[int, ...]
    dtype: Literal["float32", "uint8"]


@dataclass(frozen=True)
class Tensor:
    """One observed thing. An element `q` of a uint8 array means `low + (high − low) · q / 255`."""

    key: int
    array: NDArray[Any]
    low: float
    high: float


@dataclass(frozen=True)
class Observation:
    """What was seen at one step boundary.

    The arrays are views that the next look overwrites: copy what you want to keep.
    """

    step: int
    epoch: float
    batch_loss: float
    tensors: tuple[Tensor, ...]


@dataclass(frozen=True)
class Inspection:
    """The sample whose activations are shown; `target` is its class or value, if it has one."""

    part: Literal["training", "validation", "drawn"]
    sample: int | None
    target: float | None


class Observer:
    """Eyes on one session; make a new one after every edit. Use it from one thread.

    Args:
        session: what to look at.
        place: its seat in a scheduler; without one the session must stand still while observed.
    """

    def __init__(self, session: Session, place: Place | None = None) -> None:
        self._session = session
        self._place = place
        self._task = session.experiment.task
        self._plan = session.material.plan
        self._classifies = session.prepared.dataset.problem == "classification"
        self._sizes = {info.name: info.map_scale for info in session.layout}
        size = len(published(session.program, session.arena))
        self._front = (aligned(size, session.dtype), new_state())
        self._back = (aligned(size, session.dtype), new_state())
        self._asked = False
        self._fresh: set[int] = set()
        self.domain = self._plot_domain()
        self.resolution = (
            0 if self.domain is None else (LINE_RESOLUTION, PLANE_RESOLUTION)[len(self.domain) - 1]
        )
        self._grid = self._make_grid()
        self.gallery = self._gallery_samples()
        self._gallery = self._make_gallery()
        self._single = Forward(self._task, self._plan, 1)
        self._evaluators: dict[Part, Evaluator] = {}
        self.tensors = tuple(self._specs())
        self.inspection = self._first_inspection()
        self._copy_now()

    # --- what can be seen -----------------------------------------------------------------------

    def _plot_domain(self) -> NDArray[np.float32] | None:
        dataset = self._session.prepared.dataset
        domain = dataset.domain
        drawable = domain is not None and dataset.inputs.ndim == 2 and len(domain) in (1, 2)
        return domain if drawable else None

    def _make_grid(self) -> Forward | None:
        """A forward program whose batch is the whole input plane or line."""
        if self.domain is None:
            return None
        points = grid(self.domain, self.resolution)
        forward = Forward(self._task, self._plan, len(points))
        forward.set_inputs(self._session.prepared.transform(points))
        return forward

    def _gallery_samples(self) -> tuple[int, ...]:
        samples = self._session.material.validation
        return () if samples is None else tuple(range(min(GALLERY, len(samples))))

    def _make_gallery(self) -> Forward | None:
        samples = self._session.material.validation
        if samples is None:
            return None
        forward = Forward(self._task, self._plan, len(self.gallery))
        forward.set_inputs(samples.inputs[: len(self.gallery)])
        return forward

    def _specs(self) -> Iterator[TensorSpec]:
        parameters = self._session.program.network.parameters
        for node in self._plan.graph.nodes:
            shape = self._plan.graph.shapes[node.name]
            if self._grid is not None and len(shape) == 1 and shape[0] <= MOST_MAPS:
                cells = (self.resolution,) * len(self.domain if self.domain is not None else ())
                yield TensorSpec(node.name, "map", (*shape, *cells), "uint8")
            yield TensorSpec(node.name, "activation", shape, "float32")
            weights = parameters.get(f"{node.name}.weights")
            bias = parameters.get(f"{node.name}.bias")
            if weights is not None:
                yield TensorSpec(node.name, "link", (2,), "float32")
                if weights.size <= MOST_VALUES:
                    yield TensorSpec(node.name, "weights", weights.shape, "float32")
                    yield TensorSpec(node.name, "weight_gradient", weights.shape, "float32")
            if bias is not None:
                yield TensorSpec(node.name, "bias", bias.shape, "float32")
                yield TensorSpec(node.name, "bias_gradient", bias.shape, "float32")
            if isinstance(node.layer, Output) and self.gallery:
                outputs = (len(self.gallery), prod(shape))
                yield TensorSpec(node.name, "prediction", outputs, "float32")

    # --- choosing the sample to look at ---------------------------------------------------------

    def _first_inspection(self) -> Inspection:
        return self.inspect(
            "training" if self._session.material.validation is None else "validation", 0
        )

    def inspect(self, part: Part, sample: int) -> Inspection:
        """Show the activations for a sample of the data.

        Raises:
            DataError: there is no such sample.
        """
        prepared = self._session.prepared
        inputs, targets = {
            "training": (prepared.training_inputs, prepared.training_targets),
            "validation": (prepared.validation_inputs, prepared.validation_targets),
        }[part]
        if not 0 <= sample < len(inputs):
            raise DataError(
                "no_such_sample",
                "sample",
                Text(
                    f"There is no sample {sample} in this part.",
                    f"这一部分没有第 {sample} 个样本。",
                ),
                Text("Choose one that exists.", "请选择存在的样本。"),
                value=sample,
                allowed=f"0 … {len(inputs) - 1}",
            )
        self._show(inputs[sample : sample + 1])
        target = float(np.ravel(targets[sample])[0])
        self.inspection = Inspection(part, sample, target)
        return self.inspection

    def inspect_values(self, values: Collection[float]) -> Inspection:
        """Show the activations for a sample given by its raw numbers, such as a drawn digit.

        Raises:
            DataError: too many or too few numbers, or one that isn't finite.
        """
        prepared = self._session.prepared
        shape = prepared.dataset.inputs.shape[1:]
        if len(values) != prod(shape):
            raise DataError(
                "wrong_inputs",
                "values",
                Text(
                    f"A sample of these data has {prod(shape)} numbers, not {len(values)}.",
                    f"这组数据的一个样本有 {prod(shape)} 个数，而不是 {len(values)} 个。",
                ),
                Text("Send that many numbers, row by row.", "请按行依次发送这么多个数。"),
                value=len(values),
                allowed=prod(shape),
            )
        with np.errstate(over="ignore"):  # a number that float32 can't hold is refused as infinite
            raw = np.asarray(list(values), np.float32).reshape(1, *shape)
        self._show(prepared.transform(raw))
        self.inspection = Inspection("drawn", None, None)
        return self.inspection

    def _show(self, inputs: NDArray[Any]) -> None:
        """Put one sample into the program whose activations are shown."""
        self._single.set_inputs(inputs)
        self._fresh.discard(id(self._single))

    # --- looking --------------------------------------------------------------------------------

    def observe(self, wanted: Collection[int]) -> Observation:
        """The tensors with the keys `wanted`, all from the same step boundary.

        While the session trains, this is the copy that a worker made since the last call; the call
        itself never waits for training.
        """
        self._receive()
        values = self._front[0]
        keys = [key for key in sorted(wanted) if key < len(self.tensors)]
        with np.errstate(over="ignore", invalid="ignore"):  # a broken network has a picture too
            tensors = tuple(self._tensor(key) for key in keys)
        start = self._session.program.network.published[0]
        report = self._session.program.network.report.offset - start
        observation = Observation(*self._moment(), float(values[report]), tensors)
        self._ask()
        return observation

    def evaluate(self) -> dict[str, Any]:
        """`{"step", "epoch", "training": {"loss", "accuracy"}, "validation": {…} | None}` of a
        copy.

        Both parts are measured alike, on at most `MOST_EVALUATED` samples.
        """
        self._receive()
        step, epoch = self._moment()
        result: dict[str, Any] = {"step": step, "epoch": epoch, "validation": None}
        material = self._session.material
        parts: tuple[Part, ...] = ("training", "validation")
        for part, samples in zip(parts, (material.training, material.validation), strict=True):
            if samples is None:
                continue
            if part not in self._evaluators:
                self._evaluators[part] = Evaluator(self._task, self._plan, samples, MOST_EVALUATED)
            evaluator = self._evaluators[part]
            evaluator.published[:] = self._front[0]
            metrics = evaluator.measure(self._classifies)
            result[part] = {"loss": metrics.loss, "accuracy": metrics.accuracy}
        self._ask()
        return result

    def _moment(self) -> tuple[int, float]:
        """Step and epoch of the newest copy."""
        state = self._front[1]
        passes = int(state[CURSOR]) / len(self._session.material.training)
        return int(state[STEP]), int(state[EPOCH]) + passes

    def _receive(self) -> None:
        """Take the newest copy of the network."""
        place = self._place
        if place is None or not place.running:
            self._copy_now()
        elif self._asked and place.arrived:
            self._front, self._back = self._back, self._front
            self._asked = False
            self._fresh.clear()

    def _copy_now(self) -> None:
        if self._place is None:
            self._copy_from(self._session)
            return
        with self._place.exclusive() as session:
            self._asked = False
            self._place.cancel()
            self._copy_from(session)

    def _copy_from(self, session: Session) -> None:
        self._front[0][:] = published(session.program, session.arena)
        self._front[1][:] = session.state
        self._fresh.clear()

    def _ask(self) -> None:
        """Have a worker make the next copy."""
        if self._place is not None and self._place.running and not self._asked:
            self._place.request(*self._back)
            self._asked = True

    def close(self) -> None:
        """Withdraw a request that is still open."""
        if self._place is not None and self._asked:
            self._place.cancel()
            self._asked = False

    def _run(self, forward: Forward) -> Forward:
        """Make a forward program show the newest copy; once for all tensors of one look."""
        if id(forward) not in self._fresh:
            forward.published[:] = self._front[0]
            forward.run()
            self._fresh.add(id(forward))
        return forward

    def _tensor(self, key: int) -> Tensor:
        spec = self.tensors[key]
        if spec.quantity == "map":
            return self._map(key, spec)
        if spec.quantity == "activation":
            values = self._answers(self._run(self._single), spec.layer)[..., 0]
        elif spec.quantity == "prediction" and self._gallery is not None:
            values = self._answers(self._run(self._gallery), spec.layer).T
        else:
            values = self._parameter(spec)
        return Tensor(key, np.ascontiguousarray(values, np.float32).reshape(spec.shape), 0.0, 1.0)

    def _answers(self, forward: Forward, layer: str) -> NDArray[Any]:
        """A layer's output; what leaves the network as a prediction (value or probability)."""
        values = forward.view(forward.output(layer))
        if layer == self._plan.graph.output_name:
            return self._plan.loss.link(values)
        return values

    def _map(self, key: int, spec: TensorSpec) -> Tensor:
        assert self._grid is not None, "map tensors exist with a grid only"
        values = np.ravel(self._answers(self._run(self._grid), spec.layer))
        low, high = self._scale(spec.layer, values)
        picture = np.empty(spec.shape, np.uint8)
        quantize(values, low, high, picture.reshape(-1))
        return Tensor(key, picture, low, high)

    def _scale(self, layer: str, values: NDArray[Any]) -> tuple[float, float]:
        """Probabilities run from 0 to 1, everything else is symmetric around zero."""
        if layer == self._plan.graph.output_name and self._classifies:
            return 0.0, 1.0
        size = self._sizes[layer] or largest(values)
        size = min(max(size, 1e-6), 1e30)
        return -size, size

    def _parameter(self, spec: TensorSpec) -> NDArray[Any]:
        """Weights, biases and gradients straight from the copy."""
        network = self._session.program.network
        name = "bias" if spec.quantity.startswith("bias") else "weights"
        key = f"{spec.layer}.{name}"
        if spec.quantity == "link":
            arrays = (network.parameters[key], network.gradients[key])
            return np.array([np.sqrt(np.mean(np.square(self._view(block)))) for block in arrays])
        blocks = network.gradients if spec.quantity.endswith("gradient") else network.parameters
        return self._view(blocks[key]).reshape(spec.shape)

    def _view(self, block: Any) -> NDArray[Any]:
        start = block.offset - self._session.program.network.published[0]
        return self._front[0][start : start + block.size]


def grid(domain: NDArray[np.float32], resolution: int) -> NDArray[np.float32]:
    """Centres of the cells of a line `(resolution, 1)` or of a plane `(resolution², 2)`.

    Cells of a plane run row by row from the top (highest second coordinate), each row from the
    left.
    """
    axes = [low + (high - low) * (np.arange(resolution) + 0.5) / resolution for low, high in domain]
    if len(axes) == 1:
        return np.asarray(axes[0], np.float32)[:, None]
    columns, rows = np.meshgrid(axes[0], axes[1][::-1])
    return np.column_stack((columns.ravel(), rows.ravel())).astype(np.float32)
