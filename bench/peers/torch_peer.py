"""PyTorch in eager mode, one thread, data already in tensors.

Tried: layers as modules or as functions; each optimizer as a loop over parameters, over lists of
parameters, and fused; the batch indexed at each step or cut from a data set shuffled once an epoch.
Gradients are set to `None`, and no number ever leaves for Python.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bench.peers.peer import Peer
from bench.timing import Contestant
from bench.workloads import Workload

OPTIMIZERS: dict[str, dict[str, bool]] = {
    "default": {},
    "loop": {"foreach": False},
    "fused": {"fused": True},
}


def write(torch: Any, workload: Workload) -> Sequence[Contestant]:
    """All combinations."""
    torch.set_num_threads(1)
    inputs, targets = (torch.from_numpy(array) for array in workload.samples())
    if workload.sizes[-1] > 1:
        # Class numbers are cheaper for PyTorch's loss than rows of 0 and 1.
        targets = targets.argmax(1)
    fetches = {"index": index_batches, "cut": cut_batches}
    models = {"modules": build_modules, "functions": build_functions}
    return [
        Contestant(
            f"{model}, {option} optimizer, {fetch}",
            trainer(
                torch,
                workload,
                models[model](torch, workload),
                OPTIMIZERS[option],
                fetches[fetch](torch, inputs, targets, workload.batch),
            ),
        )
        for model, option, fetch in itertools.product(models, OPTIMIZERS, fetches)
    ]


def trainer(
    torch: Any,
    workload: Workload,
    model: tuple[Callable[[Any], Any], list[Any]],
    options: dict[str, bool],
    batches: Iterator[tuple[Any, Any]],
) -> Callable[[int], int]:
    """The training loop that every PyTorch tutorial shows."""
    forward, parameters = model
    kind = torch.optim.Adam if workload.optimizer == "adam" else torch.optim.SGD
    optimizer = kind(parameters, lr=workload.learning_rate, **options)
    functions = torch.nn.functional
    measure = functions.cross_entropy
    if workload.sizes[-1] == 1:
        measure = functions.binary_cross_entropy_with_logits

    def run(steps: int) -> int:
        for _ in range(steps):
            inputs, targets = next(batches)
            optimizer.zero_grad(set_to_none=True)
            measure(forward(inputs), targets).backward()
            optimizer.step()
        return steps

    return run


def build_modules(torch: Any, workload: Workload) -> tuple[Callable[[Any], Any], list[Any]]:
    """A `Sequential` of `Linear` and activation modules."""
    activation = torch.nn.Tanh if workload.activation == "tanh" else torch.nn.ReLU
    layers: list[Any] = []
    for features, units in zip(workload.sizes, workload.sizes[1:], strict=False):
        layers += [torch.nn.Linear(features, units), activation()]
    model = torch.nn.Sequential(*layers[:-1])
    return model, list(model.parameters())


def build_functions(torch: Any, workload: Workload) -> tuple[Callable[[Any], Any], list[Any]]:
    """The same without modules, which saves their calls."""
    linear = torch.nn.functional.linear
    activate = torch.tanh if workload.activation == "tanh" else torch.relu
    pairs = []
    for features, units in zip(workload.sizes, workload.sizes[1:], strict=False):
        layer = torch.nn.Linear(features, units)
        pairs.append((layer.weight, layer.bias))
    *hidden, last = pairs

    def forward(values: Any) -> Any:
        for weights, bias in hidden:
            values = activate(linear(values, weights, bias))
        return linear(values, *last)

    return forward, [parameter for pair in pairs for parameter in pair]


def index_batches(torch: Any, inputs: Any, targets: Any, batch: int) -> Iterator[tuple[Any, Any]]:
    """Pick each batch's samples from the whole set."""
    while True:
        order = torch.randperm(len(inputs))
        for chosen in order.split(batch):
            if len(chosen) == batch:
                yield inputs[chosen], targets[chosen]


def cut_batches(torch: Any, inputs: Any, targets: Any, batch: int) -> Iterator[tuple[Any, Any]]:
    """Shuffle the whole set once an epoch and cut it into batches."""
    while True:
        order = torch.randperm(len(inputs))
        pieces = zip(inputs[order].split(batch), targets[order].split(batch), strict=True)
        for piece in pieces:
            if len(piece[0]) == batch:
                yield piece


PEER = Peer("torch", "torch", write)
