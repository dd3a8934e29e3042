"""Matrix product and transposition: right for every size, and nothing written outside the block."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.kernels import tiers
from engine.kernels.simd import VECTOR_BYTES
from tests.engine.kernels.products import check_multiply, check_product, check_transpose

PROJECT = Path(__file__).resolve().parents[3]
OTHERS = [
    tier.name
    for tier in tiers.TIERS
    if tier.requires <= tiers._flags() and tier is not tiers.detect()
]
"""Tiers that this machine could also run; on a machine without x86 there are none."""


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_product_is_right_for_every_size_and_stays_in_its_block(dtype: str) -> None:
    assert check_multiply(dtype) > 100


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_transposition_is_right_for_every_size_and_stays_in_its_block(dtype: str) -> None:
    assert check_transpose(dtype) > 30


@pytest.mark.parametrize(
    "sizes",
    [(10, 32, 128), (37, 41, 43), (1, 100, 1), (100, 1, 100), (13, 256, 300), (9, 300, 333)],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_larger_products_with_every_mode(dtype: str, sizes: tuple[int, int, int]) -> None:
    for number in range(4):
        modes = (bool(number & 1), bool(number & 2))
        check_product(dtype, sizes, number, modes)


def test_vectors_are_as_wide_as_the_tier_says() -> None:
    assert tiers.detect().vector_bytes == VECTOR_BYTES


def test_every_other_tier_of_this_machine_computes_the_same() -> None:
    """The tile shapes of smaller processors are code of their own: run them too."""
    for tier in OTHERS:
        result = subprocess.run(
            [sys.executable, "-m", "tests.engine.kernels.products"],
            cwd=PROJECT,
            env=os.environ | {"NEURARIUM_TIER": tier},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{tier}: {result.stderr}"
        assert int(result.stdout) > 300
