"""The history of a session: every moment can be visited again, and every moment can branch."""

from engine.timeline.archive import pack_timeline, unpack_timeline
from engine.timeline.branch import Branch, Segment
from engine.timeline.causes import describe_change
from engine.timeline.timeline import Timeline
from engine.timeline.walker import Walker

__all__ = [
    "Branch",
    "Segment",
    "Timeline",
    "Walker",
    "describe_change",
    "pack_timeline",
    "unpack_timeline",
]
