"""The history of a session: every moment can be visited again, and every moment can branch."""

from engine.timeline.branch import Branch, Segment
from engine.timeline.timeline import Position, Timeline

__all__ = ["Branch", "Position", "Segment", "Timeline"]
