"""From an empty kernel cache to the first training step: what a fresh machine waits for."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

from bench.report import Goal, Row
from bench.timing import Effort
from server.bootstrap import ROOT

EMPTY = Goal("empty kernel cache to first training step (spiral)", "s", 4.0, 2.0)
FILLED = Goal("start to first training step with a filled cache (spiral)", "s")
GOALS = (EMPTY, FILLED)

PROGRAM = (
    "import sys; sys.modules['scipy'] = None; "
    "from engine import Session, presets; assert Session(presets.load('spiral')).run(steps=1) == 1"
)
"""Does what it says or ends with a status other than zero. A fresh machine has no SciPy: it came
with the peers that we measure against, and Numba would spend time on importing it."""
MOST_STARTS = 5


def time_start(cache: str) -> float:
    """Seconds from the start of a Python process to its end, after one training step."""
    environment = {**os.environ, "NEURARIUM_CACHE_DIR": cache}
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, check=True)
    return time.perf_counter() - start


def measure_starting(effort: Effort) -> list[Row]:
    """Medians of starts with an empty cache folder, and of second starts with that folder."""
    count = min(MOST_STARTS, effort.rounds)
    cold, warm = [], []
    for _ in range(count):
        with tempfile.TemporaryDirectory() as cache:
            cold.append(time_start(cache))
            warm.append(time_start(cache))
    note = f"{count} processes, whole life; from {min(cold):.2f} to {max(cold):.2f} s"
    return [EMPTY.judge(statistics.median(cold), note=note), FILLED.judge(statistics.median(warm))]
