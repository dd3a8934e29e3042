"""How a twin begins: with another experiment, or as on another branch.

Guarded by tests/engine/test_twin.py.
"""

from __future__ import annotations

from dataclasses import replace

from engine.errors import NeurariumError
from engine.experiment import Experiment
from engine.limits import Limits
from engine.session import Session
from engine.text import Text
from engine.timeline import Timeline
from engine.twin.twin import Twin

BUDGET = 16_000_000
"""Bytes of moments that a twin keeps to go back by."""


def begin_twin(
    first: Session,
    history: Timeline,
    experiment: Experiment,
    from_step: int = 0,
    branch: int | None = None,
    budget: int = BUDGET,
) -> Twin:
    """A twin with another experiment.

    Args:
        first: stays as it is, and where it is.
        history: of the first one.
        experiment: what the twin trains, with the difference.
        from_step: at 0 it begins as a run of its own, later as if the first one had been edited at
            that step.
        branch: on which `from_step` lies; the present one if left out.
        budget: bytes of moments that the twin keeps.

    Raises:
        NeurariumError: `twin_is_same`, `twin_step_unknown`, `twin_weights_begin_at_0`,
            `unknown_branch`, or the experiment can't be built beside the first one.
    """
    if experiment.runs_like(first.experiment):
        raise _same("experiment", experiment.title)
    # Built even if it begins later: what can't be built is refused at once.
    session = Session(experiment, first.precision, limits_beside(first))
    if from_step == 0:
        return Twin(first, session, Timeline(session, budget), 0)
    history.reach(first.step)
    number = history.branch.number if branch is None else branch
    former, moment = history.nearest(from_step, number)
    _check_step(from_step, moment.step, history.branches[number].end)
    if former.seeds.weights != experiment.seeds.weights:
        raise _other_weights(from_step)
    session = Session(former, first.precision, limits_beside(first))
    session.restore(moment)
    return Twin(first, session, Timeline(session, budget), from_step, experiment)


def twin_along(first: Session, history: Timeline, branch: int, budget: int = BUDGET) -> Twin:
    """A twin that goes as on another branch of the history, with all that was changed there by
    hand; beyond that branch's end it trains on.

    Raises:
        NeurariumError: `unknown_branch`, or `twin_is_same` for the branch that the first one is on.
    """
    path = history.path(branch)
    target = history.branches[branch]
    if target is history.branch:
        raise _same("branch", branch)
    experiment, moment = history.nearest(0, branch)
    session = Session(experiment, first.precision, limits_beside(first))
    session.restore(moment)
    timeline = Timeline(session, budget)
    # The moments themselves are shared: they never change.
    timeline.adopt({one.number: one.copy() for one, _ in path}, branch, session)
    twin = Twin(first, session, timeline, moment.step)
    twin.along = branch, target.cause
    return twin


def limits_beside(first: Session) -> Limits:
    """What a twin may cost: both together keep the limits of one session."""
    left = first.limits.arena_bytes - first.arena.nbytes
    return replace(first.limits, arena_bytes=max(0, left))


def _same(where: str, value: object) -> NeurariumError:
    return NeurariumError(
        "twin_is_same",
        where,
        Text("The twin would be the very same run.", "孪生网络会是完全相同的运行。"),
        Text(
            "Choose one difference, such as another learning rate.",
            "请选择一个不同之处，例如另一个学习率。",
        ),
        value=value,
        allowed="an experiment that differs, or another branch",
    )


def _check_step(step: int, first: int, last: int) -> None:
    if first <= step <= last:
        return
    raise NeurariumError(
        "twin_step_unknown",
        "from_step",
        Text(f"This run can't be visited at step {step}.", f"无法回到这次运行的第 {step} 步。"),
        Text(
            "Let the twin begin at step 0, or at a step within what was run.",
            "请让孪生网络从第 0 步开始，或从已运行范围内的某一步开始。",
        ),
        value=step,
        allowed=f"0, {first} … {last}",
    )


def _other_weights(step: int) -> NeurariumError:
    return NeurariumError(
        "twin_weights_begin_at_0",
        "from_step",
        Text(
            "Other initial weights make a difference from the first step on only.",
            "不同的初始权重只有从第一步开始才有意义。",
        ),
        Text("Let the twin begin at step 0.", "请让孪生网络从第 0 步开始。"),
        value=step,
        allowed=0,
    )
