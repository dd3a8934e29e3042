"""Where compiled kernels are kept, decided before Numba is imported (this module never imports it).

Numba checks an op against the text of its own file only and does not see edited helpers, so the
folder's name holds a hash of every source that can end up inside a kernel. It also holds the CPU
tier, so that one folder on a shared disk serves different machines.
Guarded by tests/engine/kernels/test_cache.py.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

from engine.kernels.tiers import Tier, detect

ENGINE = Path(__file__).resolve().parents[1]
KERNEL_FOLDERS = (
    "activations",
    "instructions",
    "kernels",
    "layers",
    "losses",
    "optimizers",
    "program",
)
"""Folders of the engine whose sources are hashed: everything that is compiled lives in them."""


def root() -> Path:
    """`NEURARIUM_CACHE_DIR`, else the user's cache folder."""
    chosen = os.environ.get("NEURARIUM_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "neurarium"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home()))) / "neurarium"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "neurarium"


@cache
def source_hash() -> str:
    """Twelve hexadecimal digits that change with any kernel source and with the compiler."""
    digest = hashlib.sha256()
    for package in ("numba", "llvmlite", "numpy"):
        digest.update(f"{package} {version(package)}\n".encode())
    # Numba files a kernel under its source's path: elsewhere the same source would not be found.
    digest.update(f"{ENGINE} {sys.version_info[:2]} {platform.machine()}\n".encode())
    for folder in KERNEL_FOLDERS:
        for path in sorted((ENGINE / folder).rglob("*.py")):
            digest.update(path.relative_to(ENGINE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def directory(tier: Tier | None = None) -> Path:
    """The folder of compiled kernels for `tier` (by default this machine's)."""
    return root() / "kernels" / f"{source_hash()}-{(tier or detect()).name}"


def marker(operation: str, dtype: str) -> Path:
    """The file that says: this op is compiled and stored."""
    return directory() / "ready" / f"{operation}-{dtype}"


def is_ready(operation: str, dtype: str) -> bool:
    """Whether an op can be loaded instead of compiled."""
    return marker(operation, dtype).exists()


def is_warm() -> bool:
    """Whether every kernel of the catalog has been compiled for this machine."""
    return (directory() / "ready" / "everything").exists()


def activate() -> None:
    """Point Numba at the folder and pin the CPU tier. Call before the first import of Numba."""
    tier = detect()
    os.environ["NUMBA_CACHE_DIR"] = str(directory(tier))
    if tier.cpu_name:
        os.environ["NUMBA_CPU_NAME"] = tier.cpu_name
        os.environ["NUMBA_CPU_FEATURES"] = tier.cpu_features
