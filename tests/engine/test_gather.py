"""Batches: every sample once a pass in an order of its own, and the same again in a replay."""

from __future__ import annotations

import numpy as np
import pytest

from engine.kernels.abi import BATCH_SEED, CURSOR, EPOCH
from engine.layers.dense import Dense
from engine.presets.preset import chain
from engine.program.builder import Builder, Samples
from engine.program.executor import run, run_rows
from tests.engine.harness import Array, Trainer

COUNTS = [(12, 4), (10, 3), (7, 7), (5, 1), (100, 33), (9, 8)]


def numbered(count: int, shape: tuple[int, ...] = (3,), outputs: int = 2) -> Samples:
    """Samples whose numbers tell which they are."""
    numbers = np.arange(count, dtype=np.float64)
    size = int(np.prod(shape))
    inputs = numbers[:, None] * 1000 + np.arange(size)
    return Samples(inputs.reshape(count, *shape), numbers[:, None] * 10 + np.arange(outputs))


class Feed:
    """Only the fetching rows of a training program."""

    def __init__(self, samples: Samples, batch: int, seed: int = 1, dtype: str = "float32") -> None:
        shape = samples.inputs.shape[1:]
        layer = Dense(units=samples.targets.shape[1])
        graph = chain(*([("answer", layer)] if len(shape) == 1 else []))
        self.shape = shape
        if len(shape) == 1:
            trainer = Trainer(graph, samples, dtype=dtype, batch=batch)
            self.program, self.arena, self.state = trainer.program, trainer.arena, trainer.state
        else:
            builder = Builder(graph.resolve(shape), batch, np.dtype(dtype), training=True)
            builder.gather(samples, shuffled=True)
            self.program = builder.finish()
            self.arena, self.state = self.program.new_arena(), np.zeros(16, np.uint64)
        self.rows = sum(row.phase == "data" for row in self.program.rows)
        self.state[BATCH_SEED] = seed
        self.batch = batch

    def fetch(self) -> tuple[Array, Array]:
        """(inputs `(batch, …)`, targets `(batch, outputs)`) of the next batch."""
        run_rows(self.arena, self.program.table, self.state, 0, self.rows)
        inputs = self.program.view(self.arena, self.program.network.outputs["input"])
        targets = self.program.view(self.arena, self.program.plan.blocks["targets"])
        return np.moveaxis(inputs, -1, 0).copy(), targets.T.copy()

    def numbers(self, batches: int) -> list[int]:
        """Which samples came, one after the other."""
        return [int(target[0]) // 10 for _ in range(batches) for target in self.fetch()[1]]


@pytest.mark.parametrize(("count", "batch"), COUNTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_sample_comes_once_a_pass(count: int, batch: int, dtype: str) -> None:
    """Also where a batch spans two passes."""
    feed = Feed(numbered(count), batch, dtype=dtype)
    stream = feed.numbers(6 * -(-count // batch))
    for start in range(0, len(stream) - count + 1, count):
        assert sorted(stream[start : start + count]) == list(range(count))


@pytest.mark.parametrize(("count", "batch"), COUNTS)
def test_inputs_and_answers_stay_together(count: int, batch: int) -> None:
    samples = numbered(count)
    feed = Feed(samples, batch)
    for _ in range(5):
        inputs, targets = feed.fetch()
        chosen = targets[:, 0].astype(int) // 10
        assert np.array_equal(inputs, samples.inputs[chosen])
        assert np.array_equal(targets, samples.targets[chosen])


@pytest.mark.parametrize("shape", [(2, 3), (16, 16), (4, 8, 8)])
def test_pictures_keep_their_shape(shape: tuple[int, ...]) -> None:
    samples = numbered(10, shape)
    inputs, targets = Feed(samples, 4).fetch()
    assert np.array_equal(inputs, samples.inputs[targets[:, 0].astype(int) // 10])


def test_every_pass_has_an_order_of_its_own() -> None:
    feed = Feed(numbered(20), 10)
    passes = [tuple(feed.numbers(2)) for _ in range(10)]
    assert len(set(passes)) == 10


def test_the_seed_decides_the_order_and_nothing_else_does() -> None:
    one, same, other = (Feed(numbered(20), 10, seed).numbers(8) for seed in (1, 1, 2))
    assert one == same
    assert one != other
    # The stream of samples doesn't depend on how it is cut into batches.
    assert Feed(numbered(20), 8, 1).numbers(10) == one


def test_the_stream_goes_on_from_any_state() -> None:
    feed = Feed(numbered(10), 3)
    feed.numbers(5)
    arena, state = feed.arena.copy(), feed.state.copy()
    ahead = feed.numbers(7)
    feed.arena[:], feed.state[:] = arena, state
    assert feed.numbers(7) == ahead


def test_the_place_in_the_data_is_counted() -> None:
    feed = Feed(numbered(10), 4)
    places = []
    for _ in range(6):
        feed.fetch()
        places.append((int(feed.state[EPOCH]), int(feed.state[CURSOR])))
    assert places == [(0, 4), (0, 8), (1, 2), (1, 6), (1, 10), (2, 4)]


def test_a_whole_pass_in_one_batch_and_a_single_sample() -> None:
    assert sorted(Feed(numbered(6), 6).numbers(1)) == list(range(6))
    assert Feed(numbered(1), 1).numbers(4) == [0] * 4


def test_measuring_takes_the_samples_in_order() -> None:
    samples = numbered(10)
    trainer = Trainer(chain(("answer", Dense(units=2))), samples, dtype="float32")
    builder = Builder(trainer.plan.graph, 4, np.dtype(np.float32), training=False)
    targets = builder.gather(samples, shuffled=False)
    program = builder.finish()
    arena, state = program.new_arena(), np.zeros(16, np.uint64)
    stream: list[int] = []
    for _ in range(3):
        run(arena, program.table, state, 1)
        stream.extend(int(number) // 10 for number in program.view(arena, targets)[0])
    assert stream == [*range(10), 0, 1]
