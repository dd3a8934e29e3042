"""Compiling ahead of time: in other processes, into the cache, with failures that say why."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.kernels import cache, warm


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder with nothing in it, for this process and those that it starts."""
    monkeypatch.setenv("NEURARIUM_CACHE_DIR", str(tmp_path))
    return tmp_path


def no_process(names: list[str]) -> None:
    raise AssertionError(f"a compiler was started for {names}")


def test_every_op_of_the_catalog_is_known_without_compiling_any() -> None:
    names = warm._ops()
    assert len(names) == len(set(names)) > 20
    assert {"copy", "gather", "tanh_forward", "adam_update", "mean_squared_error"} <= set(names)


def test_missing_ops_are_compiled_into_the_cache(empty: Path) -> None:
    assert not cache.is_ready("copy", "float32")
    warm.in_subprocess([("copy", "float32"), ("accumulate", "float64")])
    assert cache.is_ready("copy", "float32")
    assert cache.is_ready("accumulate", "float64")
    assert not cache.is_ready("copy", "float64")
    assert list(cache.directory().rglob("*.nbi")), "Numba stored what it compiled there"


def test_warming_up_reports_every_op_and_then_has_nothing_to_do(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm, "_ops", lambda: ["copy", "accumulate"])
    # In place of the executor, which takes seconds; every other test needs it compiled anyway.
    monkeypatch.setattr(warm, "EXECUTOR", "copy:float64")
    reports: list[tuple[str, int, int]] = []
    warm.warm(lambda *report: reports.append(report))
    assert {name.partition(":")[0] for name, _, _ in reports} >= {"copy", "accumulate"}
    assert [done for _, done, _ in reports] == list(range(1, len(reports) + 1))
    assert {total for _, _, total in reports} == {len(reports)}
    assert cache.is_warm()
    monkeypatch.setattr(warm, "start", no_process)
    warm.warm(lambda *report: reports.append(report))


def test_a_compiler_that_fails_says_why(empty: Path) -> None:
    with pytest.raises(RuntimeError, match="KeyError: 'no_such_op'"):
        warm.in_subprocess([("no_such_op", "float32")])
    assert not cache.is_ready("no_such_op", "float32")
