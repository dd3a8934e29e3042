from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from engine.errors import NeurariumError
from server import library
from server.hosts.base import Description
from server.library import Library, source_stamp
from tests.server.fakes import FakeHost, code_of


class Counting(FakeHost):
    """Counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def describe(self) -> Description:
        self.asked += 1
        return await super().describe()


def names(known: Library) -> list[str]:
    return [preset.name for preset in asyncio.run(known.presets())]


def test_host_is_asked_once_and_the_answer_is_kept(tmp_path: Path) -> None:
    host = Counting()
    first = Library(host, tmp_path)
    assert names(first) == names(first) == ["fake"]
    again = Library(host, tmp_path)
    assert names(again) == ["fake"]
    assert asyncio.run(again.catalog()) == b"{}"
    assert asyncio.run(again.default_preset()) == "fake"
    assert host.asked == 1
    assert [path.name for path in tmp_path.iterdir()] == ["library.json"]


def test_kept_answer_of_other_sources_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Counting()
    names(Library(host, tmp_path))
    monkeypatch.setattr(library, "source_stamp", lambda: "another")
    assert names(Library(host, tmp_path)) == ["fake"]
    assert host.asked == 2


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", json.dumps({"stamp": source_stamp(), "catalog": "{}", "presets": "[1]"})],
)
def test_damaged_answer_is_asked_for_again(tmp_path: Path, text: str) -> None:
    host = Counting()
    (tmp_path / "library.json").write_text(text)
    assert names(Library(host, tmp_path)) == ["fake"]
    assert names(Library(host, tmp_path)) == ["fake"]
    assert host.asked == 1


def test_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    host = Counting()
    for _ in range(2):
        assert names(Library(host, tmp_path / "missing")) == ["fake"]
    assert host.asked == 2


def test_unknown_preset_is_told_with_those_that_exist() -> None:
    with pytest.raises(NeurariumError) as caught:
        asyncio.run(Library(FakeHost()).find("none"))
    assert code_of(caught.value) == "unknown_preset"
    assert caught.value.allowed == "fake"
