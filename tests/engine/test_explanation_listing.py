"""A program's rows as people read them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from engine.explanation.listing import (
    PHASES,
    Instruction,
    Operand,
    formula_of,
    listing,
    operand_values,
)
from engine.instructions.arena import CONSTANTS
from engine.kernels.abi import OPS
from engine.layers import Layer
from engine.losses import Loss
from engine.optimizers import Optimizer
from engine.program.program import Program
from engine.session import Session
from tests.engine.harness import Trainer, random_samples
from tests.engine.scenes import used
from tests.engine.test_catalog import CHINESE
from tests.engine.test_explanation import CASES
from tests.engine.walk import accepted, members_of, network_around, variants


def programs(session: Session) -> Iterator[Program]:
    """Of training, of measuring, of use."""
    task, material = session.experiment.task, session.material
    yield session.program
    yield task.evaluation(material.plan, material.training, 16)
    yield used(session).program


def operands_of(instruction: Instruction) -> tuple[Operand, ...]:
    return (*instruction.inputs, *instruction.outputs)


def assert_sound(program: Program) -> None:
    """Every operand is a known block, at its place, with its shape; titles say something."""
    blocks, network = program.plan.blocks, program.network
    regions = {"parameters": network.parameter_region, "gradients": network.gradient_region}
    arena = np.arange(program.plan.size, dtype=program.dtype)
    lines = listing(program)
    assert [line.row for line in lines] == list(range(len(program.rows)))
    for line, row in zip(lines, program.rows, strict=True):
        assert (line.operation, line.layer, line.phase) == (row.op.name, row.layer, row.phase)
        assert line.outputs, "a row fills something"
        for operand in operands_of(line):
            values = operand_values(program, arena, operand)
            assert values.shape == operand.shape
            assert values.size > 0
            assert values.reshape(-1)[0] == operand.offset
            if operand.block == "constants":
                assert 0 < operand.offset < len(program.plan.constants) <= CONSTANTS
                assert operand.offset + values.size <= len(program.plan.constants)
                continue
            block = regions.get(operand.block) or blocks[operand.block]
            assert block.offset <= operand.offset
            assert operand.offset + values.size <= block.offset + block.size
            assert operand.shape[1:] == block.shape[1:]
        for operand in line.outputs:
            start, end = operand.offset, operand.offset + int(np.prod(operand.shape))
            assert any(one.offset < end and start < one.offset + one.size for one in row.writes)
        for written in row.writes:
            assert any(
                one.offset < written.offset + written.size
                and written.offset < one.offset + int(np.prod(one.shape))
                for one in line.outputs
            ), "every block that a row fills is among its outputs"
        assert_titled(line)


def assert_titled(line: Instruction) -> None:
    assert line.title.en
    assert not CHINESE.search(line.title.en)
    if line.layer:
        assert line.title.en.startswith(f"{line.layer}: ")
        assert line.title.zh.startswith(f"{line.layer}：")
    assert line.formula
    assert "\n" not in line.formula


@pytest.mark.parametrize("name", CASES)
def test_every_instruction_names_blocks_that_exist(name: str) -> None:
    for program in programs(Session(CASES[name](), "float64")):
        assert_sound(program)


@pytest.mark.parametrize("member", members_of(Layer))
def test_every_layer_of_the_catalog_is_listed(member: type[Layer]) -> None:
    if not member.input_ports or not member.output_ports:
        return  # they stand in every network
    for layer in variants(member):
        samples = random_samples((3,), 2, 5)
        trainer = Trainer(network_around(layer, accepted(layer)[0]), samples)
        assert_sound(trainer.program)


@pytest.mark.parametrize("member", members_of(Loss))
def test_every_loss_of_the_catalog_is_listed(member: type[Loss]) -> None:
    graph = network_around(Layer.registry["dense"](), ((3,),))
    assert_sound(Trainer(graph, random_samples((3,), 2, 5), loss=member()).program)


@pytest.mark.parametrize("member", members_of(Optimizer))
def test_every_optimizer_of_the_catalog_is_listed(member: type[Optimizer]) -> None:
    optimizer = member()
    graph = network_around(Layer.registry["dense"](), ((3,),))
    program = Trainer(graph, random_samples((3,), 2, 5), optimizer=optimizer).program
    assert_sound(program)
    update = listing(program)[-1]
    whole = [operand for operand in operands_of(update) if operand.block != "constants"]
    names = {"parameters", "gradients", *(f"optimizer:{slot}" for slot in optimizer.slots)}
    assert {operand.block for operand in whole} == names
    assert {operand.shape for operand in whole} == {program.network.parameter_region.shape}
    (constants,) = [operand for operand in update.inputs if operand.block == "constants"]
    values = operand_values(program, program.new_arena(), constants)
    assert values.tolist() == list(optimizer.constants())
    assert not update.layer


def test_every_op_has_a_title_of_its_own() -> None:
    """Those of `engine.program` may leave it to their phase; the listing of a program checks it."""
    for op in OPS.values():
        module = op.function.__module__
        if not module.startswith("engine.") or module.startswith("engine.program."):
            continue
        assert op.title is not None, f"{op.name} needs a title: @op(..., title=Text(...))"
        assert op.title.en.strip() == op.title.en != ""
        assert op.title.zh.strip() == op.title.zh != ""
        assert not CHINESE.search(op.title.en)


def test_only_rows_of_a_named_phase_go_without_a_title() -> None:
    for row in Session(CASES["branches"]()).program.rows:
        assert row.title or row.op.title or row.phase in PHASES


def test_a_listing_reads_like_a_recipe() -> None:
    session = Session(CASES["skip"]())
    lines = {line.title.en: line for line in listing(session.program)}
    sums = lines["hidden1: weighted sums"]
    assert [(one.name, one.block, one.shape) for one in sums.inputs] == [
        ("left", "hidden1.weights", (8, 4)),
        ("right", "input.output", (4, 10)),
        ("start", "hidden1.bias", (8,)),
    ]
    assert [(one.name, one.block, one.writes) for one in sums.outputs] == [
        ("product", "hidden1.sums", True)
    ]
    assert sums.formula.startswith("product = start + left · right;")
    product = lines["hidden2: gradient by the inputs"]
    assert {one.name for one in product.inputs} == {"left", "right"}, "it starts from nothing"
    assert lines["hidden1: weighted sums"].title.zh == "hidden1：加权和"
    assert {"hidden1: gradient of the weights", "update of all parameters (Adam)"} <= lines.keys()


def test_the_parts_of_a_joined_block_have_their_own_sizes() -> None:
    session = Session(CASES["branches"]())
    copies = [line for line in listing(session.program) if line.layer == "joined" and line.inputs]
    forward = [line.outputs[0] for line in copies if line.phase == "forward"]
    backward = [line.inputs[0] for line in copies if line.phase == "backward"]
    assert {one.block for one in forward} == {"joined.output"}
    assert [one.offset - forward[0].offset for one in forward] == [0, 54, 108]
    assert [one.shape for one in forward[1:]] == [(6, 9), (6, 9)]
    handed = [one for one in backward if one.block == "joined.grad_output"]
    assert len({one.offset for one in handed}) == 3


def test_values_are_a_copy() -> None:
    session = Session(CASES["spiral"](), "float64")
    first = listing(session.program)[2].inputs[0]
    values = operand_values(session.program, session.arena, first)
    assert np.array_equal(values, session.parameters()[first.block])
    values[...] = 7
    assert not (session.parameters()[first.block] == 7).any()


def test_a_formula_is_one_line() -> None:
    gather = Session(CASES["spiral"]()).program.rows[0]
    assert formula_of(gather).startswith("The next `batch` samples")
    assert "Each pass" not in formula_of(gather)
