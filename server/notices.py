"""What everyone who watches is told when a host is lost or a disk is full.

Guarded by tests/server/test_sessions.py.
"""

from __future__ import annotations

from engine.errors import NeurariumError
from engine.text import Text
from server.errors import as_problem
from server.protocol import HostNotice, ProblemMessage, Words

LOST = Text(
    "The engine stopped unexpectedly. It is being started again.",
    "引擎意外停止，正在重新启动。",
)
RESTORED = Text(
    "The engine is back. Training goes on from step {step}.", "引擎已恢复，从第 {step} 步继续。"
)


def lost_notice() -> str:
    """The engine host is gone."""
    return HostNotice(event="lost", step=None, message=_words(LOST)).model_dump_json()


def restored_notice(step: int) -> str:
    """The session is back at a host, at `step`."""
    words = _words(RESTORED.format(step=step))
    return HostNotice(event="restored", step=step, message=words).model_dump_json()


def problem_notice(error: NeurariumError) -> str:
    """Something is wrong; the connection stays."""
    return ProblemMessage(problem=as_problem(error), fatal=False).model_dump_json()


def _words(text: Text) -> Words:
    return Words(en=text.en, zh=text.zh)
