"""How much training a 60 frames/s stream costs."""

from __future__ import annotations

import statistics
import time

from bench.report import Goal, Row
from bench.timing import Effort
from bench.watching import Watcher
from engine import Scheduler, Session, presets
from engine.observer import Observer
from engine.scheduler import Place

FRAMES_A_SECOND = 60.0
PAIRS_PER_ROUND = 6
"""Many short windows, one turn each: a machine's own speed changes within seconds."""

WORDS = "training time lost to a 60 frames/s stream"
MUST, AIM = 2.0, 0.5
"""The aim stands for "unmeasurable": half a percent is what two silent windows differ by."""
GOALS = tuple(Goal(f"{WORDS} ({preset})", "%", MUST, AIM) for preset in ("spiral", "mnist"))


def steps_in(place: Place, seconds: float) -> float:
    """Steps a second that are trained while so long passes."""
    start, step = time.perf_counter(), place.step
    time.sleep(seconds)
    return (place.step - step) / (time.perf_counter() - start)


def measure_stream(preset: str, goal: Goal, effort: Effort) -> Row:
    """Windows with and without a watcher in turns, on one session that trains as fast as it can."""
    seconds = effort.seconds
    scheduler = Scheduler()
    scheduler.start()
    try:
        place = scheduler.add(Session(presets.load(preset)))
        place.play()
        watcher = Watcher([Observer(place.session, place)], FRAMES_A_SECOND)
        steps_in(place, seconds)
        losses, silences, rates = [], [], []
        before = steps_in(place, seconds)
        for _ in range(effort.rounds * PAIRS_PER_ROUND):
            watcher.start()
            watched = steps_in(place, seconds)
            watcher.stop()
            rates.append(watcher.frames[0] / seconds)
            after = steps_in(place, seconds)
            losses.append(100 * (1 - watched / ((before + after) / 2)))
            silences.append(100 * abs(1 - after / before))
            before = after
    finally:
        scheduler.stop()
    size = watcher.bytes / max(1, watcher.frames[0])
    note = (
        f"{statistics.median(rates):.0f} frames/s of {size:,.0f} bytes; "
        f"two silent windows differ by {statistics.median(silences):.2g} %"
    )
    return goal.judge(statistics.median(losses), note=note)


def measure_streaming(effort: Effort) -> list[Row]:
    """One row a preset."""
    return [
        measure_stream(preset, goal, effort)
        for preset, goal in zip(("spiral", "mnist"), GOALS, strict=True)
    ]
