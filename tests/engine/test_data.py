"""The promise of every data source, for any values its form allows."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from engine.catalog import entry, union_of
from engine.data.chance import generator
from engine.data.dataset import Dataset, Source, Step
from engine.data.preparation import prepare
from engine.errors import DataError

SOURCES = [Source.registry[kind] for kind in sorted(Source.registry)]
STEPS = [Step.registry[kind] for kind in sorted(Step.registry)]
SEEDS = st.integers(0, 2**32 - 1)

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def from_schema(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Any JSON value that a schema allows."""
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "integer":
        return st.integers(schema["minimum"], schema["maximum"])
    if schema["type"] == "number":
        return st.floats(schema["minimum"], schema["maximum"], allow_subnormal=False)
    if schema["type"] == "boolean":
        return st.booleans()
    if "prefixItems" in schema:
        return st.tuples(*(from_schema(part) for part in schema["prefixItems"])).map(list)
    # Long lists are slow to draw and find nothing that thirty items don't.
    longest = min(schema.get("maxItems", 30), 30)
    return st.lists(
        from_schema(schema["items"]), min_size=schema.get("minItems", 0), max_size=longest
    )


def documents(member: type[Source]) -> st.SearchStrategy[dict[str, Any]]:
    """Any document that the form of a source can produce."""
    properties = member.model_json_schema()["properties"]
    return st.fixed_dictionaries({name: from_schema(part) for name, part in properties.items()})


def example(member: type[Source]) -> Source:
    """A source with its defaults, or with three points where it has none by itself."""
    if "points" in member.model_fields:
        return member.model_validate({"points": [(-1, 0, 0), (1, 0, 1), (2, 2, 1)]})
    return member()


def check_contract(dataset: Dataset, source: Source) -> None:
    count = len(dataset.inputs)
    assert count >= 2
    assert dataset.inputs.dtype == np.float32
    assert dataset.inputs.shape == (count, *source.shape)
    assert np.isfinite(dataset.inputs).all()
    assert dataset.problem == source.problem
    if source.problem == "classification":
        assert dataset.targets.dtype == np.int64
        assert dataset.targets.shape == (count,)
        assert 0 <= dataset.targets.min() <= dataset.targets.max() < len(dataset.classes)
    else:
        assert dataset.targets.dtype == np.float32
        assert dataset.targets.shape == (count, 1)
        assert np.isfinite(dataset.targets).all()
        assert dataset.classes == ()
    if len(source.shape) == 1:
        assert len(dataset.features) == source.shape[0]
    if dataset.domain is not None:
        assert dataset.domain.shape == (*source.shape, 2)
        assert (dataset.inputs >= dataset.domain[:, 0]).all()
        assert (dataset.inputs <= dataset.domain[:, 1]).all()


def test_the_promised_sources_and_steps_exist() -> None:
    promised = {
        *("circle", "xor", "gaussians", "spiral", "moons", "rings", "checkerboard"),
        *("sine", "steps", "polynomial", "plane", "multi_gaussian"),
        *("iris", "penguins", "mnist", "points"),
    }
    assert promised <= set(Source.registry)
    assert {"features", "standardize", "minmax"} <= set(Step.registry)


@pytest.mark.parametrize("member", SOURCES, ids=lambda member: str(member.__name__))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_allowed_values_load_samples_that_can_be_prepared(
    member: type[Source], data: st.DataObject
) -> None:
    source = member.model_validate(data.draw(documents(member)))
    seed = data.draw(SEEDS)
    try:
        dataset = source.load(seed)
    except DataError as error:
        # Only points drawn by hand can be too few; that refusal says what to do in both languages.
        assert member.__name__ == "Points"
        assert CHINESE.search(error.message.zh) and CHINESE.search(error.hint.zh)
        return
    check_contract(dataset, source)
    share = data.draw(st.floats(0, 0.9))
    prepared = prepare(dataset, [], share, seed)
    rows = np.concatenate((prepared.training_rows, prepared.validation_rows))
    assert np.array_equal(np.sort(rows), np.arange(len(dataset.inputs)))
    assert len(prepared.training_inputs) >= 1


@pytest.mark.parametrize("member", SOURCES, ids=lambda member: str(member.__name__))
def test_the_same_fields_and_seed_give_the_same_bits(member: type[Source]) -> None:
    first, second = example(member).load(7), example(member).load(7)
    assert first.inputs.tobytes() == second.inputs.tobytes()
    assert first.targets.tobytes() == second.targets.tobytes()


@pytest.mark.parametrize("member", SOURCES, ids=lambda member: str(member.__name__))
def test_another_seed_gives_other_samples_where_chance_draws_them(member: type[Source]) -> None:
    drawn_by_chance = "samples" in member.model_fields
    first, second = example(member).load(7), example(member).load(8)
    assert np.array_equal(first.inputs, second.inputs) != drawn_by_chance


@pytest.mark.parametrize("member", SOURCES, ids=lambda member: str(member.__name__))
def test_a_set_says_whether_it_comes_with_its_validation_part(member: type[Source]) -> None:
    assert member.traits()["has_own_split"] == (example(member).load(1).training is not None)


@pytest.mark.parametrize("member", SOURCES, ids=lambda member: str(member.__name__))
def test_a_document_comes_back_as_it_went(member: type[Source]) -> None:
    adapter = TypeAdapter(union_of(Source))
    source = example(member)
    assert adapter.validate_json(source.model_dump_json()) == source


@pytest.mark.parametrize("member", [*SOURCES, *STEPS], ids=lambda member: str(member.__name__))
def test_every_word_of_the_form_is_in_both_languages(member: type[Source]) -> None:
    described = entry(member)
    for words in (described, *described["fields"]):
        for key in ("title", "help"):
            assert words[key]["en"].strip()
            assert CHINESE.search(words[key]["zh"]), words[key]
            assert not CHINESE.search(words[key]["en"])


def test_samples_and_split_draw_from_different_streams() -> None:
    assert generator(1, "samples").random() != generator(1, "split").random()
