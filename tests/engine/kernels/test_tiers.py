"""Which CPU tier a machine gets."""

from __future__ import annotations

import platform

import pytest

from engine.kernels import tiers

AVX2 = frozenset({"sse2", "avx2", "fma", "f16c", "bmi1", "bmi2", "movbe"})
AVX512 = AVX2 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}


def tier_of(
    monkeypatch: pytest.MonkeyPatch, machine: str, flags: frozenset[str], chosen: str = ""
) -> str:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(tiers, "_flags", lambda: flags)
    monkeypatch.setenv("NEURARIUM_TIER", chosen)
    return tiers.detect.__wrapped__().name


def test_the_best_tier_whose_every_flag_is_there_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tier_of(monkeypatch, "x86_64", AVX512 | {"sse3"}) == "avx512"
    assert tier_of(monkeypatch, "AMD64", AVX512 - {"avx512vl"}) == "avx2"
    assert tier_of(monkeypatch, "x86_64", AVX2 - {"fma"}) == "baseline"
    assert tier_of(monkeypatch, "x86_64", frozenset()) == "baseline"
    assert tier_of(monkeypatch, "aarch64", AVX512) == "native"


def test_a_tier_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for tier in (*tiers.TIERS, tiers.OTHER):
        assert tier_of(monkeypatch, "x86_64", AVX512, tier.name) == tier.name
    with pytest.raises(ValueError, match=r"'teapot'; use one of avx512, avx2, baseline, native"):
        tier_of(monkeypatch, "x86_64", AVX512, "teapot")


def test_tiles_fit_the_registers() -> None:
    """Two accumulators a row, two vectors of the right side and one factor are live at a time."""
    for tier in (*tiers.TIERS, tiers.OTHER):
        registers = 32 if tier.name in ("avx512", "native") else 16
        assert 2 * tier.tile_rows + 3 <= registers
        assert tier.vector_bytes in (16, 32, 64)
    assert len({tier.name for tier in tiers.TIERS}) == len(tiers.TIERS)
