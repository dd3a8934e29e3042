"""One walk over everything that can be chosen: a new member is tested the day it is written.

Nothing here and in the other `test_catalog_*` files knows a member by name. Here: what members say
of themselves; there: what they compute.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from engine import catalog
from engine.catalog import FAMILIES, Described, entries, entry, fields_of, kind_of
from engine.errors import NeurariumError
from engine.experiment import Experiment
from engine.layers.dense import Dense
from engine.presets import load
from engine.text import Text
from tests.engine.walk import variants

PROJECT = Path(__file__).resolve().parents[2]
MEMBERS = [
    pytest.param(member, id=f"{name}-{kind}")
    for name, family in sorted(FAMILIES.items())
    for kind, member in sorted(family.registry.items())
]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def assert_bilingual(text: dict[str, str], sentence: bool) -> None:
    assert text.keys() == {"en", "zh"}
    assert text["en"].strip() == text["en"] != ""
    assert text["zh"].strip() == text["zh"] != ""
    assert not CHINESE.search(text["en"]), text
    # A name such as "Adam" or "x₁" is the same in both languages; a sentence never is.
    named = not sentence and plain(text["zh"]) == plain(text["en"])
    assert CHINESE.search(text["zh"]) or named, text


def plain(name: str) -> str:
    """Without the wide brackets and missing spaces that Chinese typesetting wants."""
    return unicodedata.normalize("NFKC", name).replace(" ", "")


@pytest.mark.parametrize("member", MEMBERS)
def test_every_member_explains_itself_in_both_languages(member: type[Described]) -> None:
    known = entry(member)
    assert_bilingual(known["title"], sentence=False)
    assert_bilingual(known["help"], sentence=True)
    assert known["formula"].count("{") == known["formula"].count("}")
    assert json.loads(json.dumps(known)) == known


@pytest.mark.parametrize("member", MEMBERS)
def test_every_field_explains_itself_and_is_bounded(member: type[Described]) -> None:
    for field in fields_of(member):
        assert_bilingual(field["title"], sentence=False)
        assert_bilingual(field["help"], sentence=True)
        if field["unit"] is not None:
            assert_bilingual(field["unit"], sentence=False)
        if field["type"] in ("integer", "number"):
            assert field["minimum"] <= field["default"] <= field["maximum"]
            assert field["default"] > field["minimum"] or not field["exclusive"]
        if field["type"] in ("choice", "choices"):
            assert set(field["values"]) == set(field["choices"])
            for words in field["choices"].values():
                assert_bilingual(words, sentence=False)
        if field["scale"] == "logarithmic":
            assert field["type"] in ("integer", "number")


@pytest.mark.parametrize("member", MEMBERS)
def test_every_number_is_refused_outside_its_bounds(member: type[Described]) -> None:
    for field in fields_of(member):
        if field["type"] not in ("integer", "number"):
            continue
        outside = [field["maximum"] + 1, field["minimum"] - 1, float("nan"), float("inf")]
        for value in outside:
            with pytest.raises(ValueError, match=field["name"]):
                member.model_validate({field["name"]: value})


@pytest.mark.parametrize("member", MEMBERS)
def test_every_member_survives_the_way_through_json(member: type[Described]) -> None:
    example = load("spiral").model_dump(mode="json")
    for variant in variants(member):
        part = variant.model_dump(mode="json")
        assert part["kind"] == kind_of(member)
        document = json.dumps(example | placed(member.family, part, example))
        experiment = Experiment.model_validate_json(document)
        assert Experiment.model_validate_json(experiment.model_dump_json()) == experiment
        assert variant in parts_of(experiment)


def placed(family: str, part: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    """The fields of an experiment that hold this part."""
    if family == "layer":
        return {"graph": {"nodes": [{"name": "one", "layer": part}], "edges": []}}
    if family in ("activation", "initializer"):
        field = {"activation": "activation", "initializer": "weights"}[family]
        return placed("layer", {"kind": "dense", field: part}, example)
    if family == "source":
        return {"data": {"source": part}}
    if family == "preprocessing":
        return {"data": {"preprocessing": [part]}}
    return {family: part}


def parts_of(experiment: Experiment) -> list[Described]:
    first = experiment.graph.nodes[0].layer
    parts = [first, experiment.loss, experiment.optimizer, experiment.task, experiment.data.source]
    parts.extend(experiment.data.preprocessing)
    if isinstance(first, Dense):
        parts.extend((first.activation, first.weights))
    return parts


def test_the_catalog_lists_every_family_once_and_in_order() -> None:
    listed = entries()
    assert list(listed) == sorted(FAMILIES)
    for family, members in listed.items():
        kinds = [member["kind"] for member in members]
        assert kinds == sorted(set(kinds))
        assert kinds, f"the family {family} is empty"
    assert json.loads(json.dumps(listed)) == listed


def test_an_unknown_member_is_refused_with_the_ones_that_exist() -> None:
    with pytest.raises(NeurariumError) as caught:
        catalog.member(FAMILIES["layer"], "teapot")
    assert caught.value.code == "unknown_kind"
    assert caught.value.value == "teapot"
    assert all(kind in str(caught.value.allowed) for kind in ("dense", "dropout"))
    assert catalog.member(FAMILIES["layer"], "dense") is Dense


def test_text_fills_placeholders_in_both_languages() -> None:
    text = Text("{count} units", "{count} 个单元").format(count=3)
    assert text.as_json() == {"en": "3 units", "zh": "3 个单元"}


def test_the_catalog_is_whole_when_nothing_else_was_imported() -> None:
    """In a process of its own, as in the first cell of a notebook."""
    code = "from engine import catalog; print(sorted(catalog.entries()))"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert result.stdout.strip() == str(sorted(FAMILIES)), result.stderr
