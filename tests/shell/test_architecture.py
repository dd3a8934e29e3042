"""The rules of the house: which module may use which. ``docs/architecture.md`` tells why."""

from __future__ import annotations

import re
import sys
import tomllib
from graphlib import CycleError, TopologicalSorter

import pytest

from server.bootstrap import ROOT
from tests.shell.modules import Import, imports_of, own_modules

FLOORS = (
    ("engine.catalog", "engine.errors", "engine.limits", "engine.progress", "engine.text"),
    ("engine.arithmetic",),
    ("engine.kernels",),
    ("engine.instructions",),
    (
        "engine.activations",
        "engine.data",
        "engine.initializers",
        "engine.layers",
        "engine.losses",
        "engine.optimizers",
    ),
    ("engine.graph",),
    ("engine.program",),
    ("engine.insight", "engine.tasks"),
    ("engine.experiment",),
    ("engine.evaluation", "engine.material", "engine.presets", "engine.snapshot"),
    ("engine.explanation",),
    ("engine.carry", "engine.observer", "engine.scheduler", "engine.session"),
    ("engine.timeline",),
    (
        "engine.breakpoints",
        "engine.doctor",
        "engine.insight.ablation",
        "engine.insight.cost",
        "engine.insight.gradient_check",
        "engine.insight.nudging",
        "engine.twin",
    ),
    ("engine",),
    ("server", "server.bootstrap", "server.descriptions", "server.progress"),
    ("server.protocol",),
    ("server.errors", "server.rest", "server.settings", "server.stream"),
    ("server.http_errors",),
    ("server.admission", "server.assets", "server.hosts"),
    ("server.history", "server.library", "server.middleware", "server.store"),
    ("server.watched",),
    ("server.channel",),
    ("server.notices", "server.session"),
    ("server.archive",),
    ("server.placing",),
    ("server.sessions",),
    ("server.services",),
    ("server.connection", "server.pages"),
    ("server.api", "server.typescript"),
    ("server.app",),
    ("server.serving",),
    ("server.__main__", "server.cli"),
)
"""From the cellar up: a module may use its own floor and those below.

A folder stands as one, except for modules of it that are listed by themselves: they look at whole
sessions, which use the rest of their folder.
"""

PARTS_OF_A_DEPENDENCY = {
    "llvmlite": "numba",
    "pydantic_core": "pydantic",
    "starlette": "fastapi",
}
"""Packages that come with one of ours, and are documented as part of it."""


def names(package: str) -> list[str]:
    """The modules of a package, itself included."""
    return [name for name in own_modules() if name == package or name.startswith(f"{package}.")]


def place(name: str, imported: Import) -> str:
    """Where an import stands, for a failing test's message."""
    return f"{own_modules()[name].relative_to(ROOT)}:{imported.line} imports {imported.target}"


def floor_of(name: str) -> int:
    """The number of the floor on which a module, or else the folder it lies in, stands."""
    room = ".".join(name.split(".")[:2])
    for wanted in (name, room):
        for number, floor in enumerate(FLOORS):
            if wanted in floor:
                return number
    pytest.fail(f"{room} stands on no floor: add it to FLOORS where its imports allow")


def test_the_project_is_found() -> None:
    assert {"engine", "server", "server.cli", "tests.shell.modules"} <= set(own_modules())


@pytest.mark.parametrize("package", ["engine", "server"])
def test_nothing_uses_a_floor_above_its_own(package: str) -> None:
    wrong = [
        place(name, imported)
        for name in names(package)
        for imported in imports_of(name)
        if imported.target in own_modules()
        if imported.target.partition(".")[0] in ("engine", "server")
        if floor_of(imported.target) > floor_of(name)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("engine", {"bench", "server", "tests"}),
        ("server", {"bench", "tests"}),
    ],
)
def test_packages_are_used_in_one_direction(package: str, forbidden: set[str]) -> None:
    wrong = [
        place(name, imported)
        for name in names(package)
        for imported in imports_of(name)
        if imported.target.partition(".")[0] in forbidden
    ]
    assert wrong == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {
        name: {
            imported.target
            for imported in imports_of(name)
            if imported.target in own_modules() and not imported.for_types
        }
        - {name}
        for name in own_modules()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("imports in a circle: " + " ← ".join(error.args[1]))


def test_own_code_is_never_imported_inside_a_function() -> None:
    wrong = [
        place(name, imported)
        for name in own_modules()
        for imported in imports_of(name)
        if imported.in_function and imported.target in own_modules()
    ]
    assert wrong == []


@pytest.mark.parametrize("package", ["engine", "server"])
def test_only_declared_packages_are_used(package: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[^\w-]", line)[0] for line in project["dependencies"]}
    wrong = [
        place(name, imported)
        for name in names(package)
        for imported in imports_of(name)
        for top in [imported.target.partition(".")[0]]
        if top not in sys.stdlib_module_names and top not in {"engine", "server"}
        if PARTS_OF_A_DEPENDENCY.get(top, top) not in declared
    ]
    assert wrong == []
