"""The machine that was measured, and the processors that a measurement may use."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from engine.kernels.tiers import detect

PACKAGES = ("numpy", "numba", "torch", "jax", "scikit-learn")


def describe_machine(peak: float, quick: bool) -> dict[str, Any]:
    """What a reader must know to compare numbers.

    Args:
        peak: multiply-add operations a second of one core, as measured (see `bench.floor`).
        quick: whether the short measurement was taken.
    """
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": processor_name(),
        "processors": count_processors(),
        "memory_gb": memory_gigabytes(),
        "system": f"{platform.system()} {platform.machine()}",
        "tier": detect().name,
        "peak_gflops": round(peak / 1e9, 1),
        "load_before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "quick": quick,
        "python": platform.python_version(),
        "packages": installed_versions(),
    }


def processor_name() -> str:
    """As the system calls it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    named = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return named[1].strip() if named else platform.machine()


def count_processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_gigabytes() -> float | None:
    """Of the machine; `None` where the system doesn't say."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (AttributeError, OSError, ValueError):
        return None


def installed_versions() -> dict[str, str]:
    """Versions of the packages whose speed matters, where they are installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def file_name(machine: dict[str, Any]) -> str:
    """The name, without ending, under which a result is kept: date, processor and tier."""
    words = re.sub(r"[^a-z0-9]+", "-", f"{machine['processor']} {machine['tier']}".lower())
    return f"{machine['date']}-{words.strip('-')}"


@contextmanager
def on_processors(count: int) -> Iterator[None]:
    """Let this thread, and those that it starts meanwhile, use so many processors only."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(allowed)[:count]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
