"""What survives an edit: parameters, the optimizer's memory, the place in the data.

Guarded by tests/engine/test_edit.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.experiment import Experiment
from engine.instructions import Block
from engine.kernels.abi import CURSOR, EPOCH, OPTIMIZER_START, STEP
from engine.material import Material
from engine.program.program import Program

if TYPE_CHECKING:
    from engine.session import Session

Arena = NDArray[Any]


def carry_over(
    session: Session,
    experiment: Experiment,
    old: tuple[Material, Program],
    arena: Arena,
    state: NDArray[np.uint64],
) -> None:
    """Bring what a freshly reset `session` and its former self have in common into its new arena.

    Args:
        session: with the new program, arena and state.
        experiment: as it was before the edit, like all that follow.
        old: samples and program.
        arena: parameters, gradients and the optimizer's memory.
        state: the place in the data.
    """
    material, program = old
    _carry_parameters(session, material, program, arena)
    session.state[STEP] = state[STEP]
    session.state[EPOCH] = state[EPOCH]
    if type(session.experiment.optimizer) is type(experiment.optimizer):
        session.state[OPTIMIZER_START] = state[OPTIMIZER_START]
        _carry_slots(session, material, program, arena)
    else:
        session.state[OPTIMIZER_START] = state[STEP]
    seeds, before = session.experiment.seeds, experiment.seeds
    same_data = session.experiment.data == experiment.data and seeds.data == before.data
    if same_data and seeds.batches == before.batches:
        session.state[CURSOR] = state[CURSOR]
        order = session.program.plan.blocks["order"]
        was = program.plan.blocks["order"]
        session.program.view(session.arena, order)[:] = program.view(arena, was)
    elif state[CURSOR]:
        # The pass that had begun is over; the next batch starts one with an order of its own.
        session.state[EPOCH] += np.uint64(1)


def _carry_parameters(session: Session, material: Material, program: Program, arena: Arena) -> None:
    for key, block in session.program.network.parameters.items():
        was = program.network.parameters.get(key)
        if was is not None and _comparable(session, material, key, block, was):
            _copy_common(session.program.view(session.arena, block), program.view(arena, was))
            gradient, had = session.program.network.gradients[key], program.network.gradients[key]
            _copy_common(session.program.view(session.arena, gradient), program.view(arena, had))
    session.arena[session.program.network.report.offset] = arena[program.network.report.offset]


def _carry_slots(session: Session, material: Material, program: Program, arena: Arena) -> None:
    """The optimizer's arrays lie like the parameters, each at a stretch."""
    for slot in session.experiment.optimizer.slots:
        new, old = (
            plan.blocks[f"optimizer:{slot}"] for plan in (session.program.plan, program.plan)
        )
        for key, block in session.program.network.parameters.items():
            was = program.network.parameters.get(key)
            if was is not None and _comparable(session, material, key, block, was):
                start = new.offset - session.program.network.parameter_region.offset
                former = old.offset - program.network.parameter_region.offset
                target = Block(slot, block.offset + start, block.shape)
                source = Block(slot, was.offset + former, was.shape)
                _copy_common(
                    session.program.view(session.arena, target), program.view(arena, source)
                )


def _comparable(session: Session, material: Material, key: str, block: Block, was: Block) -> bool:
    """Whether places in the old and the new array mean the same.

    They don't when other input features arrive at a layer: its first column was another feature's.
    """
    if len(block.shape) != len(was.shape):
        return False
    layer = key.rpartition(".")[0]
    graph, old = session.material.plan.graph, material.plan.graph
    feeds = graph.sources[layer] == (graph.input_name,)
    features = session.material.prepared.features != material.prepared.features
    return not (feeds and features and graph.sources[layer] == old.sources.get(layer))


def _copy_common(target: Arena, source: Arena) -> None:
    common = tuple(slice(0, min(sizes)) for sizes in zip(target.shape, source.shape, strict=True))
    target[common] = source[common]
