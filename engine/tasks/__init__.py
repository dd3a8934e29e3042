"""Tasks, one file each: how a program is put together."""

import sys

from engine.catalog import discover
from engine.tasks.task import Plan, Task

discover(sys.modules[__name__])

from engine.tasks.supervised import Supervised  # noqa: E402  (registered by now)

__all__ = ["Plan", "Supervised", "Task"]
