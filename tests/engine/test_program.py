"""From a graph to rows: order of phases, places of blocks, which gradients are computed and how."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from engine.activations.tanh import Tanh
from engine.graph import Graph
from engine.instructions.arena import CONSTANTS
from engine.kernels.abi import COLUMNS, STATE_WORDS
from engine.layers.activation import ActivationLayer
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.merge import Add
from engine.layers.ports import Input, Output
from engine.layers.shapes import Flatten, Reshape
from engine.optimizers.adam import Adam
from engine.presets.preset import chain
from engine.program.builder import Builder
from engine.program.program import Program, buffer, new_state
from engine.tasks import Plan, Supervised
from tests.engine.harness import Trainer, graph_of, random_samples

SINGLE = np.dtype(np.float32)

NETWORK = chain(
    ("hidden", Dense(units=5, activation=Tanh())),
    ("drop", Dropout(rate=0.5)),
    ("answer", Dense(units=2)),
)


def programs(graph: Graph = NETWORK, batch: int = 7) -> tuple[Program, Program, Program]:
    """Training, evaluation and forward-only programs of one network."""
    samples = random_samples((3,), 2, 20)
    plan: Plan = Trainer(graph, samples, optimizer=Adam(), batch=batch).plan
    task = Supervised()
    return task.training(plan, samples), task.evaluation(plan, samples, 11), task.forward(plan, 64)


def phases(program: Program) -> list[str]:
    """The phases of the rows, each once while it lasts."""
    found = [row.phase for row in program.rows]
    return [found[0], *(after for before, after in pairwise(found) if after != before)]


def test_a_training_program_is_gather_forward_loss_backward_update() -> None:
    training, evaluation, forward = programs()
    assert phases(training) == ["data", "forward", "loss", "backward", "update"]
    assert phases(evaluation) == ["data", "forward", "loss"]
    assert phases(forward) == ["forward"]


def test_rows_go_through_the_layers_forwards_then_backwards() -> None:
    training = programs()[0]
    forward = [row.layer for row in training.rows if row.phase == "forward"]
    backward = [row.layer for row in training.rows if row.phase == "backward"]
    assert list(dict.fromkeys(forward)) == ["hidden", "drop", "answer"]
    assert list(dict.fromkeys(backward)) == ["answer", "drop", "hidden"]


def test_all_programs_of_a_network_place_what_is_published_alike() -> None:
    """An observer copies that stretch from a training arena into its own."""
    training, *others = programs()
    for other in others:
        assert other.network.published == training.network.published
        assert other.network.parameters == training.network.parameters
        assert other.network.gradients == training.network.gradients
        assert other.network.report == training.network.report
    start, end = training.network.published
    network = training.network
    for block in (*network.parameters.values(), *network.gradients.values(), network.report):
        assert start <= block.offset
        assert block.offset + block.size <= end


def test_blocks_do_not_overlap() -> None:
    for program in programs():
        blocks = sorted(program.plan.blocks.values(), key=lambda block: block.offset)
        assert blocks[0].offset >= CONSTANTS
        for before, after in pairwise(blocks):
            assert before.offset + before.size <= after.offset, (before.name, after.name)
        assert blocks[-1].offset + blocks[-1].size <= program.plan.size


def test_an_arena_begins_with_its_constants_and_zeros() -> None:
    training = programs()[0]
    arena = training.new_arena()
    constants = training.plan.constants
    np.testing.assert_allclose(arena[: len(constants)], constants, rtol=1e-7)
    assert arena[0] == 0
    assert not arena[len(constants) :].any()
    state = new_state()
    assert state.dtype == np.uint64
    assert len(state) == STATE_WORDS
    assert not state.any()


@pytest.mark.parametrize("which", range(3))
def test_the_table_holds_addresses_and_operands(which: int) -> None:
    program = programs()[which]
    assert program.table.shape == (len(program.rows), COLUMNS)
    assert program.table.ctypes.data % 64 == 0
    for line, row in zip(program.table, program.rows, strict=True):
        assert line[0] == row.op.compile(program.dtype)
        assert tuple(line[1 : 1 + len(row.operands)]) == row.operands
        assert not line[1 + len(row.operands) :].any()
        for block in row.writes:
            assert block.offset in row.operands


def test_gradients_that_nobody_needs_are_not_computed() -> None:
    """Not by the input, nor by layers that stand before everything that learns."""
    graph = chain(
        ("drop", Dropout()),
        ("bend", ActivationLayer()),
        ("hidden", Dense(units=3)),
        ("answer", Dense(units=2)),
    )
    training = programs(graph)[0]
    assert {row.layer for row in training.rows if row.phase == "backward"} == {"answer", "hidden"}
    written = {block.name for row in training.rows for block in row.writes}
    assert "hidden.grad_output" in written
    assert not written & {f"{name}.grad_output" for name in ("input", "drop", "bend")}


def test_the_first_to_reach_a_gradient_stores_it_and_the_others_add() -> None:
    graph = graph_of(
        [
            ("input", Input()),
            ("hidden", Dense(units=4)),
            ("one", Dense(units=4)),
            ("two", Dense(units=4)),
            ("sum", Add()),
            ("answer", Dense(units=2)),
            ("output", Output()),
        ],
        [
            ("input", "hidden"),
            ("hidden", "one"),
            ("hidden", "two"),
            ("one", "sum"),
            ("two", "sum"),
            ("hidden", "sum"),
            ("sum", "answer"),
            ("answer", "output"),
        ],
    )
    training = programs(graph)[0]
    target = training.plan.blocks["hidden.grad_output"]
    backward = [row for row in training.rows if row.phase == "backward"]
    writing = [
        row.op.name
        for row in backward
        if any(block.offset == target.offset for block in row.writes)
    ]
    assert len(writing) == 3, "three consumers"
    assert writing[0] != "accumulate"
    assert writing[1:] == ["accumulate", "accumulate"]
    assert Counter(row.op.name for row in backward)["accumulate"] == 2


def test_views_show_the_memory_of_their_source_and_have_no_rows() -> None:
    graph = chain(
        ("hidden", Dense(units=6)),
        ("picture", Reshape(shape=(2, 3))),
        ("flat", Flatten()),
        ("answer", Dense(units=2)),
    )
    training = programs(graph)[0]
    outputs = training.network.outputs
    assert outputs["picture"].offset == outputs["flat"].offset == outputs["hidden"].offset
    assert outputs["picture"].shape == (2, 3, 7)
    assert outputs["output"].offset == outputs["answer"].offset
    assert not {row.layer for row in training.rows if row.phase != "loss"} & {
        "picture",
        "flat",
        "output",
    }


def test_penalties_reach_weights_but_never_biases() -> None:
    samples = random_samples((3,), 2, 20)
    plan = Trainer(NETWORK, samples).plan
    builder = Builder(plan.graph, 7, SINGLE, training=True)
    targets = builder.gather(samples, shuffled=True)
    builder.forward()
    builder.loss(plan.loss, targets)
    builder.backward()
    builder.update(plan.optimizer, (0.1, 0.2))
    program = builder.finish()
    rows = [row for row in program.rows if row.op.name == "regularization"]
    gradients = program.network.gradients
    assert [row.writes[0] for row in rows] == [
        gradients["hidden.weights"],
        gradients["answer.weights"],
    ]
    assert [row.op.name for row in program.rows][-3:-1] == ["regularization"] * 2


def test_a_network_without_parameters_can_be_built_and_run() -> None:
    trainer = Trainer(chain(), random_samples((2,), 2, 9), dtype="float32")
    assert trainer.train(5) == 5
    expected = ((trainer.samples.inputs - trainer.samples.targets) ** 2).mean()
    assert trainer.measure() == pytest.approx(expected, rel=1e-5)


def test_buffers_are_shared_where_they_can_be_and_kept_alive() -> None:
    ready = np.zeros((4, 3), np.float32)
    assert buffer(ready, SINGLE) is ready
    for other in (ready.T, ready.astype(np.float64)):
        copy = buffer(other, SINGLE)
        assert copy.flags.c_contiguous
        assert copy.dtype == SINGLE
        assert np.array_equal(copy, other)
    training = programs()[0]
    kept = {array.ctypes.data for array in training.keep}
    gather = next(row for row in training.rows if row.op.name == "gather")
    addresses = [
        number
        for name, number in zip(gather.op.operands, gather.operands, strict=True)
        if "address" in name
    ]
    assert set(addresses) == kept
