"""A second session with one difference that goes wherever the first one goes, and what sets both
apart.

    twin = begin_twin(session, timeline, other_experiment)
    twin.follow(session.step)
    compare(Onlooker(session), Onlooker(twin.session), inputs)
"""

from engine.twin.beginning import BUDGET, begin_twin, twin_along
from engine.twin.comparison import (
    Comparison,
    Distance,
    LayerDistance,
    Measure,
    ParameterDistance,
    Unlike,
    compare,
    distance,
    match_layers,
    parameters_of,
    sees_the_same,
)
from engine.twin.onlooker import Onlooker
from engine.twin.twin import Stand, Twin

__all__ = [
    "BUDGET",
    "Comparison",
    "Distance",
    "LayerDistance",
    "Measure",
    "Onlooker",
    "ParameterDistance",
    "Stand",
    "Twin",
    "Unlike",
    "begin_twin",
    "compare",
    "distance",
    "match_layers",
    "parameters_of",
    "sees_the_same",
    "twin_along",
]
