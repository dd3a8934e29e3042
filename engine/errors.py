"""The one exception family of the product, and its one shape.

Every refusal names the place (`where`), the value met, the values allowed and the next step, in
both languages. Guarded by tests/engine/test_errors.py.
"""

from __future__ import annotations

import math
from typing import Any

from pydantic import ValidationError

from engine.text import Text

LONGEST_VALUE = 120
"""Characters of an offending value that are repeated back; the rest is cut."""
LONGEST_CHOICE = 1000
"""Characters of what would be accepted: every kind of a family fits."""


class NeurariumError(Exception):
    """A refusal that a person can act on.

    Args:
        code: stable machine-readable name, such as `shape_mismatch`.
        where: the field, layer or control concerned, such as `graph.nodes.hidden1.units`.
        message: what is wrong.
        hint: what to do next.
        value: the value received (made printable and cut to a sane length).
        allowed: the values that would be accepted, in words or as a list.
    """

    def __init__(
        self,
        code: str,
        where: str,
        message: Text,
        hint: Text,
        *,
        value: object = None,
        allowed: object = None,
    ) -> None:
        super().__init__(f"{where}: {message.en} {hint.en}")
        self.code = code
        self.where = where
        self.message = message
        self.hint = hint
        self.value = printable(value)
        self.allowed = printable(allowed, LONGEST_CHOICE)

    def as_json(self) -> dict[str, Any]:
        """The error shape used by the REST interface and by the websocket."""
        return {
            "code": self.code,
            "where": self.where,
            "message": self.message.as_json(),
            "hint": self.hint.as_json(),
            "value": self.value,
            "allowed": self.allowed,
        }


class GraphError(NeurariumError):
    """The graph of layers can't be built; `where` is the layer's name."""


class DataError(NeurariumError):
    """Data that can't be used; `where` is the field, row or column."""


class LimitError(NeurariumError):
    """A limit of this server or engine was met; `allowed` is the limit."""


def printable(value: object, longest: int = LONGEST_VALUE) -> str | None:
    """`value` as a string of at most `longest` characters; `None` stays `None`."""
    if value is None:
        return None
    if isinstance(value, (list, tuple, set, frozenset)):
        text = ", ".join(str(item) for item in value)
    else:
        text = str(value)
    return text if len(text) <= longest else text[: longest - 1] + "…"


_RULES: dict[str, tuple[Text, str]] = {
    "missing": (Text("This field is missing.", "缺少这个字段。"), "a value"),
    "extra_forbidden": (
        Text("There is no such field here.", "这里没有这个字段。"),
        "known fields only",
    ),
    "greater_than": (Text("The number is too small.", "数值太小。"), "> {gt}"),
    "greater_than_equal": (Text("The number is too small.", "数值太小。"), "≥ {ge}"),
    "less_than": (Text("The number is too large.", "数值太大。"), "< {lt}"),
    "less_than_equal": (Text("The number is too large.", "数值太大。"), "≤ {le}"),
    "finite_number": (
        Text(
            "The number must be finite (not NaN or infinite).",
            "必须是有限的数（不能是 NaN 或无穷大）。",
        ),
        "a finite number",
    ),
    "literal_error": (
        Text("This value isn't one of the choices.", "这个值不在可选范围内。"),
        "{expected}",
    ),
    "union_tag_invalid": (
        Text("There is nothing of this kind.", "没有这种类型。"),
        "{expected_tags}",
    ),
    "union_tag_not_found": (Text("The kind is missing.", "缺少类型（kind）。"), "a 'kind' field"),
    "too_long": (Text("There are too many items.", "项目太多。"), "≤ {max_length}"),
    "too_short": (Text("There are too few items.", "项目太少。"), "≥ {min_length}"),
    "string_too_long": (Text("The text is too long.", "文字太长。"), "≤ {max_length} characters"),
    "string_too_short": (Text("The text is too short.", "文字太短。"), "≥ {min_length} characters"),
    "string_pattern_mismatch": (
        Text("The text has the wrong form.", "文字的格式不对。"),
        "{pattern}",
    ),
    "json_invalid": (Text("This isn't valid JSON.", "这不是有效的 JSON。"), "JSON"),
}

_OTHER = Text("This value can't be used here.", "这个值不能用在这里。")
_HINT = Text("Change it to an allowed value and try again.", "请改成允许的值后再试。")


def from_validation_error(error: ValidationError, root: str = "") -> NeurariumError:
    """The first problem of a pydantic `ValidationError` in the product's one error shape.

    Args:
        error: what pydantic raised.
        root: prefix of `where`, such as `experiment`.
    """
    first = error.errors(include_url=False)[0]
    kind = str(first["type"])
    # Tagged unions put the tag into the location; it is part of the path, which helps to find the
    # place.
    path = ".".join(str(part) for part in first["loc"])
    where = ".".join(part for part in (root, path) if part) or "document"
    context = {name: str(value) for name, value in first.get("ctx", {}).items()}
    if kind in _RULES:
        message, allowed = _RULES[kind]
        allowed = allowed.format_map(_Defaults(context))
    else:
        message, allowed = _OTHER, str(first["msg"])
    value = None if kind == "missing" else first.get("input")
    if isinstance(value, float) and not math.isfinite(value):
        value = str(value)
    return NeurariumError(f"invalid.{kind}", where, message, _HINT, value=value, allowed=allowed)


class _Defaults(dict[str, str]):
    """Missing placeholders become a neutral word instead of an exception."""

    def __missing__(self, key: str) -> str:
        return "…"
