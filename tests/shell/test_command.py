"""``python3 -m tests``: a browser is prepared only where it will be used."""

from __future__ import annotations

import pytest

from tests import command


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], True),
        (["-x", "-k", "spiral"], True),
        (["tests"], True),
        (["tests/browser"], True),
        (["tests/browser/chromium.py"], True),
        (["tests/shell", "tests/browser"], True),
        (["tests/shell"], False),
        (["-q", "tests/shell/test_command.py::test_anything"], False),
    ],
)
def test_only_a_run_with_browser_tests_needs_a_browser(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], expected: bool
) -> None:
    monkeypatch.chdir(command.BROWSER_TESTS.parents[1])
    assert command.includes_browser_tests(arguments) is expected


@pytest.mark.parametrize(
    ("arguments", "processors", "expected"),
    [
        ([], 2, 2),
        (["-x", "--durations=5"], 2, 2),
        (["tests"], 3, 3),
        ([], 64, 4),
        ([], 1, None),
        (["tests/shell"], 2, None),
        (["-k", "spiral"], 2, None),
        (["-n0"], 2, None),
    ],
)
def test_a_run_of_everything_is_shared_among_processes(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], processors: int, expected: int | None
) -> None:
    monkeypatch.chdir(command.BROWSER_TESTS.parents[1])
    options = command.side_by_side(arguments, processors)
    assert options[:2] == ([] if expected is None else ["-n", str(expected)])


def test_pytests_status_is_the_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared: list[bool] = []
    monkeypatch.setattr(command, "ensure_chromium", lambda: prepared.append(True))
    monkeypatch.setattr(pytest, "main", lambda words: len(words))
    monkeypatch.setattr(command, "side_by_side", lambda words: [])
    assert command.main(["tests/shell", "-q"]) == 2
    assert prepared == []
    assert command.main([]) == 0
    assert prepared == [True]
