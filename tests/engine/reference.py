"""A whole training run in obvious NumPy, without anything of the engine, chance included.

Samples lie one a row here, as in most textbooks, and every formula is written out once. Slow,
plain, float64: the outside opinion that compiled runs are compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Function = Callable[[Doubles], Doubles]

MASK_32, MASK_64 = 2**32 - 1, 2**64 - 1


def logistic(z: Doubles) -> Doubles:
    return 1 / (1 + np.exp(-z))


def softmax(z: Doubles) -> Doubles:
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


ACTIVATIONS: dict[str, tuple[Function, Function]] = {
    "linear": (lambda z: z, np.ones_like),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "sigmoid": (logistic, lambda z: logistic(z) * logistic(-z)),
    "relu": (lambda z: np.where(z > 0, z, 0.0), lambda z: np.where(z > 0, 1.0, 0.0)),
    "leaky_relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z: np.where(z > 0, 1.0, 0.01)),
}
"""Function and derivative."""


def squared(outputs: Doubles, targets: Doubles) -> tuple[float, Doubles]:
    error = outputs - targets
    return float((error**2).mean()), 2 * error / error.size


def binary(outputs: Doubles, targets: Doubles) -> tuple[float, Doubles]:
    p = logistic(outputs)
    losses = -(targets * np.log(p) + (1 - targets) * np.log(1 - p))
    return float(losses.mean()), (p - targets) / p.size


def categorical(outputs: Doubles, targets: Doubles) -> tuple[float, Doubles]:
    p = softmax(outputs)
    return float(-(targets * np.log(p)).sum() / len(p)), (p - targets) / len(p)


LOSSES = {
    "mean_squared_error": squared,
    "binary_cross_entropy": binary,
    "categorical_cross_entropy": categorical,
}
"""Mean over the batch, and its gradient by the outputs."""


def bits(key: int, counter: int) -> int:
    """32 random bits: the permutation "lowbias32" twice, keyed by both halves of `key`."""

    def lowbias32(x: int) -> int:
        x = ((x ^ x >> 16) * 0x21F0AAAD) & MASK_32
        x = ((x ^ x >> 15) * 0xD35A2D97) & MASK_32
        return x ^ x >> 15

    return lowbias32((lowbias32(counter ^ (key & MASK_32)) + (key >> 32)) & MASK_32)


def key_of(seed: int, step: int, salt: int) -> int:
    mixed = seed * 0x9E3779B97F4A7C15 + step * 0xBF58476D1CE4E5B9 + salt * 0x94D049BB133111EB
    mixed &= MASK_64
    mixed = ((mixed ^ mixed >> 31) * 0xD6E8FEB86659FD93) & MASK_64
    return mixed ^ mixed >> 32


def batches(samples: int, size: int, seed: int) -> Iterator[list[int]]:
    """Sample numbers: pass after pass, each in an order of its own, cut into batches of `size`."""
    stream: list[int] = []
    number = 0
    while True:
        order = list(range(samples))
        for last in range(samples - 1, 0, -1):
            other = bits(key_of(seed, number, 0), last) * (last + 1) >> 32
            order[last], order[other] = order[other], order[last]
        stream.extend(order)
        number += 1
        while len(stream) >= size:
            yield stream[:size]
            stream = stream[size:]


@dataclass
class Twin:
    """A chain of dense layers under training.

    Attributes:
        names, activations: of the layers, in order.
        parameters: `<layer>.weights` `(out, in)` and `<layer>.bias` `(out,)`.
        loss, optimizer, settings: names as in the catalog, and the optimizer's hyper-parameters.
        penalties: (L1, L2), on weights.
    """

    names: Sequence[str]
    activations: Sequence[str]
    parameters: dict[str, Doubles]
    loss: str
    optimizer: str
    settings: Mapping[str, float]
    penalties: tuple[float, float] = (0.0, 0.0)
    memory: dict[str, Doubles] = field(default_factory=dict)
    steps: int = 0

    def step(self, inputs: Doubles, targets: Doubles) -> float:
        """One training step on a batch; returns its loss."""
        loss, gradients = self.differentiate(inputs, targets)
        self.steps += 1
        for key, gradient in gradients.items():
            if key.endswith("weights"):
                w = self.parameters[key]
                gradient = gradient + self.penalties[0] * np.sign(w) + self.penalties[1] * w
            self.parameters[key] = self.parameters[key] - self.change(key, gradient)
        return loss

    def differentiate(self, inputs: Doubles, targets: Doubles) -> tuple[float, dict[str, Doubles]]:
        """Loss and gradients, layer by layer forwards and backwards."""
        values, sums = [inputs], []
        for name, activation in zip(self.names, self.activations, strict=True):
            weights, bias = self.parameters[f"{name}.weights"], self.parameters[f"{name}.bias"]
            sums.append(values[-1] @ weights.T + bias)
            values.append(ACTIVATIONS[activation][0](sums[-1]))
        loss, slope = LOSSES[self.loss](values[-1], targets)
        gradients = {}
        for index in reversed(range(len(self.names))):
            name, activation = self.names[index], self.activations[index]
            slope = slope * ACTIVATIONS[activation][1](sums[index])
            gradients[f"{name}.weights"] = slope.T @ values[index]
            gradients[f"{name}.bias"] = slope.sum(axis=0)
            slope = slope @ self.parameters[f"{name}.weights"]
        return loss, gradients

    def change(self, key: str, gradient: Doubles) -> Doubles:
        """What the optimizer takes off a parameter."""
        rate = self.settings["learning_rate"]
        if self.optimizer == "sgd":
            return rate * gradient
        if self.optimizer == "momentum":
            velocity = self.recall(key, "v", gradient) * self.settings["momentum"] + gradient
            self.memory[key + "v"] = velocity
            return rate * velocity
        first, second = self.settings["beta1"], self.settings["beta2"]
        mean = first * self.recall(key, "m", gradient) + (1 - first) * gradient
        square = second * self.recall(key, "s", gradient) + (1 - second) * gradient**2
        self.memory[key + "m"], self.memory[key + "s"] = mean, square
        mean = mean / (1 - first**self.steps)
        square = square / (1 - second**self.steps)
        return np.asarray(rate * mean / (np.sqrt(square) + self.settings["epsilon"]))

    def recall(self, key: str, what: str, like: Doubles) -> Doubles:
        return self.memory.get(key + what, np.zeros_like(like))
