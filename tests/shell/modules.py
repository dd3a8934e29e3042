"""Reads the project's own modules and what they import, without running any of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeGuard

from server.bootstrap import ROOT

PACKAGES = ("bench", "engine", "server", "tests")


@dataclass(frozen=True)
class Import:
    """One name that a module imports.

    Attributes:
        target: dotted name of the module meant.
        line: where the import stands.
        in_function: whether it stands inside a function.
        for_types: whether only the type checker follows it.
    """

    target: str
    line: int
    in_function: bool
    for_types: bool


@cache
def own_modules() -> dict[str, Path]:
    """The dotted name of every module of the project, and its file."""
    found: dict[str, Path] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = path
    return found


@cache
def imports_of(name: str) -> tuple[Import, ...]:
    """Everything that a module imports."""
    path = own_modules()[name]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    return tuple(_Reader(package).read(tree, in_function=False, for_types=False))


class _Reader:
    """Walks a module's syntax tree; ``package`` is where its relative imports start."""

    def __init__(self, package: str) -> None:
        self._package = package

    def read(self, node: ast.AST, in_function: bool, for_types: bool) -> Iterator[Import]:
        """The imports in a node and below it."""
        for target in self._targets(node):
            yield Import(target, getattr(node, "lineno", 0), in_function, for_types)
        function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
        inside = in_function or isinstance(node, function)
        checked = node.body if _asks_for_type_checking(node) else []
        for child in ast.iter_child_nodes(node):
            yield from self.read(child, inside, for_types or child in checked)

    def _targets(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = self._resolve(node)
            for alias in node.names:
                submodule = f"{base}.{alias.name}"
                yield submodule if submodule in own_modules() else base

    def _resolve(self, node: ast.ImportFrom) -> str:
        """The module that ``from … import`` names."""
        if not node.level:
            return node.module or ""
        parts = self._package.split(".")
        base = parts[: len(parts) - node.level + 1]
        return ".".join([*base, node.module] if node.module else base)


def _asks_for_type_checking(node: ast.AST) -> TypeGuard[ast.If]:
    """Whether a node is ``if TYPE_CHECKING:``."""
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )
