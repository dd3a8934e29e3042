"""Text in both languages of the product. Guarded by tests/engine/test_catalog.py."""

from __future__ import annotations

from typing import NamedTuple


class Text(NamedTuple):
    """One sentence or word in English and in Simplified Chinese."""

    en: str
    zh: str

    def format(self, **values: object) -> Text:
        """Both sentences with `{name}` placeholders filled in from `values`."""
        return Text(self.en.format(**values), self.zh.format(**values))

    def as_json(self) -> dict[str, str]:
        """`{"en": …, "zh": …}`, the form that goes over the wire."""
        return {"en": self.en, "zh": self.zh}
