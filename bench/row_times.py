"""Times every row of a program by itself and in its place.

*Alone*, a row runs again and again over the same data, which then lie in the nearest cache. *In
place*, whole steps run and a clock is read between the rows, so what the rows before have driven
out of the cache has to be fetched again; the clock's own time is taken off. Rows of less than
some 100 ns overlap with the clock: trust *alone* there, and *in place* for the larger ones.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, prod

from bench.floor import measure_peak
from bench.stamping import stamp_rows
from bench.timing import QUICK, Effort, without_collector
from bench.workloads import BY_NAME
from engine import Session, presets
from engine.instructions import Row
from engine.program.executor import run
from engine.program.program import Words

FULL_TURNS = Effort(rounds=9, seconds=0.02, repeats=1)
NANOSECONDS = 1e9
MOST_STAMPED = 20_000
"""Steps in which every row is timed."""
DIVERGED = "the network diverged while its rows were timed"
PRODUCT_SIZES = ("rows", "columns", "depth")
"""An op whose operands name these three is a matrix product of that size."""


@dataclass(frozen=True)
class RowTime:
    """What one row takes, in nanoseconds.

    Attributes:
        row: the instruction.
        alone, in_place: see the module.
        operations: floating-point operations, of matrix products only.
    """

    row: Row
    alone: float
    in_place: float
    operations: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure a workload or a preset and print the table; returns the exit status."""
    names = [*BY_NAME, *presets.names()]
    parser = argparse.ArgumentParser(prog="python3 -m bench.rows", description=__doc__)
    parser.add_argument("workload", choices=names, metavar="WORKLOAD", help=", ".join(names))
    parser.add_argument("--quick", action="store_true", help="a rough measurement")
    options = parser.parse_args(arguments)
    name = options.workload
    session = BY_NAME[name].session() if name in BY_NAME else Session(presets.load(name))
    effort = QUICK if options.quick else FULL_TURNS
    step, times = measure_rows(session, effort)
    sys.stdout.write(to_table(name, step, times, measure_peak()))
    return 0


def measure_rows(session: Session, effort: Effort) -> tuple[float, list[RowTime]]:
    """(nanoseconds of a whole step, times of its rows); the session ends where it began."""
    session.run(steps=100)
    table, rows = session.program.table, session.program.rows
    tables = [table, *(table[number : number + 1] for number in range(len(rows)))]
    step, *alone = time_tables(session, tables, effort)
    in_place = time_in_place(session, effort)
    return step, [
        RowTime(row, single, placed, operations_of(row))
        for row, single, placed in zip(rows, alone, in_place, strict=True)
    ]


def time_in_place(session: Session, effort: Effort) -> list[float]:
    """Nanoseconds of each row within whole steps."""
    moment = session.snapshot()
    fitting = _walks_in(session, session.program.table, effort.seconds * effort.rounds)
    times = stamp_rows(session, min(MOST_STAMPED, fitting))
    if session.diverged:
        raise ArithmeticError(DIVERGED)
    session.restore(moment)
    return times


def time_tables(session: Session, tables: Sequence[Words], effort: Effort) -> list[float]:
    """Nanoseconds of one walk over each table: the least of turns that they take one by one."""
    moment = session.snapshot()
    walks = [_walks_in(session, table, effort.seconds) for table in tables]
    turns: list[list[float]] = [[] for _ in tables]
    with without_collector():
        for _ in range(effort.rounds):
            for number, table in enumerate(tables):
                session.restore(moment)
                turns[number].append(_time_walks(session, table, walks[number]) / walks[number])
    session.restore(moment)
    # What disturbs a walk can only lengthen it.
    return [min(times) * NANOSECONDS for times in turns]


def _walks_in(session: Session, table: Words, seconds: float) -> int:
    """How many walks take about so long."""
    walks = 1
    while (passed := _time_walks(session, table, walks)) < seconds / 10:
        walks *= 4
    return max(1, ceil(walks * seconds / passed))


def _time_walks(session: Session, table: Words, walks: int) -> float:
    start = time.perf_counter()
    done = run(session.arena, table, session.state, walks)
    passed = time.perf_counter() - start
    if done != walks:
        raise ArithmeticError(DIVERGED)
    return passed


def operations_of(row: Row) -> int:
    """Floating-point operations of a matrix product; 0 for every other row."""
    names = [name.partition(":")[0] for name in row.op.operands]
    named = dict(zip(names, row.operands, strict=True))
    if not all(size in named for size in PRODUCT_SIZES):
        return 0
    return 2 * prod(named[size] for size in PRODUCT_SIZES)


def to_table(name: str, step: float, times: Sequence[RowTime], peak: float) -> str:
    """A line a row, with its share of the step and, for products, their share of the peak."""
    lines = [
        f"{name}: {step:,.0f} ns a step, peak of one core {peak / 1e9:.0f} GFLOP/s",
        "",
        f"row {'phase':8} {'layer':10} {'op':26} {'alone':>9} {'in place':>9}  share",
    ]
    total = sum(one.in_place for one in times)
    for number, one in enumerate(times):
        share = f"{100 * one.in_place / total:5.1f} %"
        speed = ""
        if one.operations:
            # Operations a nanosecond are gigaoperations a second.
            rate = one.operations / one.alone
            speed = f"  {rate:5.1f} GFLOP/s = {1e11 * rate / peak:3.0f} % of the peak"
        row = one.row
        lines.append(
            f"{number:3} {row.phase:8} {row.layer:10} {row.op.name:26}"
            f" {one.alone:9,.0f} {one.in_place:9,.0f} {share}{speed}"
        )
    alone = sum(one.alone for one in times)
    lines.append(f"{'':49} {alone:9,.0f} {total:9,.0f} 100.0 %")
    return "\n".join(lines) + "\n"
