"""An engine host that trains nothing, for tests of what stands in front of it."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any, Literal

from engine.errors import NeurariumError
from server.errors import refuse
from server.hosts.base import (
    Description,
    EngineHost,
    HostListener,
    Order,
    Placement,
    Point,
)
from server.protocol import FRAME, Command, Edit, LayerLayout, Pause, Play
from server.stream import Head, encode

WORDS = {"en": "word", "zh": "词"}
TENSORS = (("hidden", "weights"), ("hidden", "bias"), ("output", "map"))
EXPERIMENT: dict[str, Any] = {"title": "fake", "graph": {"nodes": [], "edges": []}}


def layout(revision: int, tensors: Sequence[tuple[str, str]] = TENSORS) -> str:
    """A layout message as a host sends it."""
    return json.dumps(
        {
            "type": "layout",
            "revision": revision,
            "layers": [],
            "tensors": [
                {"layer": layer, "quantity": quantity, "shape": [2], "dtype": "float32"}
                for layer, quantity in tensors
            ],
            "problem": "classification",
            "classes": [WORDS, WORDS],
            "features": [],
            "raw_features": [],
            "raw_shape": [2],
            "domain": None,
            "resolution": 0,
            "training_samples": 10,
            "validation_samples": 10,
            "gallery": [],
            "steps_per_epoch": 1.0,
        }
    )


def status(name: str, step: int = 0) -> str:
    """A status message as a host sends it."""
    return json.dumps(
        {
            "type": "status",
            "status": name,
            "steps_per_second": None,
            "step": step,
            "epoch": 0.0,
            "divergence": None,
        }
    )


class FakeHost(EngineHost):
    """Keeps what it is told; `say_…` methods play the engine's part.

    Attributes:
        placed: epoch of each session that it holds.
        orders: what each placement was made from.
        commands, watched, granted, saved, closed: calls in their order.
        refusal: raised by the next command, once.
    """

    def __init__(self) -> None:
        self.placed: dict[str, int] = {}
        self.orders: list[tuple[Placement, Order]] = []
        self.commands: list[tuple[Placement, Command]] = []
        self.watched: list[tuple[Placement, int, tuple[int, ...], float]] = []
        self.granted: list[Placement] = []
        self.saved: list[Placement] = []
        self.closed: list[Placement] = []
        self.refusal: Exception | None = None
        self.is_alive = True
        self.step = 0
        self._sequence = 0

    async def start(self, listener: HostListener) -> None:
        self.listener = listener

    async def stop(self) -> None:
        self.is_alive = False

    async def wait_until_ready(self) -> None:
        self._check()

    async def ping(self) -> None:
        self._check()

    async def describe(self) -> Description:
        preset = {
            "name": "fake",
            "title": WORDS,
            "help": WORDS,
            "steps_per_second": None,
            "experiment": EXPERIMENT,
        }
        return Description(b"{}", json.dumps([preset]).encode(), "fake")

    async def check(self, experiment: bytes) -> Sequence[LayerLayout]:
        self._check()
        return []

    async def sample_source(self, kind: str, count: int) -> bytes:
        return encode(Head(FRAME, 0, 0), ())

    async def create(self, placement: Placement, order: Order) -> None:
        self._check()
        if b"explode" in order.experiment:
            raise refuse("internal", "create")
        self.placed[placement.session] = placement.epoch
        self.orders.append((placement, order))
        message = {
            "type": "experiment",
            "revision": order.revision,
            "experiment": json.loads(order.experiment),
        }
        step = struct.unpack("<I", order.checkpoint)[0] if order.checkpoint else 0
        self.listener.on_message(placement, "experiment", json.dumps(message))
        self.listener.on_message(placement, "layout", layout(order.revision))
        self.listener.on_message(placement, "status", status("paused", step))

    async def command(self, placement: Placement, command: Command) -> dict[str, Any]:
        self._check(placement)
        if self.refusal is not None:
            refusal, self.refusal = self.refusal, None
            raise refusal
        self.commands.append((placement, command))
        if isinstance(command, Play):
            self.listener.on_message(placement, "status", status("running", self.step))
        elif isinstance(command, Pause):
            self.listener.on_message(placement, "status", status("paused", self.step))
        elif isinstance(command, Edit):
            message = {"type": "experiment", "revision": 99, "experiment": command.experiment}
            self.listener.on_message(placement, "experiment", json.dumps(message))
            self.listener.on_message(placement, "layout", layout(99))
        return {}

    async def save(self, placement: Placement) -> None:
        self._check(placement)
        self.saved.append(placement)
        revision = self.orders[-1][1].revision
        self.listener.on_checkpoint(placement, revision, struct.pack("<I", 7))

    async def samples(
        self, placement: Placement, part: Literal["training", "validation"], offset: int, count: int
    ) -> bytes:
        self._check(placement)
        return encode(Head(FRAME, 0, 0), ())

    async def close(self, placement: Placement) -> None:
        self._check(placement)
        self.closed.append(placement)
        del self.placed[placement.session]

    def watch(
        self, placement: Placement, revision: int, tensors: Sequence[int], rate: float
    ) -> None:
        self.watched.append((placement, revision, tuple(tensors), rate))

    def grant(self, placement: Placement) -> None:
        self.granted.append(placement)

    def _check(self, placement: Placement | None = None) -> None:
        if not self.is_alive:
            raise refuse("host_lost", "server")
        if placement is not None and self.placed.get(placement.session) != placement.epoch:
            raise refuse("moved", "session")

    # --- the engine's part ------------------------------------------------------------------------

    def say_point(self, placement: Placement, step: int, loss: float | None = 0.5) -> None:
        """New values of the curves."""
        self.listener.on_point(placement, Point(step, step / 10, loss, None, None, None))

    def lose(self) -> None:
        """Die."""
        self.is_alive = False
        self.placed.clear()
        self.listener.on_lost()

    def restore(self) -> None:
        """Be replaced by another host."""
        self.is_alive = True
        self.listener.on_restored()


def code_of(error: BaseException) -> str:
    """The code of one of the product's errors."""
    assert isinstance(error, NeurariumError)
    return error.code
