"""Fair timing: contestants take turns in one run, and medians are compared.

A clock that slows down, a neighbour on the machine or a warm cache then meets everybody alike.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil

Run = Callable[[int], int]
"""Does about so many steps; returns how many it did."""


@dataclass(frozen=True)
class Effort:
    """How long to measure.

    Attributes:
        rounds: turns of each contestant; odd, so that the median is one of them.
        seconds: how long one turn takes.
        repeats: of what is done once at a time, such as a click.
    """

    rounds: int
    seconds: float
    repeats: int


FULL = Effort(rounds=11, seconds=0.2, repeats=60)
QUICK = Effort(rounds=3, seconds=0.03, repeats=6)


@dataclass(frozen=True)
class Contestant:
    """Somebody who can do training steps."""

    name: str
    run: Run


@dataclass(frozen=True)
class Timing:
    """What the turns of one contestant showed.

    Attributes:
        seconds: of one step; the median of the turns.
        spread: half the distance between the quartiles, as a share of the median.
        processors: processor time used for each second that passed: about 1 for one thread.
    """

    seconds: float
    spread: float
    processors: float


def steps_for(contestant: Contestant, seconds: float) -> int:
    """How many steps of a contestant take about so long. Warms it up on the way."""
    steps = max(1, contestant.run(1))
    while True:
        start = time.perf_counter()
        done = contestant.run(steps)
        passed = time.perf_counter() - start
        if passed >= seconds / 4:
            return max(1, ceil(done * seconds / passed))
        steps = max(2, steps * 4)


def interleave(contestants: Sequence[Contestant], effort: Effort) -> dict[str, Timing]:
    """Time contestants in turns; each round begins with another one."""
    steps = {one.name: steps_for(one, effort.seconds) for one in contestants}
    turns: dict[str, list[tuple[float, float]]] = {one.name: [] for one in contestants}
    with without_collector():
        for number in range(effort.rounds):
            first = number % max(1, len(contestants))
            for one in (*contestants[first:], *contestants[:first]):
                turns[one.name].append(time_turn(one, steps[one.name]))
    return {name: summarize(results) for name, results in turns.items()}


def time_turn(contestant: Contestant, steps: int) -> tuple[float, float]:
    """(seconds a step, processor seconds for each second) of one turn."""
    processor, start = time.process_time(), time.perf_counter()
    done = contestant.run(steps)
    passed = time.perf_counter() - start
    return passed / done, (time.process_time() - processor) / passed


def summarize(turns: Sequence[tuple[float, float]]) -> Timing:
    """The median of the turns and how far they lie apart."""
    seconds = sorted(turn for turn, _ in turns)
    middle = statistics.median(seconds)
    low, high = seconds[len(seconds) // 4], seconds[-1 - len(seconds) // 4]
    processors = statistics.median(share for _, share in turns)
    return Timing(middle, (high - low) / (2 * middle), processors)


def fastest(contestants: Sequence[Contestant], effort: Effort) -> Contestant | None:
    """The one that wins a short heat; `None` if nobody takes part."""
    if len(contestants) <= 1:
        return contestants[0] if contestants else None
    heat = Effort(rounds=3, seconds=effort.seconds / 4, repeats=1)
    times = interleave(contestants, heat)
    return min(contestants, key=lambda one: times[one.name].seconds)


@contextmanager
def without_collector() -> Iterator[None]:
    """Keep Python from collecting one contestant's garbage in another's turn."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie, between neighbours in proportion."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
