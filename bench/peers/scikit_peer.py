"""scikit-learn's `MLPClassifier`: whole epochs of its own training loop."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from math import ceil
from typing import Any

from bench.peers.peer import Peer
from bench.timing import Contestant
from bench.workloads import Workload


def write(neural_network: Any, workload: Workload) -> Sequence[Contestant]:
    """There is one way."""
    return [Contestant("MLPClassifier", trainer(neural_network, workload))]


def trainer(neural_network: Any, workload: Workload) -> Callable[[int], int]:
    """`fit` for as many epochs as asked; it must not stop because it learned enough."""
    inputs, targets = workload.samples()
    labels = targets.argmax(1) if workload.sizes[-1] > 1 else targets[:, 0].astype(int)
    steps_per_epoch = ceil(len(inputs) / workload.batch)

    def run(steps: int) -> int:
        epochs = max(1, round(steps / steps_per_epoch))
        model = neural_network.MLPClassifier(
            hidden_layer_sizes=workload.sizes[1:-1],
            activation=workload.activation,
            solver=workload.optimizer,
            alpha=0.0,
            batch_size=workload.batch,
            learning_rate_init=workload.learning_rate,
            max_iter=epochs,
            tol=0.0,
            n_iter_no_change=epochs + 1,
            momentum=0.0,
            nesterovs_momentum=False,
        )
        with warnings.catch_warnings():
            # It complains that it was stopped before it was done; that is what we asked for.
            warnings.simplefilter("ignore")
            model.fit(inputs, labels)
        return epochs * steps_per_epoch

    return run


PEER = Peer("scikit-learn", "sklearn.neural_network", write)
