"""How parameters begin: centre, spread, bounds, and the same again for the same seed."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest

from engine.initializers import He, Initializer, Normal, Uniform, Xavier, Zeros
from tests.engine.walk import members_of, variants

ALL = members_of(Initializer)
FANS = ((1, 1), (2, 8), (784, 128), (300, 10))
COUNT = 40_000


@pytest.mark.parametrize("member", ALL)
def test_values_are_centred_and_spread_as_promised(member: type[Initializer]) -> None:
    for initializer in variants(member):
        for inputs, outputs in FANS:
            generator = np.random.default_rng(1)
            values = initializer.draw((COUNT // 8, 8), (inputs, outputs), generator)
            spread = initializer.spread(inputs, outputs)
            assert values.shape == (COUNT // 8, 8)
            assert abs(values.mean()) <= 5 * spread / sqrt(COUNT)
            assert values.std() == pytest.approx(spread, rel=0.02, abs=1e-12)
            # Four moments in, a normal distribution reaches further than a uniform one.
            assert np.abs(values).max() <= max(6 * spread, 1e-12)


@pytest.mark.parametrize("member", ALL)
def test_the_same_chance_gives_the_same_values(member: type[Initializer]) -> None:
    for initializer in variants(member):
        first, same, other = (
            initializer.draw((5, 3), (3, 5), np.random.default_rng(seed)) for seed in (1, 1, 2)
        )
        assert np.array_equal(first, same)
        assert np.array_equal(first, other) == (initializer.spread(3, 5) == 0)


@pytest.mark.parametrize(
    ("initializer", "bound"),
    [
        (Uniform(limit=0.5), 0.5),
        (Xavier(distribution="uniform"), sqrt(6 / (3 + 5))),
        (He(distribution="uniform"), sqrt(6 / 3)),
        (Zeros(), 0.0),
    ],
)
def test_uniform_values_fill_their_interval_and_stay_inside(
    initializer: Initializer, bound: float
) -> None:
    values = initializer.draw((100, 100), (3, 5), np.random.default_rng(3))
    assert np.abs(values).max() <= bound
    assert np.abs(values).max() >= 0.999 * bound


@pytest.mark.parametrize(
    ("initializer", "spread"),
    [
        (Zeros(), 0.0),
        (Normal(deviation=0.25), 0.25),
        (Uniform(limit=0.5), 0.5 / sqrt(3)),
        (Xavier(), sqrt(2 / 108)),
        (He(), sqrt(2 / 100)),
    ],
)
def test_the_spread_is_that_of_the_textbook(initializer: Initializer, spread: float) -> None:
    assert initializer.spread(100, 8) == pytest.approx(spread)


def share_outside(initializer: Any) -> float:
    values = initializer.draw((200, 200), (10, 10), np.random.default_rng(4))
    return float((np.abs(values) > 2 * initializer.spread(10, 10)).mean())


@pytest.mark.parametrize("member", [Xavier, He])
def test_the_distribution_is_the_chosen_one(member: type[Any]) -> None:
    assert share_outside(member(distribution="normal")) == pytest.approx(0.0455, abs=0.006)
    assert share_outside(member(distribution="uniform")) == 0
