"""What all sessions of a host share, and how their documents are read.

Guarded by tests/server/test_local_host.py.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from pydantic import ValidationError

from engine import Experiment, Limits, Scheduler
from engine.errors import from_validation_error
from server.hosts.base import Placement
from server.hosts.measuring import Load
from server.hosts.options import HostOptions
from server.hosts.outlet import Outlet


@dataclass(frozen=True)
class Surroundings:
    """What all sessions of a host share.

    Attributes:
        scheduler: trains them.
        outlet: says what happens.
        options: limits and intervals.
        load: how long frames and measurements take.
        building: held while programs are built, one at a time.
        run_later: runs a job of a session on the desk.
        wake: has the sessions looked at again at once.
        count_sessions: how many there are.
    """

    scheduler: Scheduler
    outlet: Outlet
    options: HostOptions
    load: Load
    building: AbstractContextManager[object]
    run_later: Callable[[Placement, Callable[[], None]], None]
    wake: Callable[[], None]
    count_sessions: Callable[[], int]


def limits_of(options: HostOptions) -> Limits:
    """What one session may cost."""
    return Limits(
        parameters=options.max_parameters,
        units=options.max_units,
        samples=options.max_samples,
        arena_bytes=options.max_arena_bytes,
    )


def read_experiment(document: object) -> Experiment:
    """The experiment in a parsed document.

    Raises:
        NeurariumError: naming the field, the value received and the values allowed.
    """
    try:
        return Experiment.model_validate(document)
    except ValidationError as error:
        raise from_validation_error(error, "experiment") from None
