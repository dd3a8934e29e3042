"""What is measured, what it has to reach, and how that is told: rows, verdicts, JSON, Markdown.

Guarded by tests/bench/test_bench.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DIGITS = 4
"""Significant digits of a measured number; more would pretend to a precision nobody has."""

VERDICTS = {True: "met", False: "MISSED", None: "–"}


@dataclass(frozen=True)
class Goal:
    """One line of the table before it is measured.

    Attributes:
        name: what is measured.
        unit: of our number and of the peers' numbers.
        must, aim: what has to be reached, and what we would like to reach; `None` for a number
            that is only told.
        peer: what is judged is the ratio to this peer; without one it is our number itself.
        smaller: smaller numbers of ours are better, as with times; otherwise larger ones.
    """

    name: str
    unit: str
    must: float | None = None
    aim: float | None = None
    peer: str | None = None
    smaller: bool = True

    def judge(self, ours: float, peers: Mapping[str, float] | None = None, note: str = "") -> Row:
        """The row for a measured number.

        Args:
            ours: in `unit`.
            peers: by name, in `unit`; those that couldn't be measured are left out.
            note: one line for a reader of the table.
        """
        known = dict(peers or {})
        ratio = None
        if self.peer in known:
            theirs = known[self.peer]
            ratio = theirs / ours if self.smaller else ours / theirs
        return Row(self, ours, known, ratio, self._met(ours, ratio), note)

    def fail(self, reason: str) -> Row:
        """The row when measuring broke down: a must that can't be shown is a must missed."""
        return Row(self, None, {}, None, None if self.must is None else False, reason)

    def _met(self, ours: float, ratio: float | None) -> bool | None:
        if self.must is None or (self.peer is not None and ratio is None):
            return None
        if ratio is not None:
            return ratio >= self.must
        return ours <= self.must if self.smaller else ours >= self.must

    def bound(self, value: float | None) -> str:
        """A must or an aim as a person writes it, such as `≥ 150×` or `≤ 5 ms`."""
        if value is None:
            return "–"
        if self.peer is not None:
            return f"≥ {value:g}×"
        return f"{'≤' if self.smaller else '≥'} {value:g} {self.unit}"


@dataclass(frozen=True)
class Row:
    """A measured line of the table.

    Attributes:
        goal: what was asked.
        ours: in the goal's unit; `None` if it couldn't be measured.
        peers: the others' numbers.
        ratio: how many times better we are than the goal's peer; `None` without that peer.
        met: whether the must is reached; `None` if there is none, or its peer is missing.
        note: one line for a reader; not part of the JSON.
    """

    goal: Goal
    ours: float | None
    peers: Mapping[str, float]
    ratio: float | None
    met: bool | None
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """`{"name", "unit", "ours", "peers", "ratio", "must", "aim", "met"}`."""
        return {
            "name": self.goal.name,
            "unit": self.goal.unit,
            "ours": rounded(self.ours),
            "peers": {name: rounded(value) for name, value in self.peers.items()},
            "ratio": rounded(self.ratio),
            "must": self.goal.must,
            "aim": self.goal.aim,
            "met": self.met,
        }

    def cells(self) -> list[str]:
        """The row as words: name, ours, peers, ratio, must, aim, verdict."""
        goal = self.goal
        peers = [f"{name} {shown(value)} {goal.unit}" for name, value in self.peers.items()]
        return [
            goal.name,
            "not measured" if self.ours is None else f"{shown(self.ours)} {goal.unit}",
            ", ".join(peers) or "–",
            "–" if self.ratio is None else f"{shown(self.ratio)}×",
            goal.bound(goal.must),
            goal.bound(goal.aim),
            VERDICTS[self.met],
        ]


def rounded(value: float | None) -> float | None:
    """`value` to its significant digits."""
    return None if value is None else float(f"{value:.{DIGITS}g}")


def shown(value: float) -> str:
    """`value` for a person: significant digits, thousands apart, no exponent."""
    if abs(value) >= 10 ** (DIGITS - 1):
        return f"{float(f'{value:.{DIGITS}g}'):,.0f}"
    return f"{float(f'{value:.{DIGITS - 1}g}'):g}"


def exit_status(rows: Iterable[Row]) -> int:
    """1 when a must is missed, else 0."""
    return int(any(row.met is False for row in rows))


def to_document(machine: Mapping[str, Any], rows: Iterable[Row]) -> dict[str, Any]:
    """`{"machine": {…}, "rows": […]}`."""
    return {"machine": dict(machine), "rows": [row.as_json() for row in rows]}


def to_json(machine: Mapping[str, Any], rows: Iterable[Row]) -> str:
    """The document as text, one row after the other, ending in a newline."""
    return json.dumps(to_document(machine, rows), indent=2, ensure_ascii=False) + "\n"


HEADINGS = ("measured", "Neurarium", "peer", "ratio", "must", "aim", "verdict")


def to_markdown(machine: Mapping[str, Any], rows: Sequence[Row]) -> str:
    """The machine in one line, the table, and what there is to say about single rows."""
    facts = ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in flat(machine))
    table = [HEADINGS, tuple("---" for _ in HEADINGS), *(row.cells() for row in rows)]
    lines = [f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |" for cells in table]
    notes = [f"- **{row.goal.name}**: {row.note}" for row in rows if row.note]
    return "\n".join([facts, "", *lines, "", *notes]).rstrip() + "\n"


def flat(machine: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The machine's facts, those inside of others too."""
    facts: list[tuple[str, Any]] = []
    for name, value in machine.items():
        facts += flat(value) if isinstance(value, Mapping) else [(name, value)]
    return facts


def to_lines(row: Row) -> str:
    """A row for the terminal."""
    name, ours, peers, ratio, must, aim, verdict = row.cells()
    against = f" · {peers}" if peers != "–" else ""
    times = f" · {ratio}" if ratio != "–" else ""
    goals = f" · must {must} · aim {aim}" if row.goal.must is not None else ""
    lines = [f"{verdict:>6}  {name}", f"        {ours}{against}{times}{goals}"]
    if row.note:
        lines.append(f"        {row.note}")
    return "\n".join(lines)
