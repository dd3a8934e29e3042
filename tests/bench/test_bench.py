"""The benchmark's verdicts, documents and way of timing, with made-up numbers and clocks."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bench import command, timing
from bench.command import Benchmark, all_benchmarks, main, measure_all
from bench.crowd import seeded
from bench.editing import time_edits, with_units
from bench.machine import file_name
from bench.page import header_offset, probe_script
from bench.peers import PEERS
from bench.peers.peer import Peer
from bench.report import Goal, Row, exit_status, to_document, to_json, to_lines, to_markdown
from bench.row_times import RowTime, operations_of, to_table
from bench.timing import Contestant, Effort, Timing, fastest, interleave, percentile, steps_for
from bench.training import OURS, judge
from bench.workloads import BY_NAME, WORKLOADS, Workload
from engine import presets
from server.protocol import FRAME
from server.stream import Head, encode

FASTER = Goal("a step against torch", "µs", must=4.0, aim=8.0, peer="torch")
BIGGER = Goal("total against one", "steps/s", must=1.7, aim=1.95, peer="one", smaller=False)
SHORT = Goal("edit to first step", "ms", must=5.0, aim=1.0)
MANY = Goal("worst session's frames", "frames/s", must=10.0, aim=30.0, smaller=False)
TOLD = Goal("for information", "ms")


# --- verdicts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goal", "ours", "peers", "ratio", "met"),
    [
        (FASTER, 2.0, {"torch": 20.0}, 10.0, True),
        (FASTER, 2.0, {"torch": 8.0}, 4.0, True),
        (FASTER, 2.0, {"torch": 7.9}, 3.95, False),
        (FASTER, 2.0, {}, None, None),
        (FASTER, 2.0, {"jax": 1.0}, None, None),
        (BIGGER, 180.0, {"one": 100.0}, 1.8, True),
        (BIGGER, 160.0, {"one": 100.0}, 1.6, False),
        (SHORT, 5.0, {}, None, True),
        (SHORT, 5.01, {}, None, False),
        (MANY, 10.0, {}, None, True),
        (MANY, 9.9, {}, None, False),
        (TOLD, 1e9, {}, None, None),
    ],
)
def test_a_must_is_met_missed_or_without_answer(
    goal: Goal, ours: float, peers: dict[str, float], ratio: float | None, met: bool | None
) -> None:
    row = goal.judge(ours, peers)
    assert row.ratio == (None if ratio is None else pytest.approx(ratio))
    assert row.met is met


def test_a_measurement_that_broke_down_misses_its_must() -> None:
    assert SHORT.fail("no browser").met is False
    assert TOLD.fail("no browser").met is None


def test_only_a_missed_must_makes_the_status_1() -> None:
    good, unknown, told = SHORT.judge(1.0), FASTER.judge(1.0), TOLD.judge(1.0)
    assert exit_status([good, unknown, told]) == 0
    assert exit_status([good, SHORT.judge(6.0), told]) == 1
    assert exit_status([]) == 0


# --- documents -----------------------------------------------------------------------------------

ROWS = [
    FASTER.judge(2.0, {"torch": 20.0}, "loop optimizer"),
    FASTER.judge(2.0),
    SHORT.fail("it broke"),
]


def test_the_document_has_exactly_the_documented_fields() -> None:
    document = json.loads(to_json({"processor": "made up"}, ROWS))
    assert document == {
        "machine": {"processor": "made up"},
        "rows": [
            {
                "name": "a step against torch",
                "unit": "µs",
                "ours": 2.0,
                "peers": {"torch": 20.0},
                "ratio": 10.0,
                "must": 4.0,
                "aim": 8.0,
                "met": True,
            },
            {
                "name": "a step against torch",
                "unit": "µs",
                "ours": 2.0,
                "peers": {},
                "ratio": None,
                "must": 4.0,
                "aim": 8.0,
                "met": None,
            },
            {
                "name": "edit to first step",
                "unit": "ms",
                "ours": None,
                "peers": {},
                "ratio": None,
                "must": 5.0,
                "aim": 1.0,
                "met": False,
            },
        ],
    }


def test_numbers_keep_four_digits() -> None:
    row = to_document({}, [FASTER.judge(3.14159265, {"torch": 1234567.0})])["rows"][0]
    assert (row["ours"], row["peers"]["torch"], row["ratio"]) == (3.142, 1235000.0, 393000.0)


def test_the_table_shows_bounds_verdicts_and_notes() -> None:
    lines = to_markdown({"processor": "made up", "packages": {"torch": "9"}}, ROWS).splitlines()
    assert lines[0] == "processor: made up, torch: 9"
    assert lines[2].startswith("| measured | Neurarium | peer |")
    assert lines[4] == "| a step against torch | 2 µs | torch 20 µs | 10× | ≥ 4× | ≥ 8× | met |"
    assert lines[6] == "| edit to first step | not measured | – | – | ≤ 5 ms | ≤ 1 ms | MISSED |"
    assert lines[8:] == [
        "- **a step against torch**: loop optimizer",
        "- **edit to first step**: it broke",
    ]


def test_the_terminal_shows_goals_only_where_there_are_some() -> None:
    assert "must ≥ 10 frames/s · aim ≥ 30 frames/s" in to_lines(MANY.judge(12345.0))
    assert "12,340 frames/s" in to_lines(MANY.judge(12345.0))
    assert "must" not in to_lines(TOLD.judge(1.0))


def test_results_are_named_by_date_and_processor() -> None:
    machine = {"date": "2030-01-02", "processor": "AMD EPYC(TM) 9", "tier": "avx2"}
    assert file_name(machine) == "2030-01-02-amd-epyc-tm-9-avx2"


# --- the command ---------------------------------------------------------------------------------


def _benchmark(name: str, *rows: Row) -> Benchmark:
    return Benchmark(name, [row.goal for row in rows], lambda effort: rows)


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bench of two benchmarks; only `slow` misses a must."""
    benchmarks = [_benchmark("fast", SHORT.judge(1.0)), _benchmark("slow", MANY.judge(1.0))]
    monkeypatch.setattr(command, "all_benchmarks", lambda peak: benchmarks)
    monkeypatch.setattr(command, "measure_peak", lambda: 1e11)


@pytest.mark.usefixtures("made_up")
@pytest.mark.parametrize(
    ("only", "names", "status"),
    [
        ([], ["edit to first step", "worst session's frames"], 1),
        (["--only", "fast"], ["edit to first step"], 0),
        (["--only", "slow", "--only", "fast"], ["edit to first step", "worst session's frames"], 1),
    ],
)
def test_the_command_writes_what_it_measured(
    tmp_path: Path, only: list[str], names: list[str], status: int
) -> None:
    result, table = tmp_path / "new" / "result.json", tmp_path / "result.md"
    words = ["--quick", "--json", str(result), "--markdown", str(table), *only]
    assert main(words) == status
    document = json.loads(result.read_text(encoding="utf-8"))
    assert [row["name"] for row in document["rows"]] == names
    assert document["machine"]["quick"] is True
    assert document["machine"]["peak_gflops"] == 100.0
    assert all(name in table.read_text(encoding="utf-8") for name in names)


@pytest.mark.usefixtures("made_up")
def test_results_are_kept_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    main(["--save"])
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".md"]


@pytest.mark.usefixtures("made_up")
def test_an_unknown_benchmark_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        main(["--only", "nothing"])
    assert ending.value.code == 2
    assert "fast" in capsys.readouterr().err


@pytest.mark.parametrize("kind", [RuntimeError, SystemExit])
def test_what_breaks_down_fails_and_the_others_still_run(kind: type[BaseException]) -> None:
    def break_down(effort: Effort) -> list[Row]:
        raise kind("no browser\nand more")

    benchmarks = [
        Benchmark("page", [SHORT, TOLD], break_down),
        _benchmark("fast", MANY.judge(11.0)),
    ]
    rows = measure_all(benchmarks, timing.QUICK)
    assert [(row.goal, row.met) for row in rows] == [(SHORT, False), (TOLD, None), (MANY, True)]
    assert rows[0].note == f"{kind.__name__}: no browser"


def test_every_row_has_a_name_of_its_own() -> None:
    benchmarks = all_benchmarks(1e11)
    names = [goal.name for benchmark in benchmarks for goal in benchmark.goals]
    assert len(set(names)) == len(names)
    assert len({benchmark.name for benchmark in benchmarks}) == len(benchmarks)


# --- timing --------------------------------------------------------------------------------------


@dataclass
class Clock:
    """A clock that only contestants move."""

    now: float = 0.0
    turns: list[str] = field(default_factory=list)

    def perf_counter(self) -> float:
        return self.now

    def process_time(self) -> float:
        return self.now

    def contestant(self, name: str, seconds: Callable[[int], float]) -> Contestant:
        """Somebody whose turn number n takes `seconds(n)` a step."""

        def run(steps: int) -> int:
            self.turns.append(name)
            self.now += steps * seconds(self.turns.count(name))
            return steps

        return Contestant(name, run)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timing, "time", clock)
    return clock


EFFORT = Effort(rounds=3, seconds=1.0, repeats=1)


def test_a_turn_gets_as_many_steps_as_fit(clock: Clock) -> None:
    assert steps_for(clock.contestant("even", lambda turn: 0.01), 1.0) == pytest.approx(100, abs=1)
    assert steps_for(clock.contestant("slow", lambda turn: 9.0), 1.0) == 1


def test_contestants_take_turns_and_each_begins_a_round(clock: Clock) -> None:
    contestants = [clock.contestant(name, lambda turn: 0.3) for name in ("first", "second")]
    times = interleave(contestants, EFFORT)
    assert clock.turns[-6:] == ["first", "second", "second", "first", "first", "second"]
    assert times["first"].seconds == pytest.approx(0.3)
    assert times["first"].processors == pytest.approx(1.0)


def test_the_median_forgets_one_bad_turn(clock: Clock) -> None:
    disturbed = clock.contestant("disturbed", lambda turn: 50.0 if turn == 4 else 0.5)
    times = interleave([disturbed], EFFORT)
    assert clock.turns.count("disturbed") >= 4
    assert times["disturbed"].seconds == pytest.approx(0.5)


def test_the_fastest_way_of_a_peer_is_compared(clock: Clock) -> None:
    ways = [clock.contestant("slow", lambda turn: 0.2), clock.contestant("quick", lambda turn: 0.1)]
    winner = fastest(ways, EFFORT)
    assert winner is not None
    assert winner.name == "quick"
    assert fastest([], EFFORT) is None


def test_percentiles_lie_between_neighbours() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([0.0, 10.0], 0.95) == pytest.approx(9.5)
    assert percentile([7.0], 0.95) == 7.0


# --- what is compared ----------------------------------------------------------------------------


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_a_workload_is_the_network_that_it_says(workload: Workload) -> None:
    session = workload.session()
    dense = [info for info in session.layout if info.kind == "dense"]
    assert tuple(info.shape[0] for info in dense) == workload.sizes[1:]
    assert session.material.plan.batch == workload.batch
    inputs, targets = workload.samples()
    assert (inputs.shape[1], targets.shape[1]) == (workload.sizes[0], workload.sizes[-1])
    assert set(targets.ravel().tolist()) == {0.0, 1.0}


def test_operations_count_the_matrix_products() -> None:
    forward, weights, inputs = 2 * 8 + 8 * 8 + 8, 2 * 8 + 8 * 8 + 8, 8 * 8 + 8
    assert BY_NAME["tiny"].operations == 2 * 10 * (forward + weights + inputs)
    session = BY_NAME["tiny"].session()
    assert sum(map(operations_of, session.program.rows)) == BY_NAME["tiny"].operations


def test_a_peer_that_is_not_installed_takes_no_part() -> None:
    absent = Peer("absent", "no_such_package_anywhere", lambda library, workload: [])
    assert absent.contestants(BY_NAME["tiny"]) == []
    assert {peer.name for peer in PEERS} == {"torch", "jax", "scikit-learn"}


def test_more_than_one_thread_is_told() -> None:
    times = {OURS: Timing(1e-6, 0.01, 1.0), "torch": Timing(1e-3, 0.02, 1.9)}
    row = judge(FASTER, times, {"torch": "loop"}, floor=0.5)
    assert row.ratio == pytest.approx(1000.0)
    assert "2 × the arithmetic floor of 0.5 µs" in row.note
    assert "MORE THAN ONE THREAD: torch" in row.note
    missing = judge(FASTER, {OURS: times[OURS]}, {}, floor=0.5)
    assert missing.met is None
    assert "torch is not installed" in missing.note


def test_an_edit_adds_a_neuron_and_nothing_else() -> None:
    before = presets.load("spiral")
    after = with_units(before, "hidden1", +1)
    assert with_units(after, "hidden1", -1) == before
    assert after != before
    times = time_edits("spiral", 2)
    assert len(times) == 2
    assert min(times) > 0


def test_sessions_of_a_crowd_differ_in_their_weights_only() -> None:
    experiment = presets.load("spiral")
    assert seeded(experiment, 5).seeds.weights == 5
    assert seeded(seeded(experiment, 5), experiment.seeds.weights) == experiment


def test_rows_are_listed_with_their_share() -> None:
    session = BY_NAME["tiny"].session()
    row = next(row for row in session.program.rows if operations_of(row))
    operations = operations_of(row)
    times = [RowTime(row, 50.0, 30.0, operations), RowTime(row, 40.0, 90.0, operations)]
    lines = to_table("tiny", 110.0, times, 100e9).splitlines()
    assert lines[0].startswith("tiny: 110 ns a step")
    assert "25.0 %" in lines[3]
    assert f"{operations / 50.0:.1f} GFLOP/s" in lines[3]
    assert lines[5].split() == ["90", "120", "100.0", "%"]


def test_the_probe_reads_a_frame_header_where_it_is() -> None:
    frame = encode(Head(FRAME, sequence=77, revision=88), [])
    assert struct.unpack_from("<I", frame, header_offset("sequence")) == (77,)
    assert struct.unpack_from("<I", frame, header_offset("revision")) == (88,)
    assert probe_script().startswith('const FRAME_FIELDS = {"sequence": 4, "revision": 8};')
