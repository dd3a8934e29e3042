"""The calls that a host answers; each runs on the desk, those of one session in their order.

Guarded by tests/server/test_local_host.py.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

from engine import NeurariumError, Session, read_experiment
from server.errors import as_problem, refuse
from server.hosts.base import Placement
from server.hosts.describing import describe, layers_of, samples_of, samples_of_source
from server.hosts.hosted import HostedSession
from server.hosts.stage import Kept
from server.hosts.surroundings import Surroundings, limits_of
from server.protocol import CLIENT_MESSAGE, Command

LOG = logging.getLogger("neurarium")

Answer = tuple[Any, bytes]
"""Result (as JSON) and body of an answer."""
NOTHING: Answer = (None, b"")


class Request(NamedTuple):
    """One call."""

    call: int
    name: str
    placement: Placement | None
    values: dict[str, Any]
    body: bytes


class Calls:
    """The sessions of a host, and what it can be asked to do.

    Args:
        around: what the sessions share.
    """

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._sessions: dict[str, HostedSession] = {}

    def sessions(self) -> Sequence[HostedSession]:
        """All sessions, as they are now."""
        return list(self._sessions.values())

    def get(self, placement: Placement) -> HostedSession | None:
        """The session of that placement, if it is here in that epoch."""
        session = self._sessions.get(placement.session)
        return session if session is not None and session.placement == placement else None

    def carry_out(self, request: Request) -> None:
        """Do what is asked and send the answer; one that fails harms no other session."""
        outlet = self._around.outlet
        try:
            result, body = self._perform(request)
        except NeurariumError as error:
            outlet.refuse(request.call, as_problem(error))
        except Exception:
            LOG.exception("the call %s failed", request.name)
            outlet.refuse(request.call, as_problem(refuse("internal", request.name)))
        else:
            outlet.answer(request.call, result, body)

    def _perform(self, request: Request) -> Answer:
        if request.placement is not None:
            return self._perform_for(request.placement, request)
        match request.name:
            case "describe":
                description = describe()
                result = {
                    "catalog_bytes": len(description.catalog),
                    "default_preset": description.default_preset,
                }
                return result, description.catalog + description.presets
            case "check":
                return self._check(request.body), b""
            case "sample_source":
                return None, samples_of_source(request.values["kind"], request.values["count"])
        raise refuse("internal", request.name)

    def _perform_for(self, placement: Placement, request: Request) -> Answer:
        values = request.values
        match request.name:
            case "create":
                self._create(placement, values, request.body)
            case "command":
                return self._find(placement).carry_out(_read_command(request.body)), b""
            case "save":
                self._find(placement).save()
            case "samples":
                session = self._find(placement).session
                frame = samples_of(session, values["part"], values["offset"], values["count"])
                return None, frame
            case "close":
                self._find(placement).close()
                del self._sessions[placement.session]
            case name:
                raise refuse("internal", name)
        return NOTHING

    def _find(self, placement: Placement) -> HostedSession:
        session = self.get(placement)
        if session is None:
            raise refuse("moved", "session", value=placement.session)
        return session

    def _create(self, placement: Placement, values: dict[str, Any], body: bytes) -> None:
        middle = values["experiment_bytes"]
        end = middle + values["checkpoint_bytes"]
        experiment = read_experiment(body[:middle])
        kept = Kept(body[middle:end] or None, body[end:] or None, values["revision"])
        former = self._sessions.get(placement.session)
        if former is not None and former.placement.epoch >= placement.epoch:
            raise refuse("moved", "session", value=placement.session)
        session = HostedSession(placement, experiment, kept, self._around)
        if former is not None:
            former.close()
        # Known before it says a word: whoever hears of its layout may ask for frames at once.
        self._sessions[placement.session] = session
        session.introduce()
        self._around.wake()

    def _check(self, document: bytes) -> list[dict[str, Any]]:
        experiment = read_experiment(document)
        with self._around.building:
            session = Session(experiment, limits=limits_of(self._around.options))
        return [layer.model_dump() for layer in layers_of(session)]


def _read_command(body: bytes) -> Command:
    message = CLIENT_MESSAGE.validate_json(body)
    if not isinstance(message, Command):
        raise refuse("internal", message.type)
    return message
