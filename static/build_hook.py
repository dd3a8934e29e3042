"""Hatchling's build hook: the built page becomes part of the package.

Inside a wheel the page and the templates stand under ``server/_ui``, where ``server/assets.py``
looks first; never in a top-level package of their own.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageHook(BuildHookInterface[Any]):
    """Builds the page before a wheel or a source archive is made."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node, only where the page has to be built."""
        build_ui = self._load_build_ui()
        return [] if build_ui.is_fresh() else [build_ui.node_requirement()]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page and add it to the archive; an editable install reads the checkout's."""
        self._load_build_ui().build()
        if self.target_name == "sdist":
            build_data["artifacts"].append("/static/dist/**")
        elif version != "editable":
            build_data["force_include"]["static/dist"] = "server/_ui/static/dist"
            build_data["force_include"]["templates"] = "server/_ui/templates"

    def _load_build_ui(self) -> ModuleType:
        path = Path(self.root) / "static" / "build_ui.py"
        specification = importlib.util.spec_from_file_location("build_ui", path)
        assert specification is not None and specification.loader is not None
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        return module
