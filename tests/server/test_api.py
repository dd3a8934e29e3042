"""The REST interface with the real engine."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from server.rest import Catalog
from server.stream import decode
from tests.server.page import Page
from tests.server.running import RunningServer


def test_catalog_has_every_family_with_help_in_both_languages(server: RunningServer) -> None:
    answer = server.client.get("/api/catalog")
    catalog = answer.json()
    assert set(catalog) == set(Catalog.model_fields)
    assert {"dense", "dropout", "input", "output"} <= {one["kind"] for one in catalog["layer"]}
    for entry in (entry for family in catalog.values() for entry in family):
        assert entry["title"]["zh"] and entry["help"]["zh"], entry["kind"]
        for field in entry["fields"]:
            assert set(field) >= {"name", "type", "default", "minimum", "maximum", "title"}
    dense = next(entry for entry in catalog["layer"] if entry["kind"] == "dense")
    assert dense["ports"]["inputs"] and dense["ports"]["outputs"]
    assert next(one for one in catalog["source"] if one["kind"] == "spiral")["problem"]


def test_presets_are_listed_and_each_one_passes_the_check(server: RunningServer) -> None:
    listed = server.client.get("/api/presets").json()
    assert {"spiral", "mnist"} <= {preset["name"] for preset in listed}
    for preset in listed:
        assert "experiment" not in preset
        detail = server.client.get(f"/api/presets/{preset['name']}").json()
        assert detail["title"] == preset["title"]
        checked = server.client.post("/api/experiments/check", json=detail["experiment"]).json()
        assert checked["problem"] is None
        names = [layer["name"] for layer in checked["layers"]]
        assert names == [node["name"] for node in detail["experiment"]["graph"]["nodes"]] or (
            set(names) == {node["name"] for node in detail["experiment"]["graph"]["nodes"]}
        )


def test_check_explains_a_wrong_experiment(server: RunningServer) -> None:
    document = server.client.get("/api/presets/spiral").json()["experiment"]
    document["graph"]["nodes"][1]["layer"]["units"] = -3
    checked = server.client.post("/api/experiments/check", json=document).json()
    assert checked["layers"] == []
    assert checked["problem"]["where"].endswith("units")
    assert checked["problem"]["value"] == "-3"
    checked = server.client.post("/api/experiments/check", content=b"{").json()
    assert checked["problem"]["code"] == "invalid.json_invalid"


def test_samples_are_read_in_pieces(server: RunningServer) -> None:
    with server.page() as page:
        session = page.hello(preset="mnist")["session"]
        address = f"/api/sessions/{session}/samples"
        answer = server.client.get(address, params={"part": "validation", "offset": 10, "count": 3})
        assert answer.headers["content-type"] == "application/octet-stream"
        _, tensors = decode(answer.content)
        assert tensors[0].shape == (3, 28, 28)
        assert tensors[0].dtype == "uint8" and tensors[0].high > tensors[0].low
        assert tensors[1].shape == (3,)
        assert np.frombuffer(tensors[2].data, "f4").tolist() == [10, 11, 12]
        last = page.layout["validation_samples"] - 1
        _, tensors = decode(
            server.client.get(address, params={"part": "validation", "offset": last}).content
        )
        assert tensors[0].shape[0] == 1
        problem = server.client.get(address, params={"part": "validation", "offset": last + 1})
        assert (problem.status_code, problem.json()["where"]) == (422, "offset")


def test_plane_samples_are_numbers_as_they_are(server: RunningServer, opened: Page) -> None:
    address = f"/api/sessions/{opened.welcome['session']}/samples"
    _, tensors = decode(server.client.get(address).content)
    assert tensors[0].dtype == "float32"
    count = min(500, opened.layout["training_samples"])
    assert tensors[0].shape == (count, 2)
    targets = np.frombuffer(tensors[1].data, "f4")
    assert set(targets.tolist()) == {0.0, 1.0}


def test_every_source_has_a_preview(server: RunningServer) -> None:
    kinds = [source["kind"] for source in server.client.get("/api/catalog").json()["source"]]
    assert "mnist" in kinds and "spiral" in kinds
    for kind in kinds:
        answer = server.client.get(f"/api/sources/{kind}/samples", params={"count": 30})
        if kind == "points":
            # Points are put in by hand; there are none before somebody has.
            assert answer.json()["where"] == "data.source.points"
            continue
        assert answer.status_code == 200, answer.text
        assert "max-age=86400" in answer.headers["cache-control"]
        _, tensors = decode(answer.content)
        count = tensors[0].shape[0]
        assert count == tensors[1].shape[0] == tensors[2].shape[0]
        assert count == 30


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "where"),
    [
        ("GET", "/api/nothing", 404, "not_found", "/api/nothing"),
        ("GET", "/static/assets/none.js", 404, "not_found", "/static/assets/none.js"),
        ("GET", "/static/../pyproject.toml", 404, "not_found", "/pyproject.toml"),
        ("GET", "/static/%2e%2e/%2e%2e/pyproject.toml", 404, "not_found", "pyproject.toml"),
        ("DELETE", "/api/catalog", 405, "method_not_allowed", "/api/catalog"),
        ("GET", "/api/presets/none", 404, "unknown_preset", "preset"),
        ("GET", "/api/sources/none/samples", 422, "unknown_kind", "source"),
        ("GET", "/api/sources/spiral/samples?count=501", 422, "invalid.less_than_equal", "count"),
        ("GET", "/api/sessions/none/samples", 404, "unknown_session", "session"),
        ("GET", "/api/sessions/none/samples?part=test", 422, "invalid.literal_error", "part"),
        ("GET", "/api/sessions/none/samples?offset=-1", 422, "invalid.", "offset"),
        ("GET", "/api/sessions/none/samples?count=x", 422, "invalid.int_parsing", "count"),
    ],
)
def test_every_refusal_has_the_one_shape(
    server: RunningServer, method: str, path: str, status: int, code: str, where: str
) -> None:
    answer = server.client.request(method, path)
    problem = answer.json()
    assert answer.status_code == status
    assert set(problem) == {"code", "where", "message", "hint", "value", "allowed"}
    assert problem["code"].startswith(code)
    assert problem["where"].endswith(where)
    assert problem["message"]["zh"] and problem["hint"]["en"]


def test_body_that_is_too_large_is_refused(server: RunningServer) -> None:
    body = b" " * (server.services.settings.max_body_bytes + 1)
    answer = server.client.post("/api/experiments/check", content=body)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    pieces = (b" " * 100_000 for _ in range(20))
    answer = server.client.post("/api/experiments/check", content=pieces)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_interface_describes_itself(server: RunningServer) -> None:
    document = server.client.get("/api/openapi.json").json()
    assert "/api/sessions/{session}/samples" in document["paths"]
    assert "application/octet-stream" in json.dumps(document["paths"])
    assert document["components"]["schemas"]["Catalog"]


def test_signs_of_life(server: RunningServer) -> None:
    for path in ("/healthz", "/readyz"):
        answer = server.client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_large_answers_are_compressed(server: RunningServer) -> None:
    answer = server.client.get("/api/catalog", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    compressed: Any = answer.num_bytes_downloaded
    assert compressed < len(answer.content) / 3
