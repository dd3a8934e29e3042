from __future__ import annotations

import threading
from functools import partial

from server.hosts.desk import Desk


def wait_for(event: threading.Event) -> None:
    event.wait(10)


def test_jobs_of_one_key_run_in_their_order() -> None:
    desk, done = Desk(4), threading.Event()
    seen: list[int] = []
    for number in range(100):
        desk.submit("a", partial(seen.append, number))
    desk.submit("a", done.set)
    assert done.wait(10)
    assert seen == list(range(100))
    desk.close()


def test_slow_job_of_one_key_keeps_no_other_waiting() -> None:
    desk, go_on, done = Desk(2), threading.Event(), threading.Event()
    desk.submit("slow", partial(wait_for, go_on))
    desk.submit("quick", done.set)
    assert done.wait(10)
    go_on.set()
    desk.close()


def test_closing_drops_what_waits() -> None:
    desk, begun, go_on = Desk(1), threading.Event(), threading.Event()
    seen: list[int] = []

    def job() -> None:
        begun.set()
        go_on.wait(10)

    desk.submit("a", job)
    desk.submit("a", lambda: seen.append(1))
    assert begun.wait(10)
    closer = threading.Thread(target=desk.close)
    closer.start()
    go_on.set()
    closer.join(10)
    assert not closer.is_alive() and not seen
