"""How large the gradients of the layers are. Guarded by tests/engine/test_doctor_network.py."""

from __future__ import annotations

import numpy as np

from engine.doctor.evidence import Evidence


def gradient_sizes(evidence: Evidence) -> dict[str, float]:
    """The root mean square of the last batch's gradient by each layer's weights, in order.

    Frozen layers have none.
    """
    sizes = {}
    for key in evidence.weights():
        if evidence.node(key.partition(".")[0]).frozen:
            continue
        gradient = evidence.gradients[key].astype(np.float64)
        sizes[key.partition(".")[0]] = float(np.sqrt(np.mean(gradient**2)))
    return sizes
