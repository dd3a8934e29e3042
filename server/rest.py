"""The shapes of the REST interface beside the experiment itself; the page's types come from here
too.

Guarded by tests/server/test_typescript.py and tests/server/test_api.py.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from server.descriptions import describe_fields
from server.protocol import Document, LayerLayout, LimitsInForce, Problem, Words

FieldValue = Annotated[Any, WithJsonSchema({"typescript": "FieldValue"})]
"""What a field of an experiment can hold."""


class Shape(BaseModel):
    """Base of the REST shapes."""

    model_config = ConfigDict(frozen=True, json_schema_extra=describe_fields)


class CatalogField(Shape):
    """One control of a form."""

    name: str
    type: str
    """`integer`, `number`, `boolean`, `choice`, `choices`, `member:<family>`, `list`, `text`; or
    `layer` and `parameter` for their names."""
    default: FieldValue
    minimum: float | None
    maximum: float | None
    exclusive: bool
    """True when `minimum` itself isn't allowed."""
    values: list[str]
    """Values of a choice, or kinds of a member."""
    title: Words | None
    help: Words | None
    unit: Words | None
    scale: Literal["linear", "logarithmic"]
    choices: dict[str, Words] | None
    """Words for `values`; for `layer`, what leaving it empty means."""


class Ports(Shape):
    """Where edges of a layer begin and end."""

    inputs: list[str]
    variadic: bool
    """True when any number of edges may end in the input port."""
    outputs: list[str]


class CatalogEntry(Shape):
    """One member of a family, such as a kind of layer or optimizer, with traits of its family."""

    model_config = ConfigDict(frozen=True, extra="allow", json_schema_extra=describe_fields)

    kind: str
    title: Words
    help: Words
    formula: str
    """TeX; empty where a formula says nothing."""
    fields: list[CatalogField]


class LayerEntry(CatalogEntry):
    """A kind of layer."""

    ports: Ports


class SourceEntry(CatalogEntry):
    """A kind of data source."""

    problem: Literal["classification", "regression"] | None = None
    """`null` when it depends on the source's fields."""
    has_own_split: bool = False
    """Whether the set comes with its validation part."""


class Catalog(Shape):
    """Everything a person can choose from, by family."""

    activation: list[CatalogEntry]
    initializer: list[CatalogEntry]
    layer: list[LayerEntry]
    loss: list[CatalogEntry]
    optimizer: list[CatalogEntry]
    preprocessing: list[CatalogEntry]
    source: list[SourceEntry]
    task: list[CatalogEntry]
    condition: list[CatalogEntry]
    """At which training can stop."""
    watch: list[CatalogEntry]
    """Numbers that can be watched."""


class PresetSummary(Shape):
    """An experiment that comes with the product."""

    name: str
    title: Words
    help: Words
    steps_per_second: float | None
    """The pace that shows it best; `null` is as fast as possible."""


class PresetDetail(PresetSummary):
    """A preset with its experiment."""

    experiment: Document


class Check(Shape):
    """What the engine makes of an experiment without running it."""

    problem: Problem | None
    layers: list[LayerLayout]
    """Empty when there is a problem."""


class Health(Shape):
    """Whether the server lives, or is ready for work."""

    status: Literal["ok", "unavailable"]


class WorkItem(Shape):
    """One session in a visitor's list."""

    session: str
    title: str
    """Empty where neither the visitor nor the experiment gives one."""
    created: float
    """Seconds since 1970, like `used`."""
    used: float
    step: int
    epoch: float
    status: Literal["running", "paused", "diverged"]
    bytes: int
    """Of its checkpoints."""


class OpenedWork(Shape):
    """A session that can be opened and edited with `hello`."""

    session: str
    token: str
    work: WorkItem


class Rename(Shape):
    """Another title for a session."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=describe_fields)

    title: str = Field(max_length=100)
    """An empty one calls it after its experiment."""


class Boot(Shape):
    """What the page knows before it asks: embedded in the page as JSON with the id `boot`."""

    version: str
    language: Literal["en", "zh"]
    presets: list[PresetSummary]
    default_preset: str
    limits: LimitsInForce
