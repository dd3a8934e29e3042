"""What the engine has, in the words of the protocol: layout, samples, catalog, presets.

Guarded by tests/server/test_api.py and test_running.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import Session, breakpoints, catalog, presets
from engine.catalog import member
from engine.data import Dataset, Source
from engine.errors import DataError
from engine.explanation.listing import Instruction as FoundInstruction
from engine.explanation.listing import Operand as FoundOperand
from engine.explanation.listing import listing
from engine.insight.divergence import Divergence as Found
from engine.observer import Inspection, Observer
from engine.program.program import Program
from engine.text import Text
from server.hosts.base import Description
from server.protocol import (
    SAMPLES,
    Divergence,
    Inspected,
    Instruction,
    LayerLayout,
    Layout,
    Listing,
    Operand,
    TensorLayout,
    Words,
)
from server.rest import Catalog, PresetDetail
from server.stream import Head, Tensor, encode

PREVIEW_SEED = 1


def words(text: Text) -> Words:
    """A text of the engine on the wire."""
    return Words(en=text.en, zh=text.zh)


def describe() -> Description:
    """Catalog and presets of the engine."""
    details = [
        PresetDetail(
            name=name,
            title=words(preset.title),
            help=words(preset.help),
            steps_per_second=preset.steps_per_second,
            experiment=preset.experiment.model_dump(mode="json"),
        ).model_dump_json()
        for name, preset in ((name, presets.entry(name)) for name in presets.names())
    ]
    listed = Catalog.model_validate(catalog.entries() | breakpoints.entries()).model_dump_json()
    return Description(listed.encode(), f"[{','.join(details)}]".encode(), presets.DEFAULT)


def layers_of(session: Session) -> list[LayerLayout]:
    """The layers of a session in order of computation."""
    return [
        LayerLayout(
            name=layer.name,
            kind=layer.kind,
            shape=list(layer.shape),
            inputs=list(layer.inputs),
            parameters=layer.parameters,
            map_scale=layer.map_scale,
        )
        for layer in session.layout
    ]


def layout_of(session: Session, observer: Observer, revision: int) -> Layout:
    """Everything about a session that stays the same until its next edit."""
    prepared = session.prepared
    dataset = prepared.dataset
    training, validation = len(prepared.training_inputs), len(prepared.validation_inputs)
    return Layout(
        revision=revision,
        layers=layers_of(session),
        tensors=[
            TensorLayout(
                layer=spec.layer, quantity=spec.quantity, shape=list(spec.shape), dtype=spec.dtype
            )
            for spec in observer.tensors
        ],
        problem=dataset.problem,
        classes=_all_words(dataset.classes),
        features=_all_words(prepared.features),
        raw_features=_all_words(dataset.features),
        raw_shape=list(dataset.inputs.shape[1:]),
        domain=None if observer.domain is None else observer.domain.tolist(),
        resolution=observer.resolution,
        training_samples=training,
        validation_samples=validation,
        gallery=list(observer.gallery),
        steps_per_epoch=training / session.material.plan.batch,
    )


def inspected(inspection: Inspection) -> Inspected:
    """The sample that is looked at."""
    return Inspected(part=inspection.part, sample=inspection.sample, target=inspection.target)


def divergence_of(found: Found) -> Divergence:
    """Where training left the finite numbers."""
    return Divergence(
        step=found.step,
        row=found.row,
        operation=found.operation,
        layer=found.layer,
        message=words(found.message),
        healthy_step=found.healthy_step,
    )


def samples_of(session: Session, part: str, offset: int, count: int) -> bytes:
    """Samples of one part as they were before preprocessing.

    Raises:
        DataError: `offset` lies behind the last sample.
    """
    prepared = session.prepared
    inputs, targets = {
        "training": (prepared.raw_training_inputs, prepared.training_targets),
        "validation": (prepared.raw_validation_inputs, prepared.validation_targets),
    }[part]
    if offset and offset >= len(inputs):
        raise DataError(
            "no_such_sample",
            "offset",
            Text(f"There is no sample {offset} in this part.", f"这一部分没有第 {offset} 个样本。"),
            Text("Choose one that exists.", "请选择存在的样本。"),
            value=offset,
            allowed=f"0 … {len(inputs) - 1}",
        )
    end = min(offset + count, len(inputs))
    return _encode_samples(inputs[offset:end], targets[offset:end], range(offset, end))


def samples_of_source(kind: str, count: int) -> bytes:
    """Some samples of a source with its default fields, spread over all of them.

    Raises:
        NeurariumError: there is no such source, or it has no samples of its own.
    """
    # A variable, since type checkers refuse abstract classes as arguments.
    family: type[Any] = Source
    dataset: Dataset = member(family, kind)().load(PREVIEW_SEED)
    total = len(dataset.inputs)
    rows = np.unique(np.linspace(0, max(0, total - 1), min(count, total)).astype(np.int64))
    return _encode_samples(dataset.inputs[rows], dataset.targets[rows], rows)


def _encode_samples(inputs: NDArray[Any], targets: NDArray[Any], numbers: Iterable[int]) -> bytes:
    return encode(
        Head(SAMPLES, 0, 0),
        (
            _inputs_tensor(inputs),
            Tensor(1, np.ascontiguousarray(targets, np.float32)),
            Tensor(2, np.array(list(numbers), np.float32)),
        ),
    )


def _inputs_tensor(inputs: NDArray[Any]) -> Tensor:
    """Pictures as bytes from their darkest to their brightest value, everything else as it is."""
    if inputs.ndim < 3 or not inputs.size:
        return Tensor(0, np.ascontiguousarray(inputs, np.float32))
    low, high = float(inputs.min()), float(inputs.max())
    scaled = np.rint((inputs - low) * (255 / max(high - low, 1e-12)))
    return Tensor(0, np.ascontiguousarray(scaled, np.uint8), low, high)


def _all_words(texts: Sequence[Text]) -> list[Words]:
    return [words(text) for text in texts]


def listing_message(revision: int, program: Program) -> Listing:
    """The program of one training step."""
    return Listing(revision=revision, instructions=[_instruction(one) for one in listing(program)])


def _instruction(found: FoundInstruction) -> Instruction:
    return Instruction.model_validate(
        {
            "operation": found.operation,
            "formula": found.formula,
            "layer": found.layer,
            "phase": found.phase,
            "title": words(found.title),
            "inputs": _operands(found.inputs),
            "outputs": _operands(found.outputs),
        }
    )


def _operands(found: Sequence[FoundOperand]) -> list[Operand]:
    return [Operand(name=one.name, block=one.block, shape=list(one.shape)) for one in found]
