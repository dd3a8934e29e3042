"""What a peer is."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.timing import Contestant
from bench.workloads import Workload


@dataclass(frozen=True)
class Peer:
    """A library to be compared with.

    Attributes:
        name: of the package, as in the JSON.
        module: what is imported.
        write: ways to do the workload's steps with the imported module.
    """

    name: str
    module: str
    write: Callable[[Any, Workload], Sequence[Contestant]]

    def contestants(self, workload: Workload) -> Sequence[Contestant]:
        """The ways to do it; none when the library can't be imported."""
        try:
            library = importlib.import_module(self.module)
        except ImportError:
            return []
        return self.write(library, workload)
