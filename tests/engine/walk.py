"""Every member of a family, with every field at several values, and data for every loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from engine.catalog import FAMILIES, Described, fields_of
from engine.data.dataset import Dataset, Problem
from engine.losses import Loss
from engine.text import Text

PROBLEMS: tuple[Problem, ...] = ("classification", "regression")


def members_of(family: type[Described]) -> list[Any]:
    return [pytest.param(member, id=kind) for kind, member in sorted(family.registry.items())]


def variants(member: type[Any]) -> Iterator[Any]:
    """The member as it comes, then with each field at other values that it allows."""
    yield member()
    for field in fields_of(member):
        for value in other_values(field):
            yield member.model_validate({field["name"]: value})


def other_values(field: dict[str, Any]) -> list[Any]:
    if field["type"] == "choice":
        return list(field["values"])
    if field["type"] == "boolean":
        return [False, True]
    if field["type"].startswith("member:"):
        family = FAMILIES[field["type"].partition(":")[2]]
        return [{"kind": kind} for kind in sorted(family.registry)]
    if field["type"] == "integer":
        return [size for size in (1, 3, 17) if field["minimum"] <= size <= field["maximum"]]
    if field["type"] == "number":
        ends = [field["maximum"], *([] if field["exclusive"] else [field["minimum"]])]
        return [*ends, field["minimum"] + 0.3 * (field["maximum"] - field["minimum"])]
    return []


def problems_for(loss: Loss, count: int) -> list[Dataset]:
    generator = np.random.default_rng(count)
    inputs = generator.normal(size=(count, 2)).astype(np.float32)
    sets = []
    for classes in (2, 3, 10):
        names = tuple(Text(str(number), str(number)) for number in range(classes))
        targets = generator.integers(0, classes, count)
        sets.append(Dataset(inputs, targets, "classification", classes=names))
    for outputs in (1, 3):
        values = generator.normal(size=(count, outputs)).astype(np.float32)
        sets.append(Dataset(inputs, values, "regression"))
    return [dataset for dataset in sets if dataset.problem in loss.problems]
