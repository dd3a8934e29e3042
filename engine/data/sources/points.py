"""The user's own points, drawn by hand. Guarded by tests/engine/test_data_points.py."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from engine.catalog import described
from engine.data.dataset import Dataset, Problem, Source
from engine.data.generators import LIMIT, PLANE_FEATURES, class_names, plane_domain
from engine.errors import DataError
from engine.text import Text

MOST_POINTS = 2000
LARGEST_LABEL = 9

Coordinate = Annotated[float, Field(ge=-LIMIT, le=LIMIT)]
Label = Annotated[int, Field(ge=0, le=LARGEST_LABEL)]
Point = tuple[Coordinate, Coordinate, Label]

_ADD = Text(
    "Click on the plane to add points; choose another class and add points of that one too.",
    "在平面上点击即可添加点；再换一个类别，也添加一些点。",
)


class Points(Source):
    """Points drawn by hand."""

    kind: Literal["points"] = "points"
    title: ClassVar[Text] = Text("My own points", "我画的点")
    help: ClassVar[Text] = Text(
        "Points that you put on the plane yourself, in up to ten classes. Add, move and delete "
        "them while the network learns.",
        "由你自己放在平面上的点，最多十个类别。网络学习时也可以添加、移动和删除。",
    )
    problem: ClassVar[Problem] = "classification"
    shape: ClassVar[tuple[int, ...]] = (2,)

    points: Annotated[tuple[Point, ...], Field(max_length=MOST_POINTS)] = described(
        (),
        Text("Points", "点"),
        Text(
            f"Each point is x₁, x₂ (from −{LIMIT:g} to {LIMIT:g}) and the number of its class "
            f"(0 to {LARGEST_LABEL}); at most {MOST_POINTS:,} points.",
            f"每个点是 x₁、x₂（从 −{LIMIT:g} 到 {LIMIT:g}）和类别编号（0 到 {LARGEST_LABEL}）；"
            f"最多 {MOST_POINTS} 个点。",
        ),
    )

    def load(self, seed: int) -> Dataset:
        """The points in the order they were drawn; a class keeps its number.

        Raises:
            DataError: with fewer than two points, or with points of one class only.
        """
        table = np.array(self.points, dtype=np.float64).reshape(-1, 3)
        labels = table[:, 2].astype(np.int64)
        self._refuse_too_little(labels)
        return Dataset(
            inputs=np.ascontiguousarray(table[:, :2], dtype=np.float32),
            targets=labels,
            problem=self.problem,
            features=PLANE_FEATURES,
            classes=class_names(int(labels.max()) + 1),
            domain=plane_domain(2),
        )

    @staticmethod
    def _refuse_too_little(labels: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
        where = "data.source.points"
        if labels.size < 2:
            message = Text(
                f"There are too few points to learn from: {labels.size}.",
                f"点太少，学不了：只有 {labels.size} 个。",
            )
            raise DataError(
                "too_few_points",
                where,
                message,
                _ADD,
                value=labels.size,
                allowed=f"2 … {MOST_POINTS}",
            )
        if np.all(labels == labels[0]):
            message = Text(
                f"All {labels.size} points are of class {labels[0]}: nothing to tell apart.",
                f"全部 {labels.size} 个点都是类别 {labels[0]}，没有什么可区分的。",
            )
            raise DataError(
                "one_class",
                where,
                message,
                _ADD,
                value=int(labels[0]),
                allowed="at least 2 classes",
            )
