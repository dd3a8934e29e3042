"""A twin follows its session everywhere, what sets both apart is told, and it outlives the host."""

from __future__ import annotations

import copy
import os
import signal
from typing import Any

import numpy as np
import pytest

from engine import Experiment, Session
from tests.server.page import Page
from tests.server.running import RunningServer

RATE = 0.5
"""Learning rate of the twins."""


def other(document: dict[str, Any], rate: float = RATE) -> dict[str, Any]:
    """The document with another learning rate."""
    changed: dict[str, Any] = copy.deepcopy(document)
    changed["optimizer"]["learning_rate"] = rate
    return changed


def straight(document: dict[str, Any], step: int, row: int = 0) -> Session:
    session = Session(Experiment.model_validate(document))
    session.run(steps=step)
    session.advance(row)
    return session


def begin(page: Page, **command: Any) -> dict[str, Any]:
    """Start a twin with another learning rate; returns the document of the session."""
    document: dict[str, Any] = page.wait_for("experiment")["experiment"]
    page.subscribe("weights")
    values = command or {"experiment": other(document)}
    assert page.command("start_twin", **values) is None
    return document


def together(page: Page, step: int, row: int = 0) -> dict[str, Any]:
    """The first news of both standing there."""
    while True:
        twin = page.wait_for("twin")["twin"]
        if twin and twin["stand"] == "together" and (twin["step"], twin["row"]) == (step, row):
            assert twin["target"] == step
            return dict(twin)


def check_weights(twin: dict[str, Any], mine: Session, its: Session) -> None:
    """The distances told are those of straight runs."""
    weights, others = mine.parameters(), its.parameters()
    told = {
        f"{layer['layer']}.{one['parameter']}": one["apart"]
        for layer in twin["comparison"]["layers"]
        for one in layer["parameters"]
    }
    assert set(told) == set(weights)
    for key, apart in told.items():
        gap = others[key].astype(np.float64) - weights[key].astype(np.float64)
        assert apart["norm"] == pytest.approx(np.linalg.norm(gap.ravel()), rel=1e-6), key
        assert apart["largest"] == pytest.approx(gap[tuple(apart["index"])], rel=1e-6)


def test_a_twin_goes_wherever_the_session_goes(server: RunningServer) -> None:
    with server.page() as page:
        page.hello(preset="spiral")
        document = begin(page)
        first = together(page, 0)
        assert first["difference"]["en"] == f"Learning rate 0.1 → {RATE}"
        assert (first["from_step"], first["branch"]) == (0, None)
        assert all(
            one["apart"]["norm"] == 0
            for layer in first["comparison"]["layers"]
            for one in layer["parameters"]
        )
        ways: list[tuple[str, dict[str, Any], tuple[int, int]]] = [
            ("step", {"count": 50}, (50, 0)),
            ("step", {"level": "instruction", "count": 3}, (50, 3)),
            ("step", {"level": "instruction", "back": True}, (50, 2)),
            ("visit", {"step": 20}, (20, 0)),
            ("visit", {"step": 35, "row": 4}, (35, 4)),
            ("step", {"level": "batch", "back": True}, (35, 0)),
            ("step", {"count": 5}, (40, 0)),
            ("reset", {}, (0, 0)),
        ]
        for kind, values, (step, row) in ways:
            assert page.command(kind, **values) is None
            twin = together(page, step, row)
            check_weights(twin, straight(document, step, row), straight(other(document), step, row))


def test_losses_and_predictions_are_those_of_straight_runs(server: RunningServer) -> None:
    with server.page() as page:
        page.hello(preset="spiral")
        document = begin(page)
        assert page.command("step", count=150) is None
        found = together(page, 150)["comparison"]
        mine, its = straight(document, 150), straight(other(document), 150)
        for session, told in ((mine, found["mine"]), (its, found["twin"])):
            metrics = session.evaluate("validation")
            assert told["loss"] == pytest.approx(metrics["loss"], rel=1e-5)
            assert told["accuracy"] == pytest.approx(metrics["accuracy"])
            assert told["batch_loss"] == pytest.approx(session.loss, rel=1e-6)
        raw = mine.prepared.raw_validation_inputs
        one, two = mine.predict(raw)[:, 0], its.predict(raw)[:, 0]
        assert found["differing"] == int(((one > 0.5) != (two > 0.5)).sum())
        assert found["samples"] == len(raw)
        assert found["mine_prediction"] == pytest.approx([1 - one[0], one[0]], abs=1e-5)
        assert found["twin_prediction"] == pytest.approx([1 - two[0], two[0]], abs=1e-5)


def test_both_stand_at_the_same_step_while_they_train(server: RunningServer) -> None:
    with server.page() as page:
        page.hello(preset="spiral")
        document = begin(page)
        together(page, 0)
        page.seen.clear()
        assert page.command("play") is None
        seen: list[dict[str, Any]] = []
        while len(seen) < 4:
            twin = page.wait_for("twin")["twin"]
            if twin["stand"] == "together" and twin["step"] > 0:
                seen.append(twin)
        assert page.command("pause") is None
        end = page.wait_for("status", status="paused")["step"]
        for twin in seen:
            assert twin["step"] == twin["target"] <= end
        assert len({twin["step"] for twin in seen}) == len(seen)
        last = seen[-1] if seen[-1]["step"] == end else together(page, end)
        check_weights(last, straight(document, end), straight(other(document), end))


def test_another_sample_is_compared_as_soon_as_it_is_looked_at(server: RunningServer) -> None:
    with server.page() as page:
        page.hello(preset="spiral")
        document = begin(page)
        assert page.command("step", count=80) is None
        before = together(page, 80)["comparison"]["mine_prediction"]
        assert page.command("inspect", part="validation", sample=7) is None
        after = together(page, 80)["comparison"]["mine_prediction"]
        assert before != after
        mine = straight(document, 80)
        expected = float(mine.predict(mine.prepared.raw_validation_inputs[7:8])[0, 0])
        assert after[1] == pytest.approx(expected, abs=1e-5)


def test_a_layer_is_put_side_by_side_number_by_number(server: RunningServer) -> None:
    with server.page() as page:
        page.hello(preset="spiral")
        document = begin(page)
        assert page.command("step", count=40) is None
        together(page, 40)
        found = page.ask("compare_layer", layer="hidden1")["twin_layer"]
        mine, its = straight(document, 40), straight(other(document), 40)
        assert (found["layer"], found["step"], found["row"]) == ("hidden1", 40, 0)
        for one in found["parameters"]:
            key = f"hidden1.{one['name']}"
            assert one["shape"] == list(mine.parameters()[key].shape)
            assert one["mine"] == mine.parameters()[key].ravel().tolist()
            assert one["twin"] == its.parameters()[key].ravel().tolist()
        assert found["activation"]["shape"] == [8] == [len(found["activation"]["mine"])]
        assert found["plane"] is None
        plane = page.ask("compare_layer", layer="output")["twin_layer"]["plane"]
        assert plane["shape"] == [32, 32]
        assert set(plane["mine"]) | set(plane["twin"]) <= {0.0, 1.0}
        # A question moves nothing, so nothing is told because of it.
        page.seen.clear()
        assert page.command("compare_layer", layer="hidden2") is None
        assert page.command("step") is None
        assert page.wait_for("twin")["twin"]["target"] == 41


def test_a_twin_from_here_on_is_an_edit_by_hand(server: RunningServer) -> None:
    with server.page() as page:
        page.hello(preset="spiral")
        document = page.wait_for("experiment")["experiment"]
        page.subscribe("weights")
        assert page.command("step", count=60) is None
        page.wait_for("status", status="paused", step=60)
        begun = {"experiment": other(document), "from_step": 60, "branch": 1}
        assert page.command("start_twin", **begun) is None
        assert together(page, 60)["from_step"] == 60
        assert page.command("step", count=30) is None
        its = straight(document, 60)
        its.edit(Experiment.model_validate(other(document)))
        its.run(steps=30)
        check_weights(together(page, 90), straight(document, 90), its)
        assert page.command("visit", step=10) is None
        while (twin := page.wait_for("twin")["twin"])["stand"] != "before":
            pass
        assert (twin["first_step"], twin["comparison"]) == (60, None)


def test_a_twin_goes_as_on_another_branch(server: RunningServer) -> None:
    with server.page() as page:
        page.hello(preset="spiral")
        document = page.wait_for("experiment")["experiment"]
        page.subscribe("weights")
        assert page.command("step", count=40) is None
        page.wait_for("status", status="paused", step=40)
        assert page.command("visit", step=20) is None
        assert page.command("edit", experiment=other(document)) is None
        page.layout = page.wait_for("layout", revision=2)
        page.subscribe("weights")
        assert page.command("start_twin", branch=1) is None
        twin = together(page, 20)
        assert twin["branch"] == 1 and "branch 1" in twin["difference"]["en"]
        assert page.command("step", count=25) is None
        mine = straight(document, 20)
        mine.edit(Experiment.model_validate(other(document)))
        mine.run(steps=25)
        check_weights(together(page, 45), mine, straight(document, 45))


def test_a_long_way_is_gone_in_slices_that_keep_no_command_waiting(server: RunningServer) -> None:
    with server.page() as page:
        page.hello(preset="spiral")
        document = page.wait_for("experiment")["experiment"]
        page.subscribe("weights")
        assert page.command("play") is None
        page.wait_for_frame(at_least=60_000)
        assert page.command("start_twin", experiment=other(document)) is None
        # Training goes on meanwhile: the twin comes to its side all the same.
        stands = []
        while "together" not in stands:
            twin = page.wait_for("twin")["twin"]
            stands.append(twin["stand"])
            assert twin["step"] <= twin["target"]
        assert page.command("pause") is None


def test_a_twin_that_diverges_says_where_it_got_to(server: RunningServer) -> None:
    with server.page() as page:
        page.hello(preset="curve")
        document = page.wait_for("experiment")["experiment"]
        page.subscribe("weights")
        wild = copy.deepcopy(document)
        wild["optimizer"] = {"kind": "sgd", "learning_rate": 50.0}
        assert page.command("start_twin", experiment=wild) is None
        assert page.command("step", count=300) is None
        while (twin := page.wait_for("twin")["twin"])["stand"] != "diverged":
            pass
        assert 0 < twin["step"] < twin["target"] and twin["comparison"] is None
        assert page.command("visit", step=twin["step"]) is None
        broken = together(page, twin["step"])["comparison"]
        assert broken["twin"]["batch_loss"] is None
        assert broken["mine"]["batch_loss"] is not None


def test_what_can_not_be_is_refused_and_changes_nothing(server: RunningServer) -> None:
    with server.page() as page:
        page.hello(preset="spiral")
        document = page.wait_for("experiment")["experiment"]
        page.subscribe("weights")
        refusals: list[tuple[str, str, dict[str, Any]]] = [
            ("no_twin", "compare_layer", {"layer": "hidden1"}),
            ("twin_undecided", "start_twin", {}),
            ("twin_is_same", "start_twin", {"experiment": document}),
            ("twin_is_same", "start_twin", {"branch": 1}),
            ("unknown_branch", "start_twin", {"branch": 5}),
            ("twin_step_unknown", "start_twin", {"experiment": other(document), "from_step": 9}),
        ]
        for code, kind, values in refusals:
            problem = page.command(kind, **values)
            assert problem is not None and problem["code"] == code
            assert problem["hint"]["en"] and problem["hint"]["zh"]
        assert page.command("start_twin", experiment=other(document)) is None
        problem = page.command("compare_layer", layer="nowhere")
        assert problem is not None and problem["code"] == "twin_layer_unlike"
        assert "hidden1" in problem["allowed"]


def test_a_layer_with_too_many_numbers_is_refused_with_its_size(server: RunningServer) -> None:
    with server.page() as page:
        page.hello(preset="mnist")
        document = page.wait_for("experiment")["experiment"]
        page.subscribe("activation")
        wide = copy.deepcopy(document)
        hidden = next(node for node in wide["graph"]["nodes"] if "units" in node["layer"])
        hidden["layer"]["units"] = 100
        assert page.command("edit", experiment=wide) is None
        assert page.command("start_twin", experiment=other(wide)) is None
        problem = page.command("compare_layer", layer=hidden["name"])
        assert problem is not None and problem["code"] == "twin_layer_too_large"
        assert (problem["value"], problem["allowed"]) == ("78400", "≤ 65536")


def test_a_twin_ends_and_whoever_comes_later_knows(server: RunningServer) -> None:
    with server.page() as page, server.page() as later, server.page() as last:
        welcome = page.hello(preset="spiral")
        begin(page)
        together(page, 0)
        later.hello(session=welcome["session"])
        assert together(later, 0)
        assert page.command("end_twin") is None
        assert page.wait_for("twin")["twin"] is None
        last.hello(session=welcome["session"])
        assert last.wait_for("twin")["twin"] is None
        assert page.command("step", count=5) is None
        page.wait_for("status", status="paused", step=5)
        assert not [one for one in page.seen if one["type"] == "twin"]


def test_a_twin_outlives_a_crash_of_the_engine(server: RunningServer) -> None:
    with server.page() as page:
        page.hello(preset="spiral")
        document = begin(page)
        assert page.command("step", count=70) is None
        together(page, 70)
        assert page.command("pause") is None
        os.kill(server.host_process, signal.SIGKILL)
        page.wait_for("host", event="lost")
        page.seen.clear()
        twin = together(page, 70)
        check_weights(twin, straight(document, 70), straight(other(document), 70))
