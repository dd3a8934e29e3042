"""My work, with the real engine: whoever made it may list, rename, copy, delete, take it along."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine import Snapshot
from engine.kernels.abi import STEP
from server.admission import COOKIE
from server.settings import Settings
from tests.server.page import Page
from tests.server.running import RunningServer, wait_until

Json = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def keeping(folder: Path) -> Iterator[RunningServer]:
    """A server that keeps what it makes."""
    with RunningServer(settings_for(folder)) as running:
        running.wait_until_ready()
        yield running


def settings_for(folder: Path) -> Settings:
    limits: Json = {"request_rate": 10_000, "request_burst": 10_000}
    return Settings(host="127.0.0.1", data_dir=folder, max_checkpoint_bytes=1_000_000, **limits)


class Visitor:
    """A browser with its cookie."""

    def __init__(self, server: RunningServer, cookie: str | None = None) -> None:
        self.cookie = cookie or server.services.visitors.issue()
        self.server = server
        headers = {"cookie": f"{COOKIE}={self.cookie}"}
        self.client = httpx.Client(base_url=server.address, headers=headers, timeout=30)

    def close(self) -> None:
        self.client.close()

    def page(self) -> Page:
        return self.server.page({"cookie": f"{COOKIE}={self.cookie}"})

    def made(self, preset: str = "gaussians", steps: int = 20) -> str:
        """A session that has trained a little."""
        with self.page() as page:
            session: str = page.hello(preset=preset)["session"]
            assert page.command("step", count=steps) is None
            page.wait_for("status", status="paused", step=steps)
            assert page.command("pause") is None
        return session

    def work(self) -> list[Json]:
        listed: list[Json] = self.client.get("/api/work").json()
        return listed

    def exported(self, session: str) -> bytes:
        answer = self.client.get(f"/api/work/{session}/run")
        assert answer.status_code == 200 and answer.headers["content-type"] == "application/zip"
        return answer.content


@pytest.fixture
def ada(keeping: RunningServer) -> Iterator[Visitor]:
    visitor = Visitor(keeping)
    with visitor.client:
        yield visitor


@pytest.fixture
def eve(keeping: RunningServer) -> Iterator[Visitor]:
    visitor = Visitor(keeping)
    with visitor.client:
        yield visitor


def parts_of(run: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(run)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def signed(parts: dict[str, bytes]) -> bytes:
    """An archive by somebody who knows how digests are made."""
    manifest = json.loads(parts["run.json"])
    manifest["sha256"] = {
        name: hashlib.sha256(part).hexdigest() for name, part in parts.items() if name != "run.json"
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, part in {**parts, "run.json": json.dumps(manifest).encode()}.items():
            archive.writestr(name, part)
    return packed.getvalue()


def test_visitor_sees_own_work_the_last_used_first(ada: Visitor, eve: Visitor) -> None:
    first, second = ada.made("gaussians", 20), ada.made("spiral", 30)
    listed = ada.work()
    assert [one["session"] for one in listed] == [second, first]
    assert [one["step"] for one in listed] == [30, 20]
    assert all(one["status"] == "paused" and one["title"] and one["bytes"] for one in listed)
    assert listed[0]["used"] >= listed[0]["created"] > 1e9
    assert "token" not in json.dumps(listed)
    assert eve.work() == []


def test_work_is_recognised_after_a_restart(tmp_path: Path) -> None:
    with RunningServer(settings_for(tmp_path)) as running, closing(Visitor(running)) as ada:
        session = ada.made()
        title = {"title": "  Zum\nMerken  "}
        renamed = ada.client.patch(f"/api/work/{session}", json=title)
        assert renamed.json()["title"] == "Zum Merken"
    with (
        RunningServer(settings_for(tmp_path)) as running,
        closing(Visitor(running, ada.cookie)) as ada,
    ):
        (found,) = ada.work()
        assert (found["session"], found["title"], found["step"]) == (session, "Zum Merken", 20)
        opened = ada.client.post(f"/api/work/{session}/open").json()
        with ada.page() as page:
            assert page.hello(session=session, token=opened["token"])["can_edit"]
            assert page.wait_for("status")["step"] == 20
            assert page.command("step") is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/open"),
        ("POST", "/copy"),
        ("GET", "/run"),
    ],
)
def test_only_the_owner_may(
    keeping: RunningServer, ada: Visitor, eve: Visitor, method: str, path: str
) -> None:
    session = ada.made()
    body = {"title": "stolen"} if method == "PATCH" else None
    forged = httpx.Client(base_url=keeping.address, headers={"cookie": f"{COOKIE}=me.0123"})
    for stranger in (eve.client, keeping.client, forged):
        answer = stranger.request(method, f"/api/work/{session}{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_your_work")
        answer = stranger.request(method, f"/api/work/unknown{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_session")
    forged.close()
    (kept,) = ada.work()
    assert kept["session"] == session and kept["title"] != "stolen"


def test_who_has_no_cookie_owns_nothing_whatever_the_address(keeping: RunningServer) -> None:
    with keeping.page() as page:
        session = page.hello(preset="gaussians")["session"]
        assert keeping.client.get("/api/work").json() == []
        answer = keeping.client.delete(f"/api/work/{session}")
        assert answer.json()["code"] == "not_your_work"
        answer = keeping.client.post("/api/work/run", content=b"")
        assert answer.json()["code"] == "not_your_work"


@pytest.mark.parametrize("body", [{"title": "x" * 101}, {}, {"title": 3}, {"title": "a", "b": 1}])
def test_title_has_its_limits(ada: Visitor, body: Json) -> None:
    session = ada.made()
    answer = ada.client.patch(f"/api/work/{session}", json=body)
    assert answer.status_code == 422 and answer.json()["code"].startswith("invalid.")


def test_named_by_hand_or_after_the_experiment(ada: Visitor) -> None:
    session = ada.made()
    before = ada.work()[0]["title"]
    ada.client.patch(f"/api/work/{session}", json={"title": "mine"})
    assert ada.work()[0]["title"] == "mine"
    ada.client.patch(f"/api/work/{session}", json={"title": ""})
    assert ada.work()[0]["title"] == before != ""


def test_copy_goes_on_from_the_same_moment_and_apart_from_the_original(ada: Visitor) -> None:
    session = ada.made("spiral", 40)
    answer = ada.client.post(f"/api/work/{session}/copy")
    copy = answer.json()
    assert answer.status_code == 201 and copy["session"] != session
    with ada.page() as original, ada.page() as page:
        original.hello(session=session)
        assert page.hello(session=copy["session"], token=copy["token"])["can_edit"]
        assert page.wait_for("status")["step"] == 40
        assert page.wait_for("history")["step"] == original.wait_for("history")["step"]
        assert page.command("step", count=10) is None
        page.wait_for("status", status="paused", step=50)
        assert page.command("pause") is None
    assert checkpoint_step(ada.exported(session)) == 40
    assert checkpoint_step(ada.exported(copy["session"])) == 50


def checkpoint_step(run: bytes) -> int:
    return Snapshot.from_bytes(parts_of(run)["checkpoint.bin"]).step


def test_deleted_work_is_gone(ada: Visitor) -> None:
    session, other = ada.made(), ada.made()
    with ada.page() as page:
        page.hello(session=session)
        assert ada.client.delete(f"/api/work/{session}").status_code == 204
        assert page.problem()["problem"]["code"] == "unknown_session"
    assert [one["session"] for one in ada.work()] == [other]
    with ada.page() as page:
        page.send(type="hello", protocol=1, session=session)
        assert page.problem()["problem"]["code"] == "unknown_session"


def test_exported_run_comes_back_bit_by_bit(ada: Visitor, eve: Visitor) -> None:
    session = ada.made("spiral", 30)
    run = ada.exported(session)
    answer = eve.client.post("/api/work/run", content=run)
    assert answer.status_code == 201
    imported = answer.json()
    assert [one["session"] for one in eve.work()] == [imported["session"]]
    assert imported["work"]["title"] == ada.work()[0]["title"]
    again = eve.exported(imported["session"])
    assert parts_of(again)["checkpoint.bin"] == parts_of(run)["checkpoint.bin"]
    assert parts_of(again)["curves.json"] == parts_of(run)["curves.json"]
    with eve.page() as page:
        assert page.hello(session=imported["session"], token=imported["token"])["can_edit"]
        assert page.wait_for("status")["step"] == 30


def branched(visitor: Visitor) -> str:
    """A session with a second branch, on which it stands at step 40."""
    with visitor.page() as page:
        session: str = page.hello(preset="gaussians")["session"]
        assert page.command("step", count=30) is None
        page.wait_for("status", status="paused", step=30)
        assert page.command("visit", step=10) is None
        document = page.wait_for("experiment")["experiment"]
        document["optimizer"]["learning_rate"] /= 2
        assert page.command("edit", experiment=document) is None
        assert page.command("step", count=30) is None
        page.wait_for("status", status="paused", step=40)
        assert page.command("pause") is None
    return session


def curves_of(page: Page) -> dict[int, list[int]]:
    """Steps of the curves, by branch."""
    found = {}
    for _ in range(2):
        told = page.wait_for("history")
        found[told["branch"]] = told["step"]
    return found


@pytest.mark.parametrize("way", ["copied", "exported"])
def test_branches_and_their_curves_come_along(ada: Visitor, eve: Visitor, way: str) -> None:
    session = branched(ada)
    if way == "copied":
        taker, answer = ada, ada.client.post(f"/api/work/{session}/copy")
    else:
        run = ada.exported(session)
        taker, answer = eve, eve.client.post("/api/work/run", content=run)
    assert answer.status_code == 201
    taken = answer.json()
    with ada.page() as original, taker.page() as page:
        original.hello(session=session)
        page.hello(session=taken["session"], token=taken["token"])
        before, after = original.wait_for("timeline"), page.wait_for("timeline")
        assert len(after["branches"]) == 2
        assert (after["branches"], after["current"]) == (before["branches"], before["current"])
        curves = curves_of(page)
        assert curves == curves_of(original)
        assert curves[1][-1] == 30
        assert curves[2][-1] == 40
        assert page.command("visit", step=25, branch=1) is None
        assert page.wait_for("status", step=25)["branch"] == 1


def test_a_history_that_was_damaged_costs_earlier_moments_only(ada: Visitor, eve: Visitor) -> None:
    parts = parts_of(ada.exported(branched(ada)))
    damaged = signed({**parts, "history.bin": parts["history.bin"][:-5]})
    answer = eve.client.post("/api/work/run", content=damaged)
    assert answer.status_code == 201
    taken = answer.json()
    with eve.page() as page:
        page.hello(session=taken["session"], token=taken["token"])
        assert page.wait_for("status")["step"] == 40
        assert len(page.wait_for("timeline")["branches"]) == 1


def impossible_step(run: bytes) -> bytes:
    """A checkpoint with the right digests that claims more steps than fit anywhere."""
    parts = parts_of(run)
    snapshot = Snapshot.from_bytes(parts["checkpoint.bin"])
    snapshot.state[STEP] = 2**64 - 1
    return signed({**parts, "checkpoint.bin": snapshot.to_bytes()})


def truncated(run: bytes) -> bytes:
    return run[: len(run) // 2]


def other_network(run: bytes) -> bytes:
    parts = parts_of(run)
    document = json.loads(parts["experiment.json"])
    for node in document["graph"]["nodes"]:
        if node["name"] == "hidden1":
            node["layer"]["units"] += 1
    return signed({**parts, "experiment.json": json.dumps(document).encode()})


def impossible_experiment(run: bytes) -> bytes:
    parts = parts_of(run)
    document = json.loads(parts["experiment.json"])
    document["batch_size"] = -3
    return signed({**parts, "experiment.json": json.dumps(document).encode()})


def edited(run: bytes) -> bytes:
    parts = parts_of(run)
    parts["experiment.json"] += b" "
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return packed.getvalue()


def too_large(run: bytes) -> bytes:
    return bytes(30_000_000)


def bomb(run: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("run.json", parts_of(run)["run.json"])
        archive.writestr("curves.json", bytes(300_000_000))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("harm", "status", "code"),
    [
        (truncated, 422, "run_unreadable"),
        (edited, 422, "run_unreadable"),
        (other_network, 422, "snapshot_mismatch"),
        (impossible_experiment, 422, "invalid.greater_than_equal"),
        (impossible_step, 422, "run_unreadable"),
        (too_large, 413, "body_too_large"),
        (bomb, 413, "run_too_large"),
        (lambda run: b"", 422, "run_unreadable"),
    ],
)
def test_hostile_run_is_refused_with_its_reason_and_changes_nothing(
    keeping: RunningServer,
    ada: Visitor,
    folder: Path,
    harm: Callable[[bytes], bytes],
    status: int,
    code: str,
) -> None:
    session = ada.made("spiral")
    run = ada.exported(session)
    before = ada.work(), len(keeping.services.registry.sessions)
    answer = ada.client.post("/api/work/run", content=harm(run))
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert problem["message"]["zh"] and problem["hint"]["en"]
    assert (ada.work(), len(keeping.services.registry.sessions)) == before


def test_training_goes_on_without_a_page_and_is_found_again(ada: Visitor) -> None:
    with ada.page() as page:
        welcome = page.hello(preset="gaussians")
        assert page.command("play", steps_per_second=500) is None
    wait_until(lambda: ada.work()[0]["step"] > 200)
    assert ada.work()[0]["status"] == "running"
    with ada.page() as page:
        page.hello(session=welcome["session"], token=welcome["token"])
        assert page.wait_for("status")["status"] == "running"
        assert page.wait_for("history")["step"][-1] > 200
        assert page.command("pause") is None
