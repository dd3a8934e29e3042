"""Sums of many addends, of which only those that are shown are put into words.

Guarded by tests/engine/test_explanation_figures.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.arithmetic.figures import added, number
from engine.arithmetic.quantity import Line, Quantity, Term
from engine.text import Text

Array = NDArray[np.float64]

MOST_TERMS = 400
"""Addends that are listed one by one; the smaller ones of a longer sum are added up."""
MOST_WRITTEN = 6
"""Addends that are written out in a line; of a longer sum, the largest."""


@dataclass(frozen=True)
class Addend:
    """How one addend is shown; see `Term`."""

    label: Text
    filled: str
    links: tuple[Quantity, ...] = ()


@dataclass(frozen=True)
class Account:
    """How a number came about.

    Attributes:
        lines: the arithmetic.
        terms: where the last line is a sum.
        count: addends of that sum, of which the smallest may be one term together.
    """

    lines: tuple[Line, ...]
    terms: tuple[Term, ...] = ()
    count: int = 0


@dataclass(frozen=True)
class Sum:
    """A number as a sum.

    Attributes:
        formula: TeX in symbols.
        values: the addends.
        show: how the addend at a place is shown.
        lead: lines that stand before the sum, such as a derivative that all addends use.
    """

    formula: str
    values: Array
    show: Callable[[int], Addend]
    lead: tuple[Line, ...] = ()

    def account(self, name: Text, symbol: str) -> Account:
        """The sum as a line and as terms."""
        places = largest(np.abs(self.values), MOST_TERMS)
        terms = [self._term(place) for place in places]
        left = len(self.values) - len(places)
        if left:
            rest = float(np.delete(self.values, places).sum())
            label = Text(f"{left} smaller terms together", f"其余 {left} 个较小的项合计")
            terms.append(Term(label, number(rest), rest))
        written = self._written(terms[: len(places)])
        more = len(self.values) > len(written)
        line = Line(
            symbol,
            self.formula,
            added((term.filled for term in written), more),
            float(self.values.sum()) + 0.0,  # never −0
            unique(link for term in written for link in term.links),
            name,
        )
        return Account((*self.lead, line), tuple(terms), len(self.values))

    def _term(self, place: int) -> Term:
        shown = self.show(place)
        return Term(shown.label, shown.filled, float(self.values[place]) + 0.0, shown.links)

    def _written(self, terms: Sequence[Term]) -> list[Term]:
        sizes = np.array([abs(term.value) for term in terms])
        return [terms[place] for place in largest(sizes, MOST_WRITTEN)]


def largest(values: Array, most: int) -> list[int]:
    """Places of the `most` largest values, in order; NaN counts as the largest."""
    if len(values) <= most:
        return list(range(len(values)))
    ranks = np.where(np.isnan(values), np.inf, values)
    return sorted(int(place) for place in np.argsort(-ranks, kind="stable")[:most])


def alone(formula: str, value: float, addend: Addend, lead: tuple[Line, ...] = ()) -> Sum:
    """A sum of one addend."""
    return Sum(formula, np.array([value]), lambda _: addend, lead)


def unique(links: Iterable[Quantity]) -> tuple[Quantity, ...]:
    """Each link once, in order."""
    return tuple(dict.fromkeys(links))


def joined(sums: Sequence[Sum]) -> Sum:
    """One sum of all addends: several consumers of one output, a penalty beside a gradient."""
    if len(sums) == 1:
        return sums[0]
    ends = np.cumsum([len(one.values) for one in sums])

    def show(place: int) -> Addend:
        number_of_sum = int(np.searchsorted(ends, place, side="right"))
        start = int(ends[number_of_sum - 1]) if number_of_sum else 0
        return sums[number_of_sum].show(place - start)

    return Sum(
        " + ".join(dict.fromkeys(one.formula for one in sums)),
        np.concatenate([one.values for one in sums]),
        show,
        tuple(line for one in sums for line in one.lead),
    )
