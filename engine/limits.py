"""What one session may cost. Servers pass their own numbers.

Guarded by tests/engine/test_limits.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import LimitError
from engine.text import Text


@dataclass(frozen=True)
class Limits:
    """Upper bounds for one session.

    Attributes:
        parameters: learned numbers of a network.
        units: of one layer.
        samples: of a data set.
        arena_bytes: memory of a program.
    """

    parameters: int = 20_000_000
    units: int = 16_384
    samples: int = 200_000
    arena_bytes: int = 2_000_000_000

    def check(self, name: str, value: int, where: str, words: Text) -> None:
        """Refuse `value` when it is above the limit called `name`.

        Raises:
            LimitError: naming the limit, the value and the next step.
        """
        limit = int(getattr(self, name))
        if value <= limit:
            return
        raise LimitError(
            f"limit.{name}",
            where,
            Text(
                f"This needs {value:,} {words.en}; the limit is {limit:,}.",
                f"这需要 {value:,} {words.zh}；上限是 {limit:,}。",
            ),
            Text("Make it smaller.", "请缩小规模。"),
            value=value,
            allowed=f"≤ {limit}",
        )
