"""The engine host is killed: the web process stays up, tells it, and brings everything back."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from server.settings import Settings
from tests.server.running import RunningServer, wait_until


@pytest.fixture(scope="module")
def fragile() -> Iterator[RunningServer]:
    """A server of its own, which saves often."""
    settings = Settings(host="127.0.0.1", checkpoint_seconds=0.1)
    with RunningServer(settings) as running:
        running.wait_until_ready()
        yield running


def test_killed_host_is_replaced_and_training_goes_on_from_the_last_checkpoint(
    fragile: RunningServer,
) -> None:
    with fragile.page() as page, fragile.page() as watcher:
        welcome = page.hello(preset="spiral")
        watcher.hello(session=welcome["session"])
        page.subscribe("weights")
        assert page.command("play") is None
        session = fragile.services.registry.find(welcome["session"])
        wait_until(lambda: session.checkpoint is not None)
        page.wait_for_frame(at_least=200)
        first = session.checkpoint
        wait_until(lambda: session.checkpoint is not first)

        os.kill(fragile.host_process, signal.SIGKILL)
        for one in (page, watcher):
            assert one.wait_for("host", event="lost")["message"]["en"]
        assert fragile.client.get("/healthz").status_code == 200
        restored = [one.wait_for("host", event="restored") for one in (page, watcher)]
        assert restored[0]["step"] == restored[1]["step"] > 0
        head, tensors = page.wait_for_frame(
            restored[0]["step"] + 1, lambda head: head.revision == 2
        )
        assert tensors
        page.seen.clear()
        assert page.command("pause") is None
        assert page.wait_for("status", status="paused")["step"] >= head.step


def test_paused_and_edited_work_survives_a_kill_at_any_moment(fragile: RunningServer) -> None:
    with fragile.page() as page:
        page.hello(preset="gaussians")
        assert page.command("step", count=30) is None
        assert page.command("pause") is None
        document = page.wait_for("experiment")["experiment"]
        document["title"] = "kept"
        document["batch_size"] += 1
        assert page.command("edit", experiment=document) is None
        os.kill(fragile.host_process, signal.SIGKILL)
        assert page.wait_for("host", event="restored")["step"] == 30
        assert page.wait_for("experiment", revision=3)["experiment"]["title"] == "kept"


def test_branches_survive_a_kill_and_can_be_visited(fragile: RunningServer) -> None:
    with fragile.page() as page:
        page.hello(preset="spiral")
        document = page.wait_for("experiment")["experiment"]
        assert page.command("step", count=300) is None
        page.wait_for("status", status="paused", step=300)
        assert page.command("visit", step=100) is None
        document["optimizer"]["learning_rate"] *= 2
        assert page.command("edit", experiment=document) is None
        assert page.command("step", count=50) is None
        page.wait_for("status", status="paused", step=150, branch=2)
        assert page.command("pause") is None
        os.kill(fragile.host_process, signal.SIGKILL)
        page.seen.clear()
        assert page.wait_for("host", event="restored")["step"] == 150
        told = page.wait_for("timeline")
        assert told["current"] == 2
        assert [(one["parent"], one["fork"], one["end"]) for one in told["branches"]] == [
            (None, 0, 300),
            (1, 100, 150),
        ]
        page.seen.clear()
        assert page.command("visit", step=300, branch=1) is None
        page.wait_for("status", step=300, branch=1)


def test_readiness_follows_the_host_and_life_does_not(fragile: RunningServer) -> None:
    os.kill(fragile.host_process, signal.SIGSTOP)
    stopped = fragile.host_process
    answer = fragile.client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})
    assert fragile.client.get("/healthz").json() == {"status": "ok"}
    os.kill(stopped, signal.SIGCONT)
    fragile.wait_until_ready()


def test_silent_host_is_replaced_and_the_engine_ends_with_the_server() -> None:
    with RunningServer(Settings(host="127.0.0.1", answer_seconds=1)) as running:
        running.wait_until_ready()
        with running.page() as page:
            page.hello(preset="gaussians")
            stopped = running.host_process
            os.kill(stopped, signal.SIGSTOP)
            assert page.wait_for("host", event="lost")
            assert page.wait_for("host", event="restored")["step"] == 0
            process = running.host_process
            assert process != stopped
            assert page.command("play") is None
    for ended in (stopped, process):
        with pytest.raises(ProcessLookupError):
            os.kill(ended, 0)
