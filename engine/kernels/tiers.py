"""CPU tiers: what a kernel is compiled for, and the shape of the matrix tiles on it.

A tier is pinned instead of "this very CPU", so that one prebuilt cache (a container image, a shared
folder) serves every machine of the tier and gives bit-identical results there.
Guarded by tests/engine/kernels/test_tiers.py.
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Tier:
    """One class of CPUs.

    Attributes:
        name: as used in `NEURARIUM_TIER` and in the cache folder's name.
        cpu_name, cpu_features: as LLVM spells them; an empty name leaves the choice to Numba.
        requires: flags of `/proc/cpuinfo` that a machine must have.
        vector_bytes: width of a vector register.
        tile_rows: rows of a matrix tile whose accumulators (rows × 2 vectors) fit the registers.
    """

    name: str
    cpu_name: str
    cpu_features: str
    requires: frozenset[str]
    vector_bytes: int
    tile_rows: int


AVX2_FEATURES = (
    "+sse3,+ssse3,+sse4.1,+sse4.2,+popcnt,+avx,+avx2,+fma,+f16c,+bmi,+bmi2,+lzcnt,+movbe"
)
AVX512_FEATURES = (
    AVX2_FEATURES + ",+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl,-prefer-256-bit"
)

TIERS = (
    Tier(
        "avx512",
        "x86-64-v4",
        AVX512_FEATURES,
        frozenset({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "fma", "bmi2"}),
        vector_bytes=64,
        tile_rows=8,
    ),
    Tier(
        "avx2",
        "x86-64-v3",
        AVX2_FEATURES,
        frozenset({"avx2", "fma", "f16c", "bmi1", "bmi2", "movbe"}),
        vector_bytes=32,
        tile_rows=4,
    ),
    Tier("baseline", "x86-64", "+sse2", frozenset({"sse2"}), vector_bytes=16, tile_rows=4),
)
"""Best first. On other processors (aarch64) there is one tier with NEON's 16 bytes and 32
registers.
"""

OTHER = Tier("native", "", "", frozenset(), vector_bytes=16, tile_rows=8)


@cache
def detect() -> Tier:
    """This machine's tier, or the one named by `NEURARIUM_TIER`.

    Raises:
        ValueError: `NEURARIUM_TIER` names no tier.
    """
    chosen = os.environ.get("NEURARIUM_TIER")
    if chosen:
        for tier in (*TIERS, OTHER):
            if tier.name == chosen:
                return tier
        names = ", ".join(tier.name for tier in (*TIERS, OTHER))
        raise ValueError(f"NEURARIUM_TIER is {chosen!r}; use one of {names}")
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return OTHER
    flags = _flags()
    return next((tier for tier in TIERS if tier.requires <= flags), TIERS[-1])


def _flags() -> frozenset[str]:
    """CPU flags from `/proc/cpuinfo`; none where it doesn't exist (the baseline tier)."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    line = next((row for row in text.splitlines() if row.startswith("flags")), ":")
    return frozenset(line.partition(":")[2].split())
