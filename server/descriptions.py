"""The docstrings under a model's fields, as the descriptions in its JSON Schema.

Read from the source when a schema is asked for: pydantic's own reader does it while the module is
imported, which is a tenth of the server's start. Guarded by tests/server/test_typescript.py.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from itertools import pairwise
from typing import Any

from pydantic import BaseModel


def describe_fields(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """Complete `schema`, the one of `model`; meant as its `json_schema_extra`."""
    properties = schema.get("properties", {})
    for owner in reversed(model.__mro__):
        if owner is not BaseModel and issubclass(owner, BaseModel):
            for name, text in read_field_docstrings(owner).items():
                if name in properties:
                    properties[name]["description"] = text


def read_field_docstrings(model: type[BaseModel]) -> dict[str, str]:
    """Field → the text that stands under it in the class's own body."""
    body = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    assert isinstance(body, ast.ClassDef)
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairwise(body.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
