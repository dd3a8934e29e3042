"""Runs the benchmarks that were asked for, prints and keeps what they showed.

Guarded by tests/bench/test_bench.py.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench import crowd, editing, page, starting, streaming, training
from bench.floor import measure_peak
from bench.machine import describe_machine, file_name
from bench.report import Goal, Row, exit_status, to_json, to_lines, to_markdown
from bench.timing import FULL, QUICK, Effort
from bench.workloads import WORKLOADS

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True)
class Benchmark:
    """Some rows that are measured together.

    Attributes:
        name: for `--only`.
        goals: what the rows have to reach, known before anything is measured.
        measure: from an effort to the rows, in the goals' order.
    """

    name: str
    goals: Sequence[Goal]
    measure: Callable[[Effort], Sequence[Row]]


def all_benchmarks(peak: float) -> list[Benchmark]:
    """Every benchmark, those that need silence first.

    Args:
        peak: floating-point operations a second of one core.
    """
    steps = [
        Benchmark(
            workload.name,
            training.goals_of(workload),
            partial(_measure_training, workload.name, peak),
        )
        for workload in WORKLOADS
    ]
    return [
        *steps,
        Benchmark("edit", editing.GOALS, editing.measure_editing),
        Benchmark("cold", starting.GOALS, starting.measure_starting),
        Benchmark("stream", streaming.GOALS, streaming.measure_streaming),
        Benchmark("crowd", crowd.GOALS, crowd.measure_crowd),
        Benchmark("page", page.GOALS, page.measure_page),
    ]


def _measure_training(name: str, peak: float, effort: Effort) -> list[Row]:
    return training.measure_training(name, effort, peak)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write; returns 1 when a must is missed, else 0."""
    names = [benchmark.name for benchmark in all_benchmarks(1.0)]
    options = parse_arguments(names, arguments)
    peak = measure_peak()
    machine = describe_machine(peak, options.quick)
    print(f"{machine['processor']}, {machine['tier']}: {peak / 1e9:.0f} GFLOP/s a core", flush=True)
    chosen = [one for one in all_benchmarks(peak) if one.name in (options.only or names)]
    rows = measure_all(chosen, QUICK if options.quick else FULL)
    write_results(options, machine, rows)
    missed = [row.goal.name for row in rows if row.met is False]
    print("\n".join([f"\n{len(rows)} rows, {len(missed)} musts missed", *missed]))
    return exit_status(rows)


def parse_arguments(names: Sequence[str], arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line: `quick`, `only`, `json`, `markdown`, `save`."""
    parser = argparse.ArgumentParser(prog="python3 -m bench", description="Measure Neurarium.")
    parser.add_argument(
        "--quick", action="store_true", help="a rough measurement, to see that everything runs"
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=names,
        metavar="NAME",
        help=f"only this benchmark; may be repeated; one of {', '.join(names)}",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write them as a table")
    parser.add_argument(
        "--save", action="store_true", help="keep both in bench/results, by date and processor"
    )
    return parser.parse_args(arguments)


def measure_all(benchmarks: Iterable[Benchmark], effort: Effort) -> list[Row]:
    """Rows of some benchmarks, each printed when it is there.

    One that breaks down is told with its traceback and fails its musts; the others still run.
    """
    rows: list[Row] = []
    for benchmark in benchmarks:
        print(f"\n{benchmark.name}", flush=True)
        try:
            measured = list(benchmark.measure(effort))
        except (Exception, SystemExit) as error:
            # Whatever broke (a missing browser ends the process), the rest is worth having.
            traceback.print_exc()
            reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
            measured = [goal.fail(reason) for goal in benchmark.goals]
        for row in measured:
            print(to_lines(row), flush=True)
        rows += measured
    return rows


def write_results(
    options: argparse.Namespace, machine: dict[str, Any], rows: Sequence[Row]
) -> None:
    """The files that were asked for."""
    texts = {"json": to_json(machine, rows), "markdown": to_markdown(machine, rows)}
    places: list[tuple[Path, str]] = []
    if options.json:
        places.append((options.json, texts["json"]))
    if options.markdown:
        places.append((options.markdown, texts["markdown"]))
    if options.save:
        kept = RESULTS / file_name(machine)
        places.append((kept.with_name(kept.name + ".json"), texts["json"]))
        places.append((kept.with_name(kept.name + ".md"), texts["markdown"]))
    for path, text in places:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"written: {path}", file=sys.stderr)
