from __future__ import annotations

import json
import struct
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import ValidationError

from server import protocol
from server.protocol import CLIENT_MESSAGE, SERVER_MESSAGE

MESSAGES: list[dict[str, Any]] = [
    {"type": "hello", "protocol": 1},
    {"type": "hello", "protocol": 1, "session": "a", "token": "b", "history_after": 3.0},
    {"type": "hello", "protocol": 1, "experiment": {"graph": {}}},
    {"type": "acknowledge", "sequence": 3},
    {"type": "subscribe", "revision": 2, "tensors": [0, 5], "rate": 60},
    {"type": "play", "request": 1, "steps_per_second": None},
    {"type": "slow_motion", "request": 1, "level": "layer", "stops_per_second": 2},
    {"type": "pause", "request": 2},
    {"type": "step", "request": 3, "level": "epoch", "count": 2},
    {"type": "step", "request": 3, "level": "instruction", "back": True},
    {"type": "visit", "request": 3, "step": 10, "row": 2, "branch": 1},
    {"type": "fork", "request": 3},
    {"type": "remove_branch", "request": 3, "branch": 2},
    {"type": "explain", "request": 3, "quantity": {"kind": "loss"}, "of": "batch"},
    {"type": "look", "request": 3, "row": 4},
    {"type": "check_gradients", "request": 3},
    {"type": "measure_cost", "request": 3},
    {"type": "rank_units", "request": 3},
    {"type": "set_breakpoints", "request": 3, "breakpoints": [{"kind": "at_step", "step": 5}]},
    {"type": "set_watches", "request": 3, "watches": [], "lenient": True},
    {"type": "compare_inputs", "request": 3, "original": [0.5, 1], "changed": [0.5, 2]},
    {"type": "start_twin", "request": 3, "experiment": {}, "branch": 2, "from_step": 5},
    {"type": "end_twin", "request": 3},
    {"type": "compare_layer", "request": 3, "layer": "hidden1"},
    {"type": "reset", "request": 4},
    {"type": "reseed", "request": 5, "seeds": ["data", "weights"]},
    {"type": "edit", "request": 6, "experiment": {}},
    {"type": "set_parameter", "request": 7, "parameter": "a.weights", "index": [0, 1], "value": 1},
    {"type": "inspect", "request": 8, "sample": 4},
    {"type": "inspect", "request": 8, "values": [0.5, 1]},
    {"type": "go_back", "request": 9},
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message["type"])
def test_every_message_of_the_page_round_trips(message: dict[str, Any]) -> None:
    parsed = CLIENT_MESSAGE.validate_json(json.dumps(message))
    assert parsed.type == message["type"]
    assert CLIENT_MESSAGE.validate_json(parsed.model_dump_json()) == parsed


def test_every_kind_of_message_is_tried_here() -> None:
    kinds = {
        part.model_fields["type"].default for part in get_args(get_args(protocol.ClientMessage)[0])
    }
    assert kinds == {message["type"] for message in MESSAGES}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"type": "play", "request": 1, "steps_per_second": NaN}', "steps_per_second"),
        ('{"type": "play", "request": 1, "steps_per_second": 1e400}', "steps_per_second"),
        ('{"type": "play", "request": -1}', "request"),
        ('{"type": "play", "request": 9007199254740992}', "request"),
        (
            '{"type": "set_parameter", "request": 1, "parameter": "a", "index": [], "value": 1}',
            "index",
        ),
        ('{"type": "subscribe", "revision": 1, "tensors": [70000]}', "tensors"),
        ('{"type": "subscribe", "revision": 1, "tensors": [], "rate": 1000}', "rate"),
        ('{"type": "reseed", "request": 1, "seeds": ["luck"]}', "seeds"),
        ('{"type": "pause", "request": 1, "now": true}', "now"),
        ('{"type": "step", "request": 1, "level": "week"}', "level"),
        ('{"type": "visit", "request": 1, "step": -1}', "step"),
        ('{"type": "visit", "request": 1, "step": 1, "branch": 0}', "branch"),
        (
            '{"type": "slow_motion", "request": 1, "level": "layer", "stops_per_second": 0}',
            "stops_per_second",
        ),
        ('{"type": "inspect", "request": 1, "values": [Infinity]}', "values"),
    ],
)
def test_bad_values_are_refused_at_their_field(text: str, place: str) -> None:
    with pytest.raises(ValidationError) as caught:
        CLIENT_MESSAGE.validate_json(text)
    assert place in caught.value.errors()[0]["loc"]


@given(some.binary(max_size=300) | some.text(max_size=300).map(str.encode))
def test_any_bytes_are_either_a_message_or_refused(data: bytes) -> None:
    try:
        CLIENT_MESSAGE.validate_json(data)
    except ValidationError as error:
        assert error.error_count() >= 1


def test_packed_structures_have_no_holes() -> None:
    assert protocol.HEADER.size == 64
    assert struct.calcsize("<" + "".join(protocol.RECORD_FIELDS.values())) == protocol.RECORD.size
    assert len(set(protocol.HEADER_FIELDS)) == 15


def test_server_messages_round_trip() -> None:
    words = protocol.Words(en="a", zh="甲")
    problem = protocol.Problem(code="x", where="y", message=words, hint=words)
    for message in (
        protocol.Reply(request=1, problem=problem),
        protocol.HostNotice(event="lost", step=None, message=words),
        protocol.ProblemMessage(problem=problem, fatal=True),
        protocol.Inspected(part="drawn", sample=None, target=None),
        protocol.TwinState(twin=None),
    ):
        assert SERVER_MESSAGE.validate_json(message.model_dump_json()) == message
