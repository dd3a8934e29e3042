"""Looks at a running session, at one step boundary: pictures, values and metrics.

A worker copies parameters and gradients at a step boundary; everything else is computed here, on
the observer's thread, by forward-only programs over that copy.
Guarded by tests/engine/test_observer.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError
from engine.evaluation import Evaluator, Forward, published
from engine.kernels.abi import CURSOR, EPOCH, STEP
from engine.observer.sheet import PROBABILITY, SHOWN, Sheet, Tensor, View
from engine.observer.specs import specs_of
from engine.scheduler import Place, Room
from engine.session import Part, Session
from engine.text import Text

PLANE_RESOLUTION = 32
LINE_RESOLUTION = 128
GALLERY = 40
MOST_EVALUATED = 2_000
"""Samples of each part that a live measurement looks at; the first ones, always the same."""
KEPT_SHEETS = 4
"""Choices of tensors that are ready to be looked at again."""


@dataclass(frozen=True)
class Observation:
    """What was seen at one step boundary.

    The next look at the same tensors overwrites the sheet: copy what you want to keep.
    """

    step: int
    epoch: float
    batch_loss: float
    sheet: Sheet

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The sheet as arrays."""
        return self.sheet.tensors()


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
        size = len(published(session.program, session.arena))
        network = session.program.network
        self._report = network.report.offset - network.published[0]
        self._front, self._back = (Room(size, session.dtype) for _ in range(2))
        self._asked = False
        self.domain = self._plot_domain()
        self.resolution = (
            0 if self.domain is None else (LINE_RESOLUTION, PLANE_RESOLUTION)[len(self.domain) - 1]
        )
        self.gallery = self._gallery_samples()
        self._views: dict[View, Forward] = {}
        self._sheets: dict[tuple[int, ...], Sheet] = {}
        self._evaluators: dict[Part, Evaluator] = {}
        cells = () if self.domain is None else (self.resolution,) * len(self.domain)
        self.tensors = tuple(specs_of(self._plan, session.program, cells, len(self.gallery)))
        self._ranges = self._fixed_ranges()
        self.inspection = self._first_inspection()
        self._copy_now()

    # --- what can be seen -----------------------------------------------------------------------

    def _plot_domain(self) -> NDArray[np.float32] | None:
        dataset = self._session.prepared.dataset
        domain = dataset.domain
        drawable = domain is not None and dataset.inputs.ndim == 2 and len(domain) in (1, 2)
        return domain if drawable else None

    def _gallery_samples(self) -> tuple[int, ...]:
        samples = self._session.material.validation
        return () if samples is None else tuple(range(min(GALLERY, len(samples))))

    def _fixed_ranges(self) -> dict[str, tuple[float, float]]:
        """Of layers with bounded values; probabilities run from 0 to 1, the rest is symmetric."""
        sizes = {info.name: info.map_scale for info in self._session.layout}
        ranges = {name: (-size, size) for name, size in sizes.items() if size}
        if self._classifies:
            ranges[self._plan.graph.output_name] = PROBABILITY
        return ranges

    def _view(self, name: View) -> Forward:
        """A forward-only program with its inputs, made when it is first needed."""
        if name not in self._views:
            makers: dict[View, Callable[[], NDArray[Any]]] = {
                "plane": self._plane_inputs,
                "sample": lambda: self._inputs,
                "gallery": self._gallery_inputs,
            }
            inputs = makers[name]()
            forward = Forward(self._task, self._plan, len(inputs))
            forward.set_inputs(inputs)
            self._views[name] = forward
        return self._views[name]

    def _plane_inputs(self) -> NDArray[Any]:
        assert self.domain is not None, "maps exist on a line or a plane only"
        return self._session.prepared.transform(grid(self.domain, self.resolution))

    def _gallery_inputs(self) -> NDArray[Any]:
        samples = self._session.material.validation
        assert samples is not None, "the gallery shows validation samples"
        return samples.inputs[: len(self.gallery)]

    def _sheet(self, wanted: Collection[int]) -> Sheet:
        """Where the tensors `wanted` are written; the last few choices are kept."""
        choice = tuple(wanted)
        if choice not in self._sheets:
            keys = sorted({key for key in choice if key < len(self.tensors)})
            quantities = (self.tensors[key].quantity for key in keys)
            shown: set[View] = {SHOWN[quantity] for quantity in quantities if quantity in SHOWN}
            names: list[View] = sorted(shown) if shown else ["sample"]
            views = {name: self._view(name) for name in names}
            if len(self._sheets) >= KEPT_SHEETS:
                self._sheets.pop(next(iter(self._sheets)))
            self._sheets[choice] = Sheet(keys, self.tensors, views, self._ranges)
        return self._sheets[choice]

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
        self._show(prepared.transform(prepared.raw_sample(values)))
        self.inspection = Inspection("drawn", None, None)
        return self.inspection

    def _show(self, inputs: NDArray[Any]) -> None:
        """Put one sample into the program whose activations are shown."""
        self._inputs = inputs
        if "sample" in self._views:
            self._views["sample"].set_inputs(inputs)

    # --- looking --------------------------------------------------------------------------------

    @property
    def inputs(self) -> NDArray[Any]:
        """The sample that is looked at, preprocessed: `(1, *shape)`."""
        return self._inputs

    @property
    def is_ready(self) -> bool:
        """False while a copy of the running session is on its way: a look would show no news."""
        place = self._place
        return place is None or not self._asked or place.arrived or not place.running

    def observe(self, wanted: Collection[int]) -> Observation:
        """The tensors with the keys `wanted`, all from the same step boundary.

        While the session trains, this is the copy that a worker made since the last call; the call
        itself never waits for training.
        """
        self._receive()
        sheet = self._sheet(wanted)
        values = self._front.values
        sheet.fill(values)
        observation = Observation(*self._moment(), float(values[self._report]), sheet)
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
            evaluator.published[:] = self._front.values
            metrics = evaluator.measure(self._classifies)
            result[part] = {"loss": metrics.loss, "accuracy": metrics.accuracy}
        self._ask()
        return result

    def _moment(self) -> tuple[int, float]:
        """Step and epoch of the newest copy."""
        state = self._front.state
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

    def _copy_now(self) -> None:
        if self._place is None:
            self._copy_from(self._session)
            return
        with self._place.exclusive() as session:
            self._asked = False
            self._place.cancel()
            self._copy_from(session)

    def _copy_from(self, session: Session) -> None:
        self._front.values[:] = published(session.program, session.arena)
        self._front.state[:] = session.state

    def _ask(self) -> None:
        """Have a worker make the next copy."""
        if self._place is not None and self._place.running and not self._asked:
            self._place.request(self._back)
            self._asked = True

    def close(self) -> None:
        """Withdraw a request that is still open."""
        if self._place is not None and self._asked:
            self._place.cancel()
            self._asked = False


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
