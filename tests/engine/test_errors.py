"""One shape for every refusal: place, value, what is allowed, what to do, in both languages."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import (
    LONGEST_VALUE,
    DataError,
    GraphError,
    LimitError,
    NeurariumError,
    from_validation_error,
    printable,
)
from engine.text import Text

CHINESE = re.compile(r"[\u4e00-\u9fff]")


class Apple(BaseModel):
    kind: Literal["apple"] = "apple"


class Pear(BaseModel):
    kind: Literal["pear"] = "pear"


class Basket(BaseModel):
    """One field for every rule that documents have."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    name: str = Field("a", min_length=1, max_length=3, pattern=r"^[a-z]*$")
    count: int = Field(1, ge=1, le=10)
    weight: float = Field(1.0, gt=0.0, lt=5.0)
    colour: Literal["red", "green"] = "red"
    fruit: Annotated[Apple | Pear, Field(discriminator="kind")] = Apple()
    slots: Annotated[tuple[int, ...], Field(min_length=1, max_length=3)] = (1,)
    inner: Basket | None = None


class Needy(BaseModel):
    must: int


def refusal(document: Any, model: type[BaseModel] = Basket) -> NeurariumError:
    with pytest.raises(ValidationError) as caught:
        if isinstance(document, str):
            model.model_validate_json(document)
        else:
            model.model_validate(document)
    return from_validation_error(caught.value, "basket")


@pytest.mark.parametrize(
    ("document", "code", "where", "value", "allowed"),
    [
        ({"count": 0}, "greater_than_equal", "basket.count", "0", "≥ 1"),
        ({"count": 11}, "less_than_equal", "basket.count", "11", "≤ 10"),
        ({"weight": 0}, "greater_than", "basket.weight", "0", "> 0.0"),
        ({"weight": 5}, "less_than", "basket.weight", "5", "< 5.0"),
        ({"weight": float("nan")}, "finite_number", "basket.weight", "nan", "a finite number"),
        ({"weight": float("-inf")}, "finite_number", "basket.weight", "-inf", "a finite number"),
        ('{"weight": NaN}', "finite_number", "basket.weight", "nan", "a finite number"),
        ('{"weight": 1e999}', "finite_number", "basket.weight", "inf", "a finite number"),
        ({"colour": "blue"}, "literal_error", "basket.colour", "blue", "'red' or 'green'"),
        ({"fruit": {"kind": "fig"}}, "union_tag_invalid", "basket.fruit", "fig", "'apple', 'pear'"),
        ({"fruit": {}}, "union_tag_not_found", "basket.fruit", "{}", "a 'kind' field"),
        ({"slots": [1, 2, 3, 4]}, "too_long", "basket.slots", "1, 2, 3, 4", "≤ 3"),
        ({"slots": []}, "too_short", "basket.slots", "", "≥ 1"),
        ({"name": "long"}, "string_too_long", "basket.name", "long", "≤ 3 characters"),
        ({"name": ""}, "string_too_short", "basket.name", "", "≥ 1 characters"),
        ({"name": "A"}, "string_pattern_mismatch", "basket.name", "A", "^[a-z]*$"),
        ({"colours": 1}, "extra_forbidden", "basket.colours", "1", "known fields only"),
        ({"inner": {"count": 0}}, "greater_than_equal", "basket.inner.count", "0", "≥ 1"),
        ({"slots": [1, "x"]}, "int_parsing", "basket.slots.1", "x", "valid integer"),
        ("{", "json_invalid", "basket", "{", "JSON"),
        ("", "json_invalid", "basket", "", "JSON"),
        ([], "model_type", "basket", "", "dictionary"),
    ],
)
def test_every_rule_names_place_value_and_what_is_allowed(
    document: Any, code: str, where: str, value: str, allowed: str
) -> None:
    error = refusal(document)
    assert error.code == f"invalid.{code}"
    assert error.where == where
    assert value in str(error.value)
    assert allowed in str(error.allowed)
    for text in (error.message, error.hint):
        assert text.en
        assert CHINESE.search(text.zh)


def test_a_missing_field_has_no_value() -> None:
    error = refusal({}, Needy)
    assert (error.code, error.where, error.value) == ("invalid.missing", "basket.must", None)
    assert error.message.en == "This field is missing."


def test_a_huge_value_is_cut() -> None:
    for document in ({"name": "x" * 10_000}, {"colour": list(range(10_000))}, "[" * 10_000):
        value = str(refusal(document).value)
        assert len(value) <= LONGEST_VALUE
        assert value.endswith("…")


def test_the_wire_form_is_plain_json_with_the_same_fields_always() -> None:
    error = LimitError(
        "limit.units",
        "graph.nodes.hidden1",
        Text("Too many.", "太多了。"),
        Text("Take fewer.", "请减少。"),
        value=99,
        allowed=[1, 2],
    )
    assert json.loads(json.dumps(error.as_json())) == {
        "code": "limit.units",
        "where": "graph.nodes.hidden1",
        "message": {"en": "Too many.", "zh": "太多了。"},
        "hint": {"en": "Take fewer.", "zh": "请减少。"},
        "value": "99",
        "allowed": "1, 2",
    }
    assert str(error) == "graph.nodes.hidden1: Too many. Take fewer."


def test_there_is_one_family() -> None:
    for kind in (GraphError, DataError, LimitError):
        assert issubclass(kind, NeurariumError)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, None), (0, "0"), ("", ""), ((2, 3), "2, 3"), ({"a"}, "a"), ([], ""), (1.5, "1.5")],
)
def test_values_are_shown_as_people_write_them(value: object, shown: str | None) -> None:
    assert printable(value) == shown
