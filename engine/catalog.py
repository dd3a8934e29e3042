"""Described things: one class carries its fields, their help and its behaviour.

A layer, activation, optimizer, loss, initializer, data source or preprocessing step is one subclass
of a family (a direct subclass of `Described`). Subclassing registers it; the form in the page, the
catalog, the documentation and the tests are derived from the class.
Guarded by tests/engine/test_catalog.py.
"""

from __future__ import annotations

import importlib
import pkgutil
import types
from typing import Annotated, Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from engine.errors import NeurariumError
from engine.text import Text

Self = TypeVar("Self", bound="Described")


class Strict(BaseModel):
    """Base of every document part: immutable, no unknown fields, no NaN or infinity."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        validate_default=True,
        ser_json_inf_nan="null",
    )


class Described(Strict):
    """Something a person can choose, with a title, help and described fields.

    A *family* is a direct subclass (such as `Layer`) and names itself with `family`. A *member* is
    a concrete subclass and adds `kind: Literal["dense"] = "dense"`.
    """

    family: ClassVar[str] = ""
    title: ClassVar[Text]
    help: ClassVar[Text]
    formula: ClassVar[str] = ""
    """TeX of what it computes; empty where a formula would say nothing."""

    catalogued: ClassVar[bool] = True
    """Whether the catalog lists the family: those of which an experiment is made."""

    registry: ClassVar[dict[str, type[Any]]]

    @classmethod
    def traits(cls) -> dict[str, Any]:
        """What the catalog says of this member beside its fields, such as a layer's ports."""
        return {}

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        if Described in cls.__bases__:
            cls.registry = {}
            if cls.catalogued:
                FAMILIES[cls.family] = cls
        elif "kind" in cls.model_fields:
            cls.registry[kind_of(cls)] = cls


FAMILIES: dict[str, type[Described]] = {}
"""Every family of the catalog by name; filled by subclassing."""


def kind_of(member: type[Described]) -> str:
    """The wire name of a member class."""
    return str(member.model_fields["kind"].default)


def member(family: type[Self], kind: str) -> type[Self]:
    """The class registered under `kind`.

    Raises:
        NeurariumError: `unknown_kind`, with the kinds that exist.
    """
    try:
        return family.registry[kind]
    except KeyError:
        raise NeurariumError(
            "unknown_kind",
            family.family,
            Text(
                f"There is no {family.family} called “{kind}”.",
                f"没有名为“{kind}”的 {family.family}。",
            ),
            Text("Choose one of those listed.", "请从列出的名称中选择。"),
            value=kind,
            allowed=sorted(family.registry),
        ) from None


def discover(package: types.ModuleType) -> None:
    """Import every module of `package`, so that the classes in it register themselves."""
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


def union_of(family: type[Described]) -> Any:
    """A pydantic type that accepts any member of `family`, told apart by `kind`."""
    members = tuple(family.registry[kind] for kind in sorted(family.registry))
    if len(members) == 1:
        return members[0]
    return Annotated[Union[members], Field(discriminator="kind")]  # noqa: UP007


def described(
    default: Any,
    title: Text,
    help: Text,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    unit: Text | None = None,
    scale: Literal["linear", "logarithmic"] = "linear",
    choices: dict[str, Text] | None = None,
    names: Literal["", "layer", "parameter"] = "",
) -> Any:
    """A field with everything a form and a help page need.

    Args:
        default: value when the document leaves the field out.
        title: what the control is called.
        help: one sentence of what it does.
        minimum: inclusive lower bound.
        maximum: inclusive upper bound.
        above: exclusive lower bound.
        unit: what the number counts.
        scale: how a slider should run.
        choices: words for the values of a `Literal` field, or for one that names nothing.
        names: the part of a network whose name a text field holds.
    """
    extra: dict[str, Any] = {"title": title.as_json(), "help": help.as_json(), "scale": scale}
    if names:
        extra["names"] = names
    if unit is not None:
        extra["unit"] = unit.as_json()
    if choices is not None:
        extra["choices"] = {value: text.as_json() for value, text in choices.items()}
    bounds: dict[str, Any] = {"ge": minimum, "le": maximum, "gt": above}
    return Field(
        default,
        json_schema_extra={"described": extra},
        **{name: bound for name, bound in bounds.items() if bound is not None},
    )


def fields_of(member: type[Described]) -> list[dict[str, Any]]:
    """The form of a member: one entry a field, without `kind`.

    Each entry has `name, type, default, minimum, maximum, title, help, unit, scale, choices`, where
    `type` is `integer`, `number`, `boolean`, `choice`, `choices`, `member:<family>`, `list`,
    `text`, `layer` or `parameter`.
    """
    return [_field(name, info) for name, info in member.model_fields.items() if name != "kind"]


def _field(name: str, info: FieldInfo) -> dict[str, Any]:
    extra = info.json_schema_extra
    known = extra.get("described") if isinstance(extra, dict) else None
    words: dict[str, Any] = dict(known) if isinstance(known, dict) else {}
    bounds: dict[str, Any] = {"minimum": None, "maximum": None, "exclusive": False}
    for rule in info.metadata:
        for source, target in (("ge", "minimum"), ("gt", "minimum"), ("le", "maximum")):
            if getattr(rule, source, None) is not None:
                bounds[target] = getattr(rule, source)
                bounds["exclusive"] = bounds["exclusive"] or source == "gt"
    kind, values = _type_name(info.annotation)
    default = info.get_default(call_default_factory=True) if not info.is_required() else None
    return {
        "name": name,
        "type": words.get("names", kind),
        "default": _plain(default),
        **bounds,
        "values": values,
        "title": words.get("title"),
        "help": words.get("help"),
        "unit": words.get("unit"),
        "scale": words.get("scale", "linear"),
        "choices": words.get("choices"),
    }


def _plain(value: Any) -> Any:
    """A default as it stands in a JSON document."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _type_name(annotation: Any) -> tuple[str, list[str]]:
    """The form control for a Python annotation, and the values of a choice."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return "choice", [str(value) for value in arguments]
    if origin is Annotated:
        return _type_name(arguments[0])
    if origin in (list, tuple):
        inner, values = _type_name(arguments[0])
        return ("choices", values) if inner == "choice" else ("list", [])
    if origin in (Union, types.UnionType):
        members = [part for part in arguments if part is not type(None)]
        return _type_name(members[0])
    if isinstance(annotation, type) and issubclass(annotation, Described):
        lineage = [base for base in annotation.__mro__ if issubclass(base, Described)]
        family = lineage[lineage.index(Described) - 1]
        return f"member:{family.family}", sorted(family.registry)
    names = {bool: "boolean", int: "integer", float: "number", str: "text"}
    return names.get(annotation, "list"), []


def entry(member: type[Described]) -> dict[str, Any]:
    """Everything the page and the documentation know about one member."""
    return {
        "kind": kind_of(member),
        "title": member.title.as_json(),
        "help": member.help.as_json(),
        "formula": member.formula,
        "fields": fields_of(member),
        **member.traits(),
    }


def entries() -> dict[str, list[dict[str, Any]]]:
    """The whole catalog: family name → its members."""
    return {
        name: [entry(family.registry[kind]) for kind in sorted(family.registry)]
        for name, family in sorted(FAMILIES.items())
    }
