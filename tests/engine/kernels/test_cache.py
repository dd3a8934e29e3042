"""Where compiled kernels are kept: another folder for every source, tier and machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.kernels import cache
from engine.kernels.abi import OPS
from engine.kernels.tiers import TIERS

PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the engine that the hash looks at."""
    copy = tmp_path / "engine"
    shutil.copytree(cache.ENGINE, copy, ignore=shutil.ignore_patterns("__pycache__", "files"))
    monkeypatch.setattr(cache, "ENGINE", copy)
    return copy


def fresh_hash() -> str:
    return cache.source_hash.__wrapped__()


def test_the_key_changes_with_every_source_that_is_compiled(sources: Path) -> None:
    """Ops and the helpers that they call: Numba itself sees only an op's own file."""
    seen = {fresh_hash()}
    places = {Path(op.function.__code__.co_filename) for op in OPS.values()}
    inside = {
        path.relative_to(PROJECT / "engine")
        for path in places
        if PROJECT / "engine" in path.parents
    }
    helpers = {Path("kernels/maths.py"), Path("kernels/simd.py"), Path("program/executor.py")}
    assert len(inside) > 10
    for path in sorted(inside | helpers):
        with (sources / path).open("a") as file:
            file.write("\n# another line\n")
        key = fresh_hash()
        assert key not in seen, f"an edit of {path} would go unnoticed"
        seen.add(key)


def test_the_key_is_the_same_for_the_same_sources_in_the_same_place(sources: Path) -> None:
    key = fresh_hash()
    assert fresh_hash() == key
    assert key != cache.source_hash(), "Numba files a kernel under the path of its source"
    (sources / "session.py").write_text("")
    assert fresh_hash() == key, "nothing of a session is compiled"


def test_the_key_changes_with_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "version", lambda package: f"{package}-from-the-future")
    assert fresh_hash() != cache.source_hash()


def test_every_tier_has_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEURARIUM_CACHE_DIR", str(tmp_path))
    folders = {cache.directory(tier) for tier in TIERS}
    assert len(folders) == len(TIERS)
    assert all(folder.parent == tmp_path / "kernels" for folder in folders)


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NEURARIUM_CACHE_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    for system, folder in (
        ("linux", tmp_path / ".cache" / "neurarium"),
        ("darwin", tmp_path / "Library" / "Caches" / "neurarium"),
        ("win32", tmp_path / "local" / "neurarium"),
    ):
        monkeypatch.setattr(sys, "platform", system)
        assert cache.root() == folder
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    assert cache.root() == tmp_path / "other" / "neurarium"


def test_numba_is_pointed_there_before_it_is_imported(tmp_path: Path) -> None:
    """In a process of its own, without Numba's variables set by anybody before."""
    code = (
        "import sys, engine.kernels.cache as cache; assert 'numba' not in sys.modules;"
        "import engine.kernels.abi, numba;"
        "assert numba.config.CACHE_DIR == str(cache.directory());"
        "tier = cache.detect(); assert (numba.config.CPU_NAME or '') == tier.cpu_name;"
        "print(cache.directory())"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA")}
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env=clean | {"NEURARIUM_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(str(tmp_path))
