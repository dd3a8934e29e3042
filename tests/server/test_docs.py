"""The page about the server names every setting, and no setting that doesn't exist."""

from __future__ import annotations

import re
from pathlib import Path

from server.settings import PREFIX, Settings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "server.md"
OF_THE_ENGINE = {"CACHE_DIR", "TIER"}


def test_the_table_of_settings_is_complete() -> None:
    documented = set(re.findall(rf"`{PREFIX}([A-Z_]+)`", PAGE.read_text("utf-8"))) - OF_THE_ENGINE
    assert documented == {name.upper() for name in Settings.model_fields}
