"""JAX with the whole run inside one compiled `fori_loop`, its fastest form.

Tried: epochs shuffled by JAX inside of the loop, or by NumPy outside of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bench.peers.peer import Peer
from bench.timing import Contestant
from bench.workloads import Floats, Workload

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def write(jax: Any, workload: Workload) -> Sequence[Contestant]:
    """Both ways to shuffle."""
    step = step_function(jax, workload)
    samples = workload.samples()
    return [
        Contestant("shuffled in the loop", shuffling_inside(jax, workload, step, samples)),
        Contestant("shuffled by NumPy", shuffling_outside(jax, workload, step, samples)),
    ]


def step_function(jax: Any, workload: Workload) -> Callable[..., Any]:
    """One update: `(state, inputs, targets) → state`."""
    numpy = jax.numpy
    activate = numpy.tanh if workload.activation == "tanh" else jax.nn.relu

    def loss(parameters: Any, inputs: Any, targets: Any) -> Any:
        *hidden, (weights, bias) = parameters
        for layer_weights, layer_bias in hidden:
            inputs = activate(inputs @ layer_weights + layer_bias)
        logits = inputs @ weights + bias
        if workload.sizes[-1] == 1:
            return (jax.nn.softplus(logits) - targets * logits).mean()
        return -(targets * jax.nn.log_softmax(logits)).sum(1).mean()

    def step(state: Any, inputs: Any, targets: Any) -> Any:
        parameters, mean, square, count = state
        _, gradients = jax.value_and_grad(loss)(parameters, inputs, targets)
        if workload.optimizer == "sgd":
            rate = workload.learning_rate
            moved = jax.tree.map(lambda p, g: p - rate * g, parameters, gradients)
            return moved, mean, square, count + 1
        return adam(jax, workload.learning_rate, (parameters, mean, square, count + 1), gradients)

    return step


def adam(jax: Any, rate: float, state: Any, gradients: Any) -> Any:
    """The update of Adam with bias correction."""
    parameters, mean, square, count = state
    mean = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, mean, gradients)
    square = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, square, gradients)
    first, second = rate / (1 - BETA1**count), 1 / (1 - BETA2**count)

    def move(parameter: Any, m: Any, v: Any) -> Any:
        return parameter - first * m / (jax.numpy.sqrt(v * second) + EPSILON)

    return jax.tree.map(move, parameters, mean, square), mean, square, count


def initial_state(jax: Any, workload: Workload) -> Any:
    """Parameters, both of Adam's memories (nothing for SGD) and the count of steps."""
    random = np.random.default_rng(1)
    parameters = [
        (
            jax.numpy.asarray(
                random.normal(size=(features, units)) * np.sqrt(2 / features), np.float32
            ),
            jax.numpy.zeros(units, np.float32),
        )
        for features, units in zip(workload.sizes, workload.sizes[1:], strict=False)
    ]
    memory: Any = ()
    if workload.optimizer == "adam":
        memory = jax.tree.map(jax.numpy.zeros_like, parameters)
    return parameters, memory, memory, jax.numpy.zeros((), np.float32)


def epoch_function(
    jax: Any, workload: Workload, step: Callable[..., Any], samples: tuple[Floats, Floats]
) -> Callable[[Any, Any], Any]:
    """One pass over the data in a given order: `(order, state) → state`."""
    inputs, targets = (jax.numpy.asarray(array) for array in samples)
    size, batches = workload.batch, len(inputs) // workload.batch

    def run_epoch(order: Any, state: Any) -> Any:
        mixed_inputs, mixed_targets = inputs[order], targets[order]

        def run_batch(number: Any, state: Any) -> Any:
            cut = jax.lax.dynamic_slice_in_dim
            start = number * size
            return step(state, cut(mixed_inputs, start, size), cut(mixed_targets, start, size))

        return jax.lax.fori_loop(0, batches, run_batch, state)

    return run_epoch


def shuffling_inside(
    jax: Any, workload: Workload, step: Callable[..., Any], samples: tuple[Floats, Floats]
) -> Callable[[int], int]:
    """Every epoch's order comes from JAX's own generator, inside of the compiled loop."""
    count = len(samples[0])
    run_epoch = epoch_function(jax, workload, step, samples)

    def run_epochs(epochs: Any, key: Any, state: Any) -> Any:
        def body(number: Any, state: Any) -> Any:
            order = jax.random.permutation(jax.random.fold_in(key, number), count)
            return run_epoch(order, state)

        return jax.lax.fori_loop(0, epochs, body, state)

    compiled = jax.jit(run_epochs)
    state, key = initial_state(jax, workload), jax.random.key(1)
    batches = count // workload.batch

    def run(steps: int) -> int:
        epochs = max(1, round(steps / batches))
        jax.block_until_ready(compiled(epochs, key, state))
        return epochs * batches

    return run


def shuffling_outside(
    jax: Any, workload: Workload, step: Callable[..., Any], samples: tuple[Floats, Floats]
) -> Callable[[int], int]:
    """Every epoch's order comes from NumPy, and each epoch is one call."""
    count = len(samples[0])
    compiled = jax.jit(epoch_function(jax, workload, step, samples))
    random = np.random.default_rng(1)
    begin = initial_state(jax, workload)
    batches = count // workload.batch

    def run(steps: int) -> int:
        epochs, state = max(1, round(steps / batches)), begin
        for _ in range(epochs):
            state = compiled(random.permutation(count).astype(np.int32), state)
        jax.block_until_ready(state)
        return epochs * batches

    return run


PEER = Peer("jax", "jax", write)
