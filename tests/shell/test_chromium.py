"""How the tests come to a browser."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import chromium


@pytest.fixture(autouse=True)
def a_machine_of_our_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No browser anywhere, every font, no right to install."""
    (tmp_path / "bin").mkdir()
    monkeypatch.delenv(chromium.ENVIRONMENT_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    monkeypatch.setattr(chromium, "SYSTEM_NAMES", ("our-chromium",))
    monkeypatch.setattr(chromium, "SYSTEM_PLACES", ())
    monkeypatch.setattr(chromium, "has_chinese_font", lambda: True)
    monkeypatch.setattr(chromium, "can_use_apt", lambda: False)
    chromium.ensure_chromium.cache_clear()
    yield
    chromium.ensure_chromium.cache_clear()


def make_program(path: Path, status: int = 0) -> Path:
    """A program that answers everything with one exit status."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nexit {status}\n")
    path.chmod(0o755)
    return path


def record_steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the installing steps, none of which works."""
    steps: list[str] = []
    monkeypatch.setattr(chromium, "try_step", lambda name, command: steps.append(name))
    return steps


def test_the_one_that_is_named_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_program(tmp_path / "bin/our-chromium")
    named = make_program(tmp_path / "named")
    monkeypatch.setenv(chromium.ENVIRONMENT_VARIABLE, str(named))
    assert chromium.ensure_chromium() == named


def test_a_named_one_that_does_not_start_is_no_reason_to_take_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_program(tmp_path / "bin/our-chromium")
    monkeypatch.setenv(chromium.ENVIRONMENT_VARIABLE, str(tmp_path / "nothing"))
    with pytest.raises(SystemExit, match="nothing"):
        chromium.ensure_chromium()


def test_the_systems_comes_before_playwrights(tmp_path: Path) -> None:
    ours = make_program(tmp_path / "bin/our-chromium")
    theirs = make_program(tmp_path / "playwright/chromium-1200/chrome-linux/chrome")
    assert list(chromium.candidates()) == [ours, theirs]
    assert chromium.ensure_chromium() == ours


def test_a_broken_one_is_passed_over(tmp_path: Path) -> None:
    make_program(tmp_path / "bin/our-chromium", status=1)
    theirs = make_program(tmp_path / "playwright/chromium-1200/chrome-linux/chrome")
    assert chromium.ensure_chromium() == theirs


def test_every_way_is_tried_before_giving_up(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = record_steps(monkeypatch)
    monkeypatch.setattr(chromium, "can_use_apt", lambda: True)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    with pytest.raises(SystemExit, match=chromium.ENVIRONMENT_VARIABLE):
        chromium.ensure_chromium()
    assert [step.rpartition(" ")[2] for step in steps] == ["apt", "Chromium", "package"]


def test_an_installed_one_ends_the_search(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def install(name: str, command: list[str]) -> bool:
        assert command[-3:] == ["chromium", *chromium.CHINESE_FONTS]
        make_program(tmp_path / "bin/our-chromium")
        return True

    monkeypatch.setattr(chromium, "can_use_apt", lambda: True)
    monkeypatch.setattr(chromium, "try_step", install)
    assert chromium.ensure_chromium() == tmp_path / "bin/our-chromium"


def test_chinese_fonts_are_added_where_they_are_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    steps = record_steps(monkeypatch)
    make_program(tmp_path / "bin/our-chromium")
    monkeypatch.setattr(chromium, "has_chinese_font", lambda: False)
    chromium.ensure_chromium()
    assert steps == []
    monkeypatch.setattr(chromium, "can_use_apt", lambda: True)
    chromium.ensure_chromium.cache_clear()
    chromium.ensure_chromium()
    assert steps == ["installing Chinese fonts"]


def test_a_way_that_fails_is_told_and_left(capfd: pytest.CaptureFixture[str]) -> None:
    assert not chromium.try_step("trying", ["sh", "-c", "echo no network; exit 1"])
    assert "no network" in capfd.readouterr().err
    assert chromium.try_step("trying", ["true"])
