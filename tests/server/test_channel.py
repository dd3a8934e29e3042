from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any

import numpy as np
import pytest

from engine.errors import NeurariumError
from server.channel import MOST_IN_FLIGHT, Channel, View
from server.hosts.base import Point
from server.protocol import FRAME, Subscribe
from server.stream import Head, Tensor, decode, encode
from tests.server.fakes import TENSORS, code_of, layout, status


def on_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    @wraps(test)
    def run() -> None:
        asyncio.run(test())

    return run


class Host:
    """What the channel tells its host, and frames that answer it."""

    def __init__(self) -> None:
        self.watched: list[tuple[int, tuple[int, ...], float]] = []
        self.grants = 0
        self.sequence = 0
        self.channel = Channel(self.watch, self.grant)

    def watch(self, revision: int, keys: Sequence[int], rate: float) -> None:
        self.watched.append((revision, tuple(keys), rate))

    def grant(self) -> None:
        self.grants += 1

    def shoot(self, step: int, revision: int = 1, metrics_step: float = float("nan")) -> bytes:
        self.sequence += 1
        head = Head(FRAME, self.sequence, revision, step=step, metrics_step=metrics_step)
        keys = self.watched[-1][1]
        frame = encode(head, [Tensor(key, np.full(2, step, np.float32)) for key in keys])
        self.channel.hear_frame(frame)
        return frame


class Watcher(View):
    """A view that keeps what it is told."""

    def __init__(self, host: Host, keys: Sequence[int], rate: float = 60.0) -> None:
        self.texts: list[dict[str, Any]] = []
        self.wakes = 0
        super().__init__(lambda text: self.texts.append(json.loads(text)), self.note_wake)
        self.host = host
        host.channel.join(self, 0, -1)
        host.channel.subscribe(self, subscription(keys, rate))

    def note_wake(self) -> None:
        self.wakes += 1

    def take(self) -> list[Any]:
        """Texts parsed, frames decoded."""
        return [
            decode(message) if isinstance(message, bytes) else json.loads(message)
            for message in self.host.channel.take(self)
        ]


def subscription(keys: Sequence[int], rate: float = 60.0, revision: int = 1) -> Subscribe:
    return Subscribe(revision=revision, tensors=list(keys), rate=rate)


def new_host() -> Host:
    host = Host()
    host.channel.hear("layout", layout(1))
    host.channel.hear("status", status("paused"))
    return host


@on_loop
async def test_newcomer_is_told_the_present_state() -> None:
    host = new_host()
    host.channel.hear("status", status("running"))
    host.channel.hear_point(Point(3, 0.3, 0.5, None, None, None))
    watcher = Watcher(host, [0])
    assert [text["type"] for text in watcher.texts] == ["layout", "status", "history"]
    assert watcher.texts[1]["status"] == "running"
    assert watcher.texts[2]["step"] == [3]


@on_loop
async def test_frames_are_made_only_while_somebody_can_take_them() -> None:
    host = new_host()
    watcher = Watcher(host, [0, 1])
    assert host.watched[-1] == (1, (0, 1), 60.0)
    for step in range(10):
        if host.grants > host.sequence:
            host.shoot(step)
        watcher.due = 0
        watcher.take()
    # Without an acknowledgement no more than these were asked for.
    assert host.sequence == MOST_IN_FLIGHT == len(watcher.in_flight)
    host.channel.acknowledge(watcher, 1)
    assert host.grants == host.sequence + 1


@on_loop
async def test_page_that_was_slow_gets_the_newest_frame() -> None:
    host = new_host()
    slow, quick = Watcher(host, [0]), Watcher(host, [0])
    for step in range(6):
        host.shoot(step)
        slow.due = quick.due = 0
        quick.take()
        host.channel.acknowledge(quick, host.sequence)
        if step < MOST_IN_FLIGHT:
            slow.take()
    host.channel.acknowledge(slow, 1)
    ((head, _),) = slow.take()
    assert head.step == 5


@on_loop
async def test_watchers_share_one_encoding_and_get_what_they_asked_for() -> None:
    host = new_host()
    one, both, same = Watcher(host, [0]), Watcher(host, [0, 2]), Watcher(host, [2, 0])
    assert host.watched[-1][1] == (0, 2)
    frame = host.shoot(4)
    ((head, tensors),) = one.take()
    assert head.step == 4 and set(tensors) == {0}
    (first,), (second,) = host.channel.take(both), host.channel.take(same)
    assert first is frame and second is frame


@on_loop
async def test_subscription_survives_an_edit_under_its_new_keys() -> None:
    host = new_host()
    watcher = Watcher(host, [0, 2])
    host.channel.hear("layout", layout(2, [("more", "weights"), *TENSORS]))
    assert host.watched[-1][:2] == (2, (1, 3))
    host.shoot(5, revision=2)
    ((head, tensors),) = watcher.take()
    assert head.revision == 2 and set(tensors) == {1, 3}
    # One that crossed the new layout on its way still means the old one.
    host.channel.subscribe(watcher, subscription([1], revision=1))
    assert host.watched[-1][1] == (2,)


@on_loop
async def test_frame_of_a_former_network_is_never_sent() -> None:
    host = new_host()
    watcher = Watcher(host, [0])
    host.shoot(3)
    host.channel.hear("layout", layout(2))
    assert watcher.take() == []
    host.shoot(4, revision=1)
    assert watcher.take() == []
    host.shoot(5, revision=2)
    ((head, _),) = watcher.take()
    assert head.step == 5


@on_loop
async def test_bad_subscription_is_refused() -> None:
    host = new_host()
    watcher = Watcher(host, [0])
    for message, code in (
        (subscription([3]), "unknown_tensor"),
        (subscription([0], revision=7), "stale_layout"),
    ):
        with pytest.raises(NeurariumError) as caught:
            host.channel.subscribe(watcher, message)
        assert code_of(caught.value) == code
    assert host.watched[-1] == (1, (0,), 60.0)


@on_loop
async def test_points_that_no_frame_carried_come_before_the_next_one() -> None:
    host = new_host()
    watcher = Watcher(host, [0])
    for step in (1, 2, 3):
        host.channel.hear_point(Point(step, 0.0, 0.5, None, None, None))
    host.shoot(3, metrics_step=3)
    history, (head, _) = watcher.take()
    assert (history["step"], history["restart"]) == ([1, 2], False)
    assert head.metrics_step == 3
    host.channel.hear_point(Point(4, 0.0, 0.5, None, None, None))
    watcher.due = 0
    host.shoot(4, metrics_step=4)
    assert len(watcher.take()) == 1


@on_loop
async def test_rewind_restarts_the_curves_of_everyone() -> None:
    host = new_host()
    watcher = Watcher(host, [0])
    for step in (1, 2, 3):
        host.channel.hear_point(Point(step, 0.0, 0.5, None, None, None))
    host.channel.hear_rewind(1)
    assert watcher.texts[-1]["restart"] is True
    assert watcher.texts[-1]["step"] == [1]


@on_loop
async def test_rare_watcher_gets_its_rate_and_still_the_last_frame() -> None:
    host = new_host()
    often, rarely = Watcher(host, [0], 60), Watcher(host, [0], 20)
    host.shoot(1)
    assert len(often.take()) == len(rarely.take()) == 1
    often.due = 0
    host.shoot(2)
    assert len(often.take()) == 1
    wakes = rarely.wakes
    # Nothing more happens; the frame is offered when it is due.
    while rarely.wakes == wakes:
        await asyncio.sleep(0.005)
    ((head, _),) = rarely.take()
    assert head.step == 2


@on_loop
async def test_nobody_watching_asks_for_nothing() -> None:
    host = new_host()
    watcher = Watcher(host, [0, 1])
    host.channel.leave(watcher)
    assert host.watched[-1] == (1, (), 0.0)
    grants = host.grants
    host.shoot(1)
    assert host.grants == grants


@on_loop
async def test_after_a_move_frames_are_counted_anew() -> None:
    host = new_host()
    watcher = Watcher(host, [0])
    for step in range(4):
        host.shoot(step)
        watcher.due = 0
        watcher.take()
    grants = host.grants
    host.channel.detach()
    host.sequence = 0
    host.channel.hear("layout", layout(2))
    assert host.watched[-1] == (2, (0,), 60.0)
    assert host.grants == grants + 1
    host.shoot(9, revision=2)
    ((head, _),) = watcher.take()
    assert head.step == 9
