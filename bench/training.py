"""The training step of each workload, against every peer that is installed."""

from __future__ import annotations

from collections.abc import Sequence

from bench.peers import PEERS
from bench.report import Goal, Row
from bench.timing import Contestant, Effort, Timing, fastest, interleave
from bench.workloads import BY_NAME, Workload

OURS = "Neurarium"
MOST_PROCESSORS = 1.15
"""Whoever uses more processor time a second has more than one thread, which the table then says."""

AGAINST = {"torch": "PyTorch eager", "jax": "JAX fori_loop", "scikit-learn": "scikit-learn"}

MUSTS: dict[tuple[str, str], tuple[float, float]] = {
    ("tiny", "torch"): (150.0, 400.0),
    ("tiny", "jax"): (4.0, 8.0),
    ("small", "torch"): (15.0, 30.0),
    ("digits", "torch"): (2.5, 5.0),
    ("wide", "torch"): (1.0, 1.7),
}
"""(workload, peer) → (must, aim); the other peers are told for information."""

MICROSECONDS = 1e6


def goals_of(workload: Workload) -> list[Goal]:
    """One goal a peer."""
    goals = []
    for peer, words in AGAINST.items():
        must, aim = MUSTS.get((workload.name, peer), (None, None))
        goals.append(Goal(f"{workload.title}: one step against {words}", "µs", must, aim, peer))
    return goals


def measure_training(name: str, effort: Effort, peak: float) -> list[Row]:
    """Rows of the workload `name`.

    Args:
        name: as in `BY_NAME`.
        effort: how long.
        peak: operations a second of one core.
    """
    workload = BY_NAME[name]
    winners = {
        peer.name: winner
        for peer in PEERS
        if (winner := fastest(peer.contestants(workload), effort)) is not None
    }
    session = workload.session()
    contestants = [Contestant(OURS, lambda steps: session.run(steps=steps))]
    contestants += [Contestant(peer, winner.run) for peer, winner in winners.items()]
    times = interleave(contestants, effort)
    words = {peer: winner.name for peer, winner in winners.items()}
    return [
        judge(goal, times, words, workload.operations / peak * MICROSECONDS)
        for goal in goals_of(workload)
    ]


def judge(goal: Goal, times: dict[str, Timing], words: dict[str, str], floor: float) -> Row:
    """The row of one peer.

    Args:
        goal: names the peer.
        times: of everybody.
        words: how each peer wrote the step.
        floor: microseconds that the arithmetic alone takes.
    """
    assert goal.peer is not None, "goals of training steps name a peer"
    ours = times[OURS].seconds * MICROSECONDS
    note = f"{ours / floor:.3g} × the arithmetic floor of {floor:.3g} µs"
    if goal.peer not in times:
        return goal.judge(ours, note=f"{note}; {goal.peer} is not installed")
    theirs = times[goal.peer]
    note += f"; {goal.peer}: {words[goal.peer]}; spread {spreads([times[OURS], theirs])}"
    crowds = [name for name in (OURS, goal.peer) if times[name].processors > MOST_PROCESSORS]
    if crowds:
        note += f"; MORE THAN ONE THREAD: {', '.join(crowds)}"
    return goal.judge(ours, {goal.peer: theirs.seconds * MICROSECONDS}, note)


def spreads(times: Sequence[Timing]) -> str:
    """The spreads of some timings, in percent."""
    return " and ".join(f"±{100 * timing.spread:.1f} %" for timing in times)
