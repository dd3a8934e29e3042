"""Many sessions on a few threads: exact budgets, parked sessions, true copies, no interference."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import engine.scheduler
from engine import presets
from engine.errors import LimitError
from engine.evaluation import published
from engine.experiment import Experiment
from engine.kernels.abi import STEP
from engine.optimizers import StochasticGradientDescent
from engine.scheduler import Place, Room, Scheduler
from engine.session import Session
from tests.engine.test_divergence import CASES
from tests.engine.waiting import wait_until

NAMES = ("spiral", "skip", "xor", "curve", "iris")


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    running = Scheduler(2)
    running.start()
    yield running
    running.stop()


def finish(*places: Place) -> None:
    wait_until(lambda: not any(place.running for place in places))


def wait_for_step(place: Place, step: int) -> None:
    """Until it has gone beyond this step."""
    wait_until(lambda: place.step > step)


def wait_for_steps(places: list[Place], steps: int) -> None:
    """Until all together have done more than this."""
    wait_until(lambda: sum(place.step for place in places) > steps)


def reference(experiment: Experiment, steps: int) -> Session:
    session = Session(experiment)
    session.run(steps=steps)
    return session


def same(one: Session, other: Session) -> bool:
    return np.array_equal(one.arena, other.arena) and np.array_equal(one.state, other.state)


def test_many_sessions_train_exactly_their_budgets(scheduler: Scheduler) -> None:
    sessions = [Session(presets.load(NAMES[number % len(NAMES)])) for number in range(20)]
    places = [scheduler.add(session) for session in sessions]
    for number, place in enumerate(places):
        place.play(steps=500 + 37 * number)
    finish(*places)
    for number, session in enumerate(sessions):
        assert session.step == places[number].step == 500 + 37 * number
        assert same(session, reference(session.experiment, 500 + 37 * number))


@pytest.mark.parametrize(("pace", "steps"), [(0.0, None), (-1.0, None), (None, -1)])
def test_a_pace_or_budget_that_makes_no_sense_is_refused(
    scheduler: Scheduler, pace: float | None, steps: int | None
) -> None:
    place = scheduler.add(Session(presets.load("spiral")))
    with pytest.raises(ValueError, match="must"):
        place.play(steps_per_second=pace, steps=steps)
    assert not place.running


def test_budgets_add_up(scheduler: Scheduler) -> None:
    place = scheduler.add(Session(presets.load("spiral")))
    assert not place.running
    place.play(steps=0)
    assert not place.running
    for steps in (1, 5, 1000):
        place.play(steps=steps)
        finish(place)
    assert place.step == 1006


def test_a_held_session_waits_and_goes_on_with_what_was_left(scheduler: Scheduler) -> None:
    place, other = (scheduler.add(Session(presets.load("spiral"))) for _ in range(2))
    place.play(steps=20_000)
    other.play()
    place.hold()
    place.hold()
    step = place.step
    wait_for_step(other, other.step + 500)
    assert place.step == step
    assert place.running, "it only waits"
    # What trains must not be forgotten before it stands still.
    other.pause()
    place.release()
    place.release()
    finish(place)
    assert place.step == 20_000
    assert same(place.session, reference(presets.load("spiral"), 20_000))


def test_holding_ends_with_a_pause_and_with_new_training(scheduler: Scheduler) -> None:
    place = scheduler.add(Session(presets.load("spiral")))
    place.hold()
    place.release()
    assert not place.running, "what stands still isn't set going"
    place.play(steps_per_second=1.0)
    place.hold()
    place.pause()
    place.release()
    assert not place.running
    place.play(steps_per_second=1.0)
    place.hold()
    place.play(steps=5)
    finish(place)
    assert not place.running


def test_a_paused_session_stands_still(scheduler: Scheduler) -> None:
    """While others go on, and however often it is paused."""
    places = [scheduler.add(Session(presets.load(name))) for name in NAMES]
    for place in places:
        place.play()
    for place in places * 3:
        wait_for_step(place, 100)
        place.pause()
        assert not place.running
        step, others = place.step, sum(other.step for other in places)
        wait_for_steps(places, others + 200)
        assert place.step == step
        assert place.session.state[STEP] == step
        place.play()
    for place in places:
        place.pause()
    assert same(places[0].session, reference(presets.load(NAMES[0]), places[0].step))


def test_everything_may_be_done_while_a_session_is_parked(scheduler: Scheduler) -> None:
    place = scheduler.add(Session(presets.load("spiral")))
    place.play()
    for rate in (0.01, 0.02, 0.03):
        wait_for_step(place, 50)
        with place.exclusive() as session:
            step = session.step
            snapshot = session.snapshot()
            optimizer = StochasticGradientDescent(learning_rate=rate)
            session.edit(session.experiment.model_copy(update={"optimizer": optimizer}))
            with place.exclusive() as again:
                assert again is session, "it may be asked for twice"
            assert session.step == step
            session.restore(snapshot)
        assert place.running, "it goes on afterwards"
        wait_for_step(place, step + 20)
    place.pause()
    assert place.session.experiment.optimizer.model_dump()["learning_rate"] == 0.03


def test_parked_sessions_are_at_the_end_of_a_whole_step(scheduler: Scheduler) -> None:
    """Under load, from several threads at once, what is seen is a state of the plain run."""
    experiment = presets.load("xor")
    places = [scheduler.add(Session(experiment)) for _ in range(6)]
    for place in places:
        place.play()

    def look(place: Place) -> list[tuple[int, bytes]]:
        seen = []
        for _ in range(15):
            with place.exclusive() as session:
                before = session.step
                seen.append((before, session.arena.tobytes()))
                assert session.step == before
        return seen

    with ThreadPoolExecutor(4) as pool:
        seen = [moment for moments in pool.map(look, [*places, *places]) for moment in moments]
    for place in places:
        place.pause()
    plain = Session(experiment)
    for step, arena in sorted(seen):
        plain.run(steps=step - plain.step)
        assert plain.arena.tobytes() == arena


def room_for(session: Session) -> Room:
    """Room for a copy of this session."""
    start, end = session.program.network.published
    return Room(end - start, session.dtype)


def test_everybody_has_a_turn_however_soon_a_worker_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker that leaves before it has been everywhere goes on where it left off."""
    monkeypatch.setattr("engine.scheduler.RESIDENCE", 1_000)
    scheduler = Scheduler(1)
    places = [scheduler.add(Session(presets.load("spiral"))) for _ in range(12)]
    for place in places:
        place.play()
    scheduler.start()
    wait_until(lambda: all(place.step > 0 for place in places))
    scheduler.stop()


def test_a_copy_is_a_state_of_exactly_one_step(scheduler: Scheduler) -> None:
    experiment = presets.load("spiral")
    session = Session(experiment)
    place = scheduler.add(session)
    busy = [scheduler.add(Session(presets.load("skip"))) for _ in range(3)]
    for other in (place, *busy):
        other.play()
    copies = []
    for _ in range(10):
        room = room_for(session)
        place.request(room)
        wait_until(lambda: place.arrived)
        copies.append((int(room.state[STEP]), room.values, room.state))
    for other in (place, *busy):
        other.pause()
    plain = Session(experiment)
    assert [step for step, _, _ in copies] == sorted(step for step, _, _ in copies)
    for step, target, state in copies:
        plain.run(steps=step - plain.step)
        assert np.array_equal(published(plain.program, plain.arena), target)
        assert np.array_equal(plain.state, state)


def test_a_copy_of_a_paused_session_arrives_too(scheduler: Scheduler) -> None:
    session = Session(presets.load("spiral"))
    session.run(steps=5)
    place = scheduler.add(session)
    room = room_for(session)
    place.request(room)
    wait_until(lambda: place.arrived)
    assert np.array_equal(room.values, published(session.program, session.arena))
    assert room.state[STEP] == 5


def test_a_copy_of_the_wrong_size_is_not_taken(scheduler: Scheduler) -> None:
    place = scheduler.add(Session(presets.load("spiral")))
    with pytest.raises(ValueError, match="another size"):
        place.request(Room(3, np.dtype(np.float32)))
    assert place.arrived


def test_an_edit_withdraws_a_copy_that_was_asked_for() -> None:
    """Without workers, so that the request is still open."""
    session = Session(presets.load("spiral"))
    place = Scheduler(1).add(session)
    place.request(room_for(session))
    assert not place.arrived
    with place.exclusive():
        session.edit(presets.load("skip"))
    assert place.arrived
    place.request(room_for(session))
    place.cancel()
    assert place.arrived


def test_a_pace_is_kept_in_proportion(scheduler: Scheduler) -> None:
    """Both follow the same clock; on a busy machine both fall behind."""
    slow, fast, free = (scheduler.add(Session(presets.load("xor"))) for _ in range(3))
    slow.play(steps_per_second=200)
    fast.play(steps_per_second=2000)
    free.play()
    wait_until(lambda: slow.step >= 60)
    counts = [place.step for place in (slow, fast, free)]
    for place in (slow, fast, free):
        place.pause()
    assert 4 * counts[0] < counts[1] < 25 * counts[0]
    assert counts[2] > 2 * counts[1]


def test_a_diverged_session_stops_and_the_others_go_on(scheduler: Scheduler) -> None:
    wild = scheduler.add(Session(CASES["a linear network explodes"]))
    calm = scheduler.add(Session(presets.load("spiral")))
    calm.play()
    wild.play()
    finish(wild)
    assert wild.session.diverged
    found = wild.session.divergence()
    assert found is not None
    assert found.step <= wild.step
    wild.play(steps=10)
    finish(wild)
    step = calm.step
    wait_for_step(calm, step)
    calm.pause()


def test_idle_workers_wake_up(scheduler: Scheduler) -> None:
    place = scheduler.add(Session(presets.load("xor")))
    for expected in range(1, 30):
        place.play(steps=1)
        finish(place)
        assert place.step == expected


def test_stopping_and_starting_again_loses_nothing() -> None:
    scheduler = Scheduler(2)
    session = Session(presets.load("spiral"))
    place = scheduler.add(session)
    place.play()
    for _ in range(3):
        step = place.step
        scheduler.start()
        wait_for_step(place, step + 100)
        scheduler.stop()
    assert place.running
    assert same(session, reference(presets.load("spiral"), place.step))


def test_seats_are_given_back(scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.scheduler, "CAPACITY", 3)
    small = Scheduler(1)
    places = [small.add(Session(presets.load("xor"))) for _ in range(3)]
    with pytest.raises(LimitError) as caught:
        small.add(Session(presets.load("xor")))
    assert (caught.value.code, caught.value.allowed) == ("limit.sessions", "≤ 3")
    places[1].remove()
    again = small.add(Session(presets.load("spiral")))
    small.start()
    again.play(steps=50)
    finish(again)
    small.stop()
    assert again.step == 50
    assert places[0].step == places[2].step == 0


def test_sessions_come_and_go_under_load(scheduler: Scheduler) -> None:
    """With copies still asked for when a session leaves."""
    lasting = scheduler.add(Session(presets.load("spiral")))
    lasting.play()

    def visit(number: int) -> None:
        for _ in range(12):
            session = Session(presets.load(NAMES[number % len(NAMES)]))
            place = scheduler.add(session)
            place.play()
            place.request(room_for(session))
            place.remove()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(visit, range(4)))
    step = lasting.step
    wait_for_step(lasting, step + 100)
    lasting.pause()
    assert same(lasting.session, reference(presets.load("spiral"), lasting.step))


def test_the_rate_counts_steps(scheduler: Scheduler) -> None:
    place = scheduler.add(Session(presets.load("spiral")))
    assert place.rate == 0
    place.play(steps=3000)
    finish(place)
    assert place.rate > 0
    assert place.rate == 0, "nothing has happened since the last look"


def test_worker_threads_end(scheduler: Scheduler) -> None:
    place = scheduler.add(Session(presets.load("spiral")))
    place.play()
    scheduler.stop()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("worker-")]
    step = place.step
    assert place.step == step
