"""Looking at a running session: what can be seen, and how it is made."""

from engine.observer.observer import Inspection, Observation, Observer
from engine.observer.sheet import Sheet, Tensor
from engine.observer.specs import Quantity, TensorSpec

__all__ = ["Inspection", "Observation", "Observer", "Quantity", "Sheet", "Tensor", "TensorSpec"]
