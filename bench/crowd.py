"""Many sessions at once on two cores: what they train together, and how often each is seen."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

from bench.machine import count_processors, on_processors
from bench.report import Goal, Row
from bench.timing import Effort
from bench.watching import Watcher
from engine import Experiment, Scheduler, Session, presets
from engine.observer import Observer
from engine.scheduler import Place

SESSIONS = 64
CORES = 2
FRAMES_A_SECOND = 30.0
TURNS_PER_WINDOW = 10
"""A window is so many turns of `Effort.seconds` long."""

ALONE = "one session on one core"
WATCHED = f"{SESSIONS} sessions training at once on {CORES} cores, each watched"
TOTAL = Goal(f"{WATCHED}: total against {ALONE}", "steps/s", 1.7, 1.95, ALONE, smaller=False)
WORST = Goal(f"{WATCHED}: worst session's frames", "frames/s", 10.0, 30.0, smaller=False)
UNWATCHED = Goal(
    f"{SESSIONS} sessions training at once on {CORES} cores, none watched: total against {ALONE}",
    "steps/s",
    peer=ALONE,
    smaller=False,
)
GOALS = (TOTAL, WORST, UNWATCHED)


def seeded(experiment: Experiment, seed: int) -> Experiment:
    """The experiment with other initial weights."""
    seeds = experiment.seeds.model_copy(update={"weights": seed})
    return experiment.model_copy(update={"seeds": seeds})


def rate_of(places: Sequence[Place], seconds: float) -> float:
    """Play `places` for so long; returns the steps a second of all together."""
    for place in places:
        place.play()
    time.sleep(seconds / 4)
    before, start = sum(place.step for place in places), time.perf_counter()
    time.sleep(seconds)
    done, passed = sum(place.step for place in places) - before, time.perf_counter() - start
    for place in places:
        place.pause()
    return done / passed


def watched_rate(places: Sequence[Place], watcher: Watcher, seconds: float) -> tuple[float, float]:
    """(steps a second of all, frames a second of the session that gets fewest) while watched."""
    start = time.perf_counter()
    watcher.start()
    rate = rate_of(places, seconds)
    frames = min(watcher.frames) / (time.perf_counter() - start)
    watcher.stop()
    return rate, frames


def measure_crowd(effort: Effort) -> list[Row]:
    """One session alone, all of them, all of them watched: in turns, on the same two cores."""
    seconds = effort.seconds * TURNS_PER_WINDOW
    experiment = presets.load(presets.DEFAULT)
    alone, together, watched, frames = [], [], [], []
    with on_processors(CORES):
        single, many = Scheduler(workers=1), Scheduler(workers=CORES)
        single.start()
        many.start()
        try:
            one = [single.add(Session(experiment))]
            places = [many.add(Session(seeded(experiment, seed))) for seed in range(SESSIONS)]
            observers = [Observer(place.session, place) for place in places]
            watcher = Watcher(observers, FRAMES_A_SECOND)
            for _ in range(effort.rounds):
                alone.append(rate_of(one, seconds))
                together.append(rate_of(places, seconds))
                rate, worst = watched_rate(places, watcher, seconds)
                watched.append(rate)
                frames.append(worst)
        finally:
            single.stop()
            many.stop()
    reference = {ALONE: statistics.median(alone)}
    note = f"{watcher.bytes / max(1, sum(watcher.frames)):,.0f} bytes a frame"
    if count_processors() < CORES:
        note += f"; THIS MACHINE HAS {count_processors()} CORE ONLY"
    return [
        TOTAL.judge(statistics.median(watched), reference, note),
        WORST.judge(statistics.median(frames), note=f"asked for {FRAMES_A_SECOND:g} a second each"),
        UNWATCHED.judge(statistics.median(together), reference),
    ]
