from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from engine import Scheduler, Session, Snapshot, presets
from engine.scheduler import Place
from server.hosts.options import HostOptions
from server.hosts.saving import Saver
from server.settings import Settings
from tests.server.running import wait_until

OPTIONS = HostOptions.from_settings(Settings(workers=1))


@pytest.fixture
def seat() -> Iterator[Place]:
    scheduler = Scheduler(1)
    scheduler.start()
    yield scheduler.add(Session(presets.load("gaussians")))
    scheduler.stop()


def test_checkpoint_brings_the_session_back(seat: Place) -> None:
    seat.play(steps=20)
    wait_until(lambda: not seat.running)
    data = Saver(OPTIONS).take(seat)
    assert data is not None
    assert Snapshot.from_bytes(data).step == 20


def test_changes_are_saved_in_time_and_only_once(seat: Place) -> None:
    saver, now = Saver(OPTIONS), time.perf_counter()
    assert not saver.is_due(now + 1e9)
    saver.change(5)
    saver.change(0.5)
    saver.change(9)
    assert not saver.is_due(now + 0.4)
    assert saver.is_due(now + 1)
    saver.take(seat)
    assert not saver.is_due(now + 1e9)


def test_training_session_is_saved_again_and_again(seat: Place) -> None:
    saver = Saver(OPTIONS)
    seat.play()
    assert saver.take(seat) is not None
    assert saver.is_due(time.perf_counter() + OPTIONS.checkpoint_seconds + 0.1)
    seat.pause()


def test_what_is_too_large_is_not_saved(seat: Place) -> None:
    assert Saver(replace(OPTIONS, max_checkpoint_bytes=10)).take(seat) is None
