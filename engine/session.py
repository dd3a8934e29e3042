"""A network under training: what a notebook, a test or an engine host holds.

Guarded by tests/engine/test_session.py and, for replays, tests/engine/test_replay.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any, Literal
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from engine.carry import carry_over
from engine.data.preparation import Prepared
from engine.errors import NeurariumError
from engine.evaluation import LARGEST_BATCH, Evaluator, Forward, Metrics, published
from engine.experiment import Experiment
from engine.insight.divergence import Divergence, find_divergence
from engine.kernels.abi import (
    BATCH_SEED,
    CURSOR,
    DROPOUT_SEED,
    EPOCH,
    FLAGS,
    ROW,
    STEP,
)
from engine.limits import Limits
from engine.material import (
    LayerInfo,
    Material,
    check_index,
    fitting_values,
    gather_material,
    layer_infos,
    wrong_parameter,
)
from engine.program.executor import run, run_rows
from engine.program.program import Program, new_state
from engine.progress import Bar
from engine.snapshot import Snapshot, check
from engine.text import Text

Part = Literal["training", "validation"]
Precision = Literal["float32", "float64"]
SLICE = 20_000
"""Steps between two looks at the keyboard and the progress bar."""
RUNAWAY = 10.0
"""Parameters run away that are this many times as large as at the beginning, or as 1."""


class Session:
    """One experiment under training.

    Args:
        experiment: what to build.
        dtype: `float32`, or `float64` for checking gradients.
        limits: what it may cost.

    Raises:
        NeurariumError: the experiment can't be built; `where` names the field or layer.
    """

    def __init__(
        self,
        experiment: Experiment,
        dtype: Precision = "float32",
        limits: Limits | None = None,
    ) -> None:
        self.precision: Precision = dtype
        self.dtype = np.dtype(dtype)
        self.limits = limits or Limits()
        self._build(experiment)
        self.reset()

    def _build(self, experiment: Experiment) -> None:
        """Programs for `experiment`; nothing of this session changes if that fails."""
        material = gather_material(experiment, self.dtype, self.limits)
        program = experiment.task.training(material.plan, material.training)
        self.experiment: Experiment = experiment
        self.material: Material = material
        self.program: Program = program
        self._evaluators: dict[Part, Evaluator] = {}
        self._forward: Forward | None = None
        self._divergence: Divergence | None = None

    # --- training ------------------------------------------------------------------------------

    def reset(self) -> None:
        """Back to step 0 with the same seeds: the same run again."""
        self.arena = self.program.new_arena()
        self.state = new_state()
        self._sow()
        for key, values in self.initial_parameters().items():
            self.program.view(self.arena, self.program.network.parameters[key])[:] = values
        self._divergence = None
        self._begin_anew()

    def _sow(self) -> None:
        """Put the experiment's seeds into the state."""
        self.state[[BATCH_SEED, DROPOUT_SEED]] = self.experiment.seeds.batches

    def initial_parameters(self) -> dict[str, NDArray[np.float64]]:
        """The parameters that this experiment begins with, by key."""
        graph, seed = self.material.plan.graph, self.experiment.seeds.weights
        values = {}
        for node in graph.nodes:
            for parameter in node.layer.parameters(graph.input_shapes(node.name)):
                key = f"{node.name}.{parameter.name}"
                generator = np.random.default_rng([seed, crc32(key.encode())])
                values[key] = parameter.initializer.draw(parameter.shape, parameter.fan, generator)
        return values

    def run(
        self, *, steps: int | None = None, epochs: float | None = None, progress: bool = False
    ) -> int:
        """Train a number of steps or epochs; stops early if the network diverges.

        Args:
            steps: batches.
            epochs: passes over the training part; rounded up to whole batches.
            progress: show a bar on standard error.

        Returns:
            The number of steps done.
        """
        if (steps is None) == (epochs is None):
            raise ValueError("give either steps or epochs")
        wanted = steps if steps is not None else self._steps_to(self.epoch + float(epochs or 0))
        self.checkpoint()
        done = self.finish_step() if wanted > 0 else 0
        with Bar(wanted, progress) as bar:
            while done < wanted and not self.diverged:
                done += run(self.arena, self.program.table, self.state, min(SLICE, wanted - done))
                bar.show(done)
        return done

    def run_rows(self, first: int, end: int) -> None:
        """Run some instructions of the table once; the step counter stays."""
        run_rows(self.arena, self.program.table, self.state, first, end)

    @property
    def row(self) -> int:
        """Instructions of the present step that are done; 0 at a step boundary."""
        return int(self.state[ROW])

    def advance(self, rows: int) -> None:
        """Run the next `rows` instructions, at most to the end of the present step.

        Nothing happens at the boundary of a step after which the network has diverged.
        """
        if self.diverged and self.row == 0:
            return
        end = min(self.row + rows, len(self.program.rows))
        self.run_rows(self.row, end)
        is_over = end == len(self.program.rows)
        self.state[ROW] = 0 if is_over else end
        self.state[STEP] += np.uint64(is_over)

    def finish_step(self) -> int:
        """Run what is left of a step that was begun row by row; returns how many steps that ended.

        Whoever trains at full speed, changes or saves the network does this first.
        """
        if self.row == 0:
            return 0
        self.advance(len(self.program.rows))
        return 1

    def _steps_to(self, epoch: float) -> int:
        missing = (epoch - self.epoch) * len(self.material.training)
        return max(0, ceil(missing / self.material.plan.batch - 1e-9))

    @property
    def step(self) -> int:
        """Finished steps."""
        return int(self.state[STEP])

    @property
    def epoch(self) -> float:
        """Passes over the training part, with the fraction of the present one."""
        return int(self.state[EPOCH]) + int(self.state[CURSOR]) / len(self.material.training)

    @property
    def loss(self) -> float:
        """Loss of the last batch."""
        return float(self.arena[self.program.network.report.offset])

    # --- looking -------------------------------------------------------------------------------

    @property
    def prepared(self) -> Prepared:
        """The samples, raw and preprocessed."""
        return self.material.prepared

    @property
    def layout(self) -> list[LayerInfo]:
        """Layers in order of computation."""
        return layer_infos(self.material.plan.graph)

    def metrics(self) -> dict[str, Any]:
        """`{"step", "epoch", "train": {"loss", "accuracy"}, "validation": {…}}`, measured now.

        Accuracy is there for classification only; validation is empty without such a part.
        """
        return {
            "step": self.step,
            "epoch": self.epoch,
            "train": self.evaluate("training"),
            "validation": self.evaluate("validation") if self.material.validation else {},
        }

    def evaluate(self, part: Part = "validation") -> dict[str, float]:
        """Loss and, for classification, accuracy over one part of the data.

        Raises:
            NeurariumError: there is no such part.
        """
        samples = self.material.training if part == "training" else self.material.validation
        if part not in ("training", "validation") or samples is None:
            raise NeurariumError(
                "no_such_part",
                "part",
                Text(f"The data have no {part} part.", "数据没有这一部分。"),
                Text("Raise the validation share.", "请调大验证集比例。"),
                value=part,
                allowed=["training", "validation"],
            )
        if part not in self._evaluators:
            self._evaluators[part] = Evaluator(self.experiment.task, self.material.plan, samples)
        evaluator = self._evaluators[part]
        evaluator.published[:] = published(self.program, self.arena)
        return self._measured(evaluator).as_dict()

    def _measured(self, evaluator: Evaluator) -> Metrics:
        return evaluator.measure(classify=self.prepared.dataset.problem == "classification")

    def predict(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """Values or probabilities `(samples, outputs)` for raw inputs `(samples, *raw shape)`.

        The preprocessing steps and the loss's link function (sigmoid, softmax) are applied.
        """
        if self._forward is None:
            self._forward = Forward(self.experiment.task, self.material.plan, LARGEST_BATCH)
        self._forward.published[:] = published(self.program, self.arena)
        answers = self._forward.answers(self.prepared.transform(np.asarray(inputs, np.float32)))
        return self.experiment.loss.link(answers.T).T

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Copies by key: `<layer>.weights` `(out, in)`, `<layer>.bias` `(out,)`."""
        return self._copies(self.program.network.parameters)

    def gradients(self) -> dict[str, NDArray[Any]]:
        """Gradients of the last batch's loss, with the keys and shapes of `parameters()`."""
        return self._copies(self.program.network.gradients)

    def _copies(self, blocks: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        return {key: self.program.view(self.arena, block).copy() for key, block in blocks.items()}

    # --- changing ------------------------------------------------------------------------------

    def set_parameters(self, values: Mapping[str, NDArray[Any]]) -> None:
        """Replace parameters by key.

        Raises:
            NeurariumError: unknown key, another shape, or a number that isn't finite; nothing is
            changed.
        """
        blocks = self.program.network.parameters
        fitting = {}
        for key, value in values.items():
            if key not in blocks:
                raise wrong_parameter(key, sorted(blocks))
            fitting[key] = fitting_values(key, value, blocks[key].shape, self.dtype)
        self.finish_step()
        for key, array in fitting.items():
            self.program.view(self.arena, blocks[key])[:] = array
        self._forgive()

    def set_parameter(self, key: str, index: tuple[int, ...], value: float) -> None:
        """Replace one number of a parameter, such as `("hidden1.weights", (unit, input), 0.5)`.

        Raises:
            NeurariumError: unknown key, an index outside, or a number that isn't finite.
        """
        blocks = self.program.network.parameters
        if key not in blocks:
            raise wrong_parameter(key, sorted(blocks))
        check_index(key, index, blocks[key].shape)
        number = fitting_values(key, value, (), self.dtype)
        self.finish_step()
        self.program.view(self.arena, blocks[key])[tuple(index)] = number
        self._forgive()

    def _forgive(self) -> None:
        """Take the divergence back if every parameter is a number again; then this is a healthy
        moment.
        """
        region = self.program.network.parameter_region
        if self.diverged and np.isfinite(self.program.view(self.arena, region)).all():
            self.state[FLAGS] = 0
            self._divergence = None
        self._begin_anew()

    def edit(self, experiment: Experiment) -> None:
        """Go on with another experiment; layers that are in both keep what they learned.

        Numbers keep their place in a layer whose size changes; new ones begin as the initializer
        says. Another weights seed starts anew. A diverged session goes on from its last healthy
        moment.

        Raises:
            NeurariumError: it can't be built; the session goes on unchanged.
        """
        if experiment.runs_like(self.experiment):
            self.experiment = experiment
            return
        self.finish_step()
        before, old = self.experiment, (self.material, self.program)
        arena, state = self._healthy if self.diverged else (self.arena, self.state)
        self._build(experiment)
        self.reset()
        if experiment.seeds.weights == before.seeds.weights:
            carry_over(self, before, old, arena, state)
            self._begin_anew()

    # --- moments -------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """This moment; `restore` returns to it exactly."""
        return Snapshot(self.program.fingerprint, self.arena.copy(), self.state.copy())

    def restore(self, snapshot: Snapshot) -> None:
        """Return to a moment; from there training goes on as it did.

        Learning rate, penalties and seeds are those of the present experiment.

        Raises:
            NeurariumError: the snapshot belongs to another network, or is damaged.
        """
        check(snapshot, self.program)
        self.arena[:] = snapshot.arena
        self.program.write_constants(self.arena)
        self.state[:] = snapshot.state
        self._sow()
        self._divergence = None
        self._begin_anew()

    def resume(self, experiment: Experiment, snapshot: Snapshot) -> None:
        """Become another experiment at one of its moments.

        Raises:
            NeurariumError: the snapshot belongs to another network; the session stays as it is.
        """
        if not experiment.runs_like(self.experiment):
            former = self.experiment, self.material, self.program
            self._build(experiment)
            try:
                check(snapshot, self.program)
            except NeurariumError:
                self.experiment, self.material, self.program = former
                raise
            self.arena, self.state = self.program.new_arena(), new_state()
        self.experiment = experiment
        self.restore(snapshot)

    def fork(self) -> Session:
        """A second session that goes on from this moment."""
        other = Session(self.experiment, self.precision, self.limits)
        other.restore(self.snapshot())
        return other

    # --- divergence ----------------------------------------------------------------------------

    @property
    def diverged(self) -> bool:
        """Whether the loss has become NaN or infinite; training stands still then."""
        return bool(self.state[FLAGS])

    def checkpoint(self) -> None:
        """Keep this moment, unless it has diverged: a divergence will be searched for from here,
        and this is where one can go back to unless the parameters have begun to run away. A
        network is beyond help some steps before its numbers stop being finite.
        """
        if self.diverged:
            return
        self._checkpoint = (self.arena.copy(), self.state.copy())
        if self._largest_parameter() <= RUNAWAY * max(1.0, self._first_size):
            self._healthy = self._checkpoint

    def _begin_anew(self) -> None:
        """Keep this moment, unless it has diverged, and measure from here how parameters grow."""
        if not self.diverged:
            self._first_size = self._largest_parameter()
        self.checkpoint()

    def _largest_parameter(self) -> float:
        """The largest absolute value among the parameters; 0 if there is none."""
        values = self.program.view(self.arena, self.program.network.parameter_region)
        return float(np.abs(values).max(initial=0.0))

    def divergence(self) -> Divergence | None:
        """Where training went wrong, found by replaying from the last checkpoint; `None` if it
        didn't.
        """
        if not self.diverged:
            return None
        if self._divergence is None:
            self._divergence = find_divergence(
                self.program, self._checkpoint, self.step, int(self._healthy[1][STEP])
            )
        return self._divergence

    def go_back(self) -> None:
        """Return to the last healthy moment."""
        self._checkpoint = self._healthy
        self.arena[:], self.state[:] = self._healthy
        self._divergence = None
