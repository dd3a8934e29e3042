"""Numbers in TeX and sums whose parts are shown."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.arithmetic.figures import (
    added,
    enclosed,
    fraction,
    number,
    operand,
    product,
    share,
    spoken,
)
from engine.arithmetic.quantity import Line, Quantity
from engine.arithmetic.sums import MOST_TERMS, MOST_WRITTEN, Addend, Sum, alone, joined, largest
from engine.text import Text

NUMBERS = [
    (0.0, "0"),
    (-0.0, "0"),
    (1.0, "1"),
    (-1.3, "-1.3"),
    (0.52341, "0.5234"),
    (-0.00012345, "-0.0001234"),
    (0.0001, "0.0001"),
    (1.2e-5, r"1.2\cdot 10^{-5}"),
    (-1e-8, r"-1\cdot 10^{-8}"),
    (1234.56, "1235"),
    (9999.6, "10000"),
    (12345.6, "12346"),
    (-999999.4, "-999999"),
    (1e6, r"1\cdot 10^{6}"),
    (3.45678e7, r"3.457\cdot 10^{7}"),
    (1e-300, r"1\cdot 10^{-300}"),
    (math.inf, r"\infty"),
    (-math.inf, r"-\infty"),
]


@pytest.mark.parametrize(("value", "tex"), NUMBERS)
def test_a_number_has_four_digits_and_no_e(value: float, tex: str) -> None:
    assert number(value) == tex
    assert number(np.float64(value)) == tex


def test_any_number_reads_as_itself_to_four_digits() -> None:
    generator = np.random.default_rng(1)
    for value in generator.normal(size=500) * 10.0 ** generator.integers(-12, 12, 500):
        mantissa, _, exponent = number(value).partition(r"\cdot 10^{")
        read = float(mantissa) * 10.0 ** int(exponent.removesuffix("}") or 0)
        assert read == pytest.approx(value, rel=5.1e-4)
        assert len(mantissa.replace("-", "").replace(".", "").lstrip("0")) <= 6
        assert float(spoken(value).replace("−", "-")) == pytest.approx(value, rel=5.1e-4)


def test_what_is_not_a_number_says_so() -> None:
    assert number(math.nan) == r"\text{NaN}"
    assert (spoken(math.nan), spoken(math.inf), spoken(-math.inf)) == ("NaN", "∞", "−∞")


def test_negative_numbers_behind_an_operator_stand_in_parentheses() -> None:
    assert operand(-1.3) == "(-1.3)"
    assert operand(-0.0) == "0"
    assert enclosed(r"-\infty") == r"(-\infty)"
    assert product(0.52, -1.3) == r"0.52 \cdot (-1.3)"
    assert added(["0.5", "-0.1", "2"]) == "0.5 + (-0.1) + 2"
    assert added(["-0.5", "1"], more=True) == r"-0.5 + 1 + \dots"
    assert added([]) == "0"
    assert share(0.5) == "0.5"
    assert share(1 - 2e-5) == r"(1 - 2\cdot 10^{-5})"
    assert (share(1.0), share(0.0)) == ("1", "0")
    assert fraction("1", "2") == r"\frac{1}{2}"
    assert spoken(-0.25) == "−0.25"
    assert spoken(-1.2e-5) == "−1.2e−5"


def sum_of(values: list[float], name: str = "a") -> Sum:
    def show(place: int) -> Addend:
        link = Quantity("output", name, index=(place,), sample=0)
        return Addend(Text(f"{name}{place}", f"{name}{place}"), number(values[place]), (link,))

    return Sum(name, np.array(values), show)


NAME = Text("sum", "和")


def test_a_short_sum_is_written_out_in_order() -> None:
    account = sum_of([0.5, -2.0, 1.0]).account(NAME, "s")
    (line,) = account.lines
    assert (line.symbol, line.formula, line.filled, line.value) == (
        "s",
        "a",
        "0.5 + (-2) + 1",
        -0.5,
    )
    assert [term.value for term in account.terms] == [0.5, -2.0, 1.0]
    assert [link.index for link in line.links] == [(0,), (1,), (2,)]
    assert line.name == NAME


def test_of_a_longer_sum_the_largest_are_written_and_all_are_listed() -> None:
    values = [float(value) for value in range(1, 11)]
    values[3] = -50.0
    account = sum_of(values).account(NAME, "s")
    assert account.lines[0].filled == r"-50 + 6 + 7 + 8 + 9 + 10 + \dots"
    assert len(account.lines[0].links) == MOST_WRITTEN
    assert [term.value for term in account.terms] == values


def test_of_a_very_long_sum_the_smallest_are_one_last_term() -> None:
    values = list(np.random.default_rng(2).normal(size=MOST_TERMS + 385))
    account = sum_of(values).account(NAME, "s")
    assert len(account.terms) == MOST_TERMS + 1
    rest = account.terms[-1]
    assert "385" in rest.label.en
    assert "385" in rest.label.zh
    assert rest.links == ()
    sizes = sorted((abs(value) for value in values), reverse=True)
    assert sorted((abs(term.value) for term in account.terms[:-1]), reverse=True) == pytest.approx(
        sizes[:MOST_TERMS]
    )
    places = [term.links[0].index for term in account.terms[:-1]]
    assert places == sorted(places)
    assert sum(term.value for term in account.terms) == pytest.approx(sum(values), rel=1e-12)
    assert account.lines[0].value == pytest.approx(sum(values), rel=1e-12)


def test_exactly_the_most_terms_leave_no_rest() -> None:
    assert len(sum_of([1.0] * MOST_TERMS).account(NAME, "s").terms) == MOST_TERMS


def test_nan_is_never_left_out() -> None:
    values = [1.0] * (MOST_TERMS + 5)
    values[7] = math.nan
    account = sum_of(values).account(NAME, "s")
    assert r"\text{NaN}" in account.lines[0].filled
    assert math.isnan(account.lines[0].value)
    assert largest(np.array([1.0, math.nan, 3.0]), 1) == [1]


def test_no_value_is_minus_zero() -> None:
    account = sum_of([-0.0]).account(NAME, "s")
    assert math.copysign(1, account.lines[0].value) == 1
    assert math.copysign(1, account.terms[0].value) == 1


def test_sums_are_joined_in_order() -> None:
    lead = Line("m", "m", "2", 2.0)
    parts = [sum_of([1.0, 2.0], "a"), alone("b", 4.0, Addend(NAME, "4"), (lead,))]
    parts.append(sum_of([8.0], "a"))
    account = joined(parts).account(NAME, "s")
    assert account.lines[0] == lead
    assert account.lines[1].formula == "a + b"
    assert account.lines[1].filled == "1 + 2 + 4 + 8"
    assert [term.value for term in account.terms] == [1.0, 2.0, 4.0, 8.0]
    assert [term.label.en for term in account.terms] == ["a0", "a1", "sum", "a0"]
    assert account.lines[1].value == 15.0
    assert joined(parts[:1]) is parts[0]
