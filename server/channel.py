"""One session as those see it who watch it: its state, its curves, and its newest frame.

The host encodes one frame for all. It makes the next one only when somebody can take it (`grant`),
so that a slow page costs nothing and always gets the newest picture. Guarded by
tests/server/test_channel.py.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Any

from server.errors import refuse
from server.history import Curves
from server.hosts.base import Point
from server.protocol import Subscribe, TimelineMessage
from server.stream import Head, read_head, select
from server.watched import Watched

MOST_IN_FLIGHT = 2
"""Frames that a page may hold unacknowledged: one on its way, one being painted."""
KEPT_LAYOUTS = 8
"""How many former layouts a subscription may still refer to."""
REPEATED = (
    "experiment",
    "layout",
    "listing",
    "timeline",
    "findings",
    "breakpoints",
    "watches",
    "twin",
    "status",
    "inspected",
)
"""Messages whose newest one is told to whoever comes in later, in this order."""

TensorName = tuple[str, str]
"""Layer and quantity; it stays the same when the network around it changes."""


class View:
    """What one watcher has seen and wants to see.

    Args:
        send: hands a text message over to the watcher.
        wake: tells the watcher that `Channel.take` has something for it.
    """

    def __init__(self, send: Callable[[str], None], wake: Callable[[], None]) -> None:
        self.send, self.wake = send, wake
        self.wanted: frozenset[TensorName] = frozenset()
        self.rate = 0.0
        self.in_flight: deque[int] = deque()
        self.is_pending = False
        self.seen = 0
        self.due = 0.0
        self.curve_step = -1.0
        self.timer: asyncio.TimerHandle | None = None

    def forget_frames(self) -> None:
        """Frames will be counted from 1 again."""
        self.in_flight.clear()
        self.is_pending, self.seen, self.due = False, 0, 0.0

    def cancel_timer(self) -> None:
        """Wake for no frame that was put off."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class Channel:
    """Spreads what a session says among its watchers.

    Args:
        watch: tells the host the layout's revision, the keys in view and the rate (0: nobody
        watches). grant: allows the host one more frame.
    """

    def __init__(
        self,
        watch: Callable[[int, Sequence[int], float], None],
        grant: Callable[[], None],
    ) -> None:
        self._watch, self._grant = watch, grant
        self.curves = Curves()
        self.revision = 0
        self._texts: dict[str, str] = {}
        self._values = Watched()
        self._views: set[View] = set()
        self._layouts: OrderedDict[int, list[TensorName]] = OrderedDict()
        self._keys: dict[TensorName, int] = {}
        self._frame: tuple[Head, bytes] | None = None
        self._selections: dict[frozenset[int], bytes] = {}
        self._is_granted = False
        self._watched: tuple[int, tuple[int, ...], float] | None = None

    # --- watchers ---------------------------------------------------------------------------------

    @property
    def watchers(self) -> int:
        """How many watch."""
        return len(self._views)

    def join(self, view: View, curve_run: int, curve_step: float) -> None:
        """Let a watcher in and tell it the present state and what its curves lack."""
        for kind in REPEATED[:-1]:
            self._send_text(view, kind)
        for text in self.curves.catch_up(curve_run, curve_step):
            view.send(text)
        if (values := self._values.message()) is not None:
            view.send(values)
        self._send_text(view, REPEATED[-1])
        view.curve_step = self.curves.last_step
        self._views.add(view)

    def leave(self, view: View) -> None:
        """Let a watcher go."""
        view.cancel_timer()
        self._views.discard(view)
        self._watch_union()

    def subscribe(self, view: View, message: Subscribe) -> None:
        """Choose what the watcher wants to see.

        Raises:
            NeurariumError: `stale_layout` or `unknown_tensor`.
        """
        names = self._layouts.get(message.revision)
        if names is None:
            raise refuse("stale_layout", "revision", value=message.revision, allowed=self.revision)
        for key in message.tensors:
            if key >= len(names):
                raise refuse(
                    "unknown_tensor", "tensors", value=key, allowed=f"0 … {len(names) - 1}"
                )
        view.wanted = frozenset(names[key] for key in message.tensors)
        view.rate = message.rate
        self._watch_union()
        self._request()

    def acknowledge(self, view: View, sequence: int) -> None:
        """The watcher has taken the frame `sequence` and all before it."""
        while view.in_flight and view.in_flight[0] <= sequence:
            view.in_flight.popleft()
        self._offer(view)
        self._request()

    def take(self, view: View) -> list[str | bytes]:
        """What to send to the watcher now: missed points of the curves and the newest frame."""
        view.is_pending = False
        if self._frame is None or not self._may_take(view):
            self._request()
            return []
        head, frame = self._frame
        view.seen = head.sequence
        view.in_flight.append(head.sequence)
        view.due = self._now() + 1 / view.rate - 0.5 / self._rate()
        messages: list[str | bytes] = []
        if missed := self.curves.between(view.curve_step, head.metrics_step):
            messages.append(self.curves.message(missed))
        if head.metrics_step > view.curve_step:
            view.curve_step = head.metrics_step
        messages.append(self._select(frame, view))
        self._request()
        return messages

    def broadcast(self, text: str) -> None:
        """Send a message to everyone who watches."""
        for view in self._views:
            view.send(text)

    # --- the host ---------------------------------------------------------------------------------

    def hear(self, kind: str, text: str) -> None:
        """Pass on a message of the host, and keep it for those who come later."""
        if kind == "watch_values":
            self._values.hear(text)
        else:
            self._texts[kind] = text
        if kind == "watches":
            self._values.clear()
        if kind == "layout":
            self._learn_layout(json.loads(text))
        self.broadcast(text)
        if kind == "timeline":
            told = TimelineMessage.model_validate_json(text)
            if self.curves.follow(told.branches, told.current):
                self._restart_curves()
        if kind == "layout":
            self._watch_union()
            self._request()

    def hear_frame(self, frame: bytes) -> None:
        """Offer a frame to everyone who can take it."""
        self._is_granted = False
        head = read_head(frame)
        if head.revision == self.revision:
            self._frame = head, frame
            self._selections.clear()
            for view in self._views:
                self._offer(view)
        self._request()

    def hear_point(self, point: Point) -> None:
        """Add a point to the curves; it reaches the watchers with or before the next frame."""
        self.curves.add(point)

    def hear_rewind(self, step: int) -> None:
        """Void the points after `step`, for everyone."""
        self.curves.rewind(step)
        self._restart_curves()

    def _restart_curves(self) -> None:
        texts = self.curves.restart()
        for view in self._views:
            view.curve_step = self.curves.last_step
            for text in texts:
                view.send(text)

    def detach(self) -> None:
        """The session has left its host; wherever it goes, frames are counted from 1 again."""
        self._frame, self._is_granted, self._watched = None, False, None
        for view in self._views:
            view.forget_frames()

    # --- inner life -------------------------------------------------------------------------------

    def _send_text(self, view: View, kind: str) -> None:
        if kind in self._texts:
            view.send(self._texts[kind])

    def _learn_layout(self, layout: dict[str, Any]) -> None:
        names = [(tensor["layer"], tensor["quantity"]) for tensor in layout["tensors"]]
        self.revision = layout["revision"]
        self._layouts[self.revision] = names
        while len(self._layouts) > KEPT_LAYOUTS:
            self._layouts.popitem(last=False)
        self._keys = {name: key for key, name in enumerate(names)}
        # A frame of the former network would no longer be understood.
        self._frame = None

    def _rate(self) -> float:
        return max((view.rate for view in self._views), default=0.0)

    def _watch_union(self) -> None:
        wanted = frozenset[TensorName]().union(*(view.wanted for view in self._views))
        keys = tuple(sorted(self._keys[name] for name in wanted if name in self._keys))
        watched = (self.revision, keys, self._rate())
        if watched != self._watched:
            self._watched = watched
            self._watch(*watched)

    def _request(self) -> None:
        if not self._is_granted and any(map(self._is_ready, self._views)):
            self._is_granted = True
            self._grant()

    def _is_ready(self, view: View) -> bool:
        """Whether a watcher could take one more frame than there is."""
        return view.rate > 0 and len(view.in_flight) + self._has_news(view) < MOST_IN_FLIGHT

    def _has_news(self, view: View) -> bool:
        return self._frame is not None and self._frame[0].sequence > view.seen

    def _may_take(self, view: View) -> bool:
        return self._has_news(view) and view.rate > 0 and len(view.in_flight) < MOST_IN_FLIGHT

    def _offer(self, view: View) -> None:
        if view.is_pending or not self._may_take(view):
            return
        wait = view.due - self._now()
        if wait <= 0:
            view.cancel_timer()
            view.is_pending = True
            view.wake()
        elif view.timer is None:
            view.timer = asyncio.get_running_loop().call_later(wait, self._offer_later, view)

    def _offer_later(self, view: View) -> None:
        view.timer = None
        self._offer(view)

    def _select(self, frame: bytes, view: View) -> bytes:
        keys = frozenset(self._keys[name] for name in view.wanted if name in self._keys)
        if keys not in self._selections:
            self._selections[keys] = select(frame, keys)
        return self._selections[keys]

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
