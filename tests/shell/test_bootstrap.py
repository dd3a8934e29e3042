"""What happens before the first package is there."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from server import bootstrap
from server.bootstrap import ROOT, check_python, prepare

READ_BY_OLD_PYTHONS = (
    "server/__init__.py",
    "server/__main__.py",
    "server/bootstrap.py",
    "server/progress.py",
    "tests/__init__.py",
    "tests/__main__.py",
    "tests/static_checks.py",
)
"""What runs before a Python that is too old was told so."""


@pytest.mark.parametrize("name", READ_BY_OLD_PYTHONS)
def test_an_old_python_can_read_what_tells_it_so(name: str) -> None:
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"), feature_version=(3, 6))
    names = {module for node in tree.body for module in imported_modules(node)}
    own = {module for module in names if module.partition(".")[0] in ("server", "tests")}
    assert {module.replace(".", "/") + ".py" for module in own} <= set(READ_BY_OLD_PYTHONS)
    assert not names & {"tomllib", "importlib.metadata", "graphlib", "zoneinfo", "dataclasses"}


def imported_modules(node: ast.stmt) -> list[str]:
    """The modules that a statement at the top of a file imports."""
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return []


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13)])
def test_an_old_python_is_told_which_one_is_needed(version: tuple[int, int, int]) -> None:
    with pytest.raises(SystemExit) as stop:
        check_python(version)
    message = str(stop.value)
    assert "\n" not in message
    assert "3.11 or newer" in message and ".".join(map(str, version)) in message


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 14, 1), (4, 0, 0)])
def test_a_new_python_is_welcome(version: tuple[int, int, int]) -> None:
    check_python(version)


@pytest.fixture
def checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A checkout of our own in which nothing has been made yet."""
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "PROJECT", tmp_path / "pyproject.toml")
    monkeypatch.setattr(bootstrap, "ENVIRONMENT", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "ENVIRONMENT_PYTHON", tmp_path / ".venv/bin/python")
    return tmp_path


def write_project(folder: Path, dependencies: list[str]) -> None:
    listed = json.dumps(dependencies)
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "neurarium"\ndependencies = {listed}\n'
        'optional-dependencies = { test = ["neurarium[ui]", "missing-test-package==2"] }\n'
    )


def test_an_installed_wheel_is_left_alone(checkout: Path) -> None:
    prepare()
    assert list(checkout.iterdir()) == []


def test_a_foreign_environment_is_only_told_what_it_lacks(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    write_project(checkout, ["pytest>=9", "no-such-package>=1", "another_missing [extra]>=2"])
    with pytest.raises(SystemExit) as stop:
        prepare()
    message = str(stop.value)
    assert "\n" not in message
    assert "lacks no-such-package, another_missing." in message
    assert f"{sys.executable} -m pip install -e '.'" in message
    assert not (checkout / ".venv").exists()


def test_a_foreign_environment_needs_the_optional_packages_asked_for(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    write_project(checkout, ["pytest>=9"])
    with pytest.raises(SystemExit, match=r"lacks missing-test-package\. .* -e '\.\[test\]'"):
        prepare("test")


def test_an_environment_is_ready_until_the_project_asks_for_something_else(
    checkout: Path,
) -> None:
    write_project(checkout, ["numpy"])
    python = checkout / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert not bootstrap._is_installed("")
    bootstrap._ready_mark("test").write_text(bootstrap._project_digest())
    assert bootstrap._is_installed("test")
    assert bootstrap._is_installed("")
    write_project(checkout, ["numpy", "numba"])
    assert not bootstrap._is_installed("")


@pytest.mark.slow
def test_the_first_start_makes_everything_and_the_second_nothing(tmp_path: Path) -> None:
    copy = tmp_path / "neurarium"
    made = shutil.ignore_patterns(
        ".git", ".venv", "node_modules", "dist", "__pycache__", ".*_cache"
    )
    shutil.copytree(ROOT, copy, ignore=made)
    base = Path(sys.base_prefix) / "bin/python3"
    variables = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}

    def start() -> subprocess.CompletedProcess[str]:
        command = [str(base), "-m", "server", "--version"]
        return subprocess.run(
            command, cwd=copy, env=variables, capture_output=True, encoding="utf-8"
        )

    first, second = start(), start()
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("neurarium ")
    for step in ("making the environment", "building the page", "installing the packages"):
        assert f"neurarium: {step}" in first.stderr
    assert (copy / "static/dist/manifest.json").is_file()
    assert second.stdout == first.stdout
    assert second.stderr == ""
