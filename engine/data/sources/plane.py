"""Classification on the plane: patterns that ask more and more of a network.

The first four are the patterns of TensorFlow Playground (Smilkov et al., 2017), in its dimensions.
Guarded by tests/engine/test_data_sources.py.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from engine.catalog import described
from engine.data.generators import (
    LIMIT,
    Doubles,
    Labels,
    PlaneClasses,
    scatter_field,
    spread_evenly,
)
from engine.text import Text

RADIUS = 5.0
"""Size of the patterns; the rest of the plane is room for noise and for looking past the data."""


def polar(radius: Doubles, angle: Doubles) -> Doubles:
    """Points `(samples, 2)` at a distance and an angle (radians) from the origin."""
    points: Doubles = np.column_stack((radius * np.cos(angle), radius * np.sin(angle)))
    return points


class Circle(PlaneClasses):
    """A disc inside a ring."""

    kind: Literal["circle"] = "circle"
    title: ClassVar[Text] = Text("Circle", "圆")
    help: ClassVar[Text] = Text(
        "A disc of one class inside a ring of the other. No straight line parts them, "
        "but x₁² and x₂² make it easy.",
        "一类是中间的圆盘，另一类是外面的圆环。直线分不开它们，但有了 x₁² 和 x₂² 就很容易。",
    )
    formula: ClassVar[str] = r"y = [\, x_1^2 + x_2^2 < 3^2 \,]"

    def draw(self, labels: Labels, random: np.random.Generator) -> Doubles:
        """Class 1 within half the radius, class 0 from 0.7 of it outwards, evenly over the area."""
        low = np.where(labels == 1, 0.0, 0.7 * RADIUS)
        high = np.where(labels == 1, 0.5 * RADIUS, RADIUS)
        radius = np.sqrt(random.uniform(low**2, high**2))
        return polar(radius, random.uniform(0, 2 * np.pi, labels.size))


class ExclusiveOr(PlaneClasses):
    """Opposite quadrants belong together."""

    kind: Literal["xor"] = "xor"
    title: ClassVar[Text] = Text("Exclusive or", "异或")
    help: ClassVar[Text] = Text(
        "Opposite quadrants belong to the same class. It is the pattern that a single neuron "
        "cannot learn (Minsky and Papert, 1969).",
        "相对的两个象限属于同一类。这正是单个神经元学不会的图形（Minsky 与 Papert，1969）。",
    )
    formula: ClassVar[str] = r"y = [\, x_1 x_2 > 0 \,]"

    def draw(self, labels: Labels, random: np.random.Generator) -> Doubles:
        """Class 1 where the signs agree; a narrow cross along the axes stays empty."""
        sizes = random.uniform(0.06 * RADIUS, RADIUS, (labels.size, 2))
        first = random.choice((-1.0, 1.0), labels.size)
        second = np.where(labels == 1, first, -first)
        points: Doubles = sizes * np.column_stack((first, second))
        return points


class Gaussians(PlaneClasses):
    """A round cloud for each class."""

    kind: Literal["gaussians"] = "gaussians"
    title: ClassVar[Text] = Text("Gaussians", "高斯团")
    help: ClassVar[Text] = Text(
        "A round cloud of points for each class. Two clouds are parted by a straight line: "
        "one neuron is enough. More classes call for a softmax output.",
        "每一类是一团圆形的点云。两团用一条直线就能分开，一个神经元就够了；"
        "类别更多时要用 softmax 输出。",
    )
    formula: ClassVar[str] = (
        r"x \sim \mathcal{N}(\mu_y,\ \sigma^2 I),\quad \sigma = 0.5 + 1.5\,\text{noise}"
    )

    noise: float = scatter_field(0.2)
    classes: int = described(
        2,
        Text("Classes", "类别数"),
        Text(
            "How many clouds there are. The output layer needs as many units "
            "(a single one will do for two classes).",
            "有多少团点云。输出层需要同样多的单元（只有两类时，一个单元就够）。",
        ),
        minimum=2,
        maximum=6,
        unit=Text("classes", "类"),
    )

    def draw(self, labels: Labels, random: np.random.Generator) -> Doubles:
        """The centres: evenly on a circle, class 0 at the lower left."""
        angle = np.pi * (1.25 + 2 * labels / self.classes)
        return polar(np.full(labels.size, 0.7 * RADIUS), angle)

    def count_classes(self) -> int:
        """One a cloud."""
        return self.classes

    def deviation(self) -> float:
        """A cloud has a size even without noise."""
        return 0.5 + 1.5 * self.noise


class Spiral(PlaneClasses):
    """Two arms wound around each other."""

    kind: Literal["spiral"] = "spiral"
    title: ClassVar[Text] = Text("Spiral", "螺旋")
    help: ClassVar[Text] = Text(
        "Two arms wound around each other: the hardest of the classic patterns. "
        "It takes a hidden layer or two, or the sine features.",
        "两条互相缠绕的旋臂，是经典图形中最难的一个。需要一两个隐藏层，或者正弦特征。",
    )
    formula: ClassVar[str] = (
        r"x = 5u\,(\sin\varphi,\ \cos\varphi),\quad \varphi = 2\pi\,\text{turns}\,u + \pi y"
    )

    turns: float = described(
        1.75,
        Text("Turns", "圈数"),
        Text(
            "How often each arm winds around the centre. More turns are harder.",
            "每条旋臂绕中心多少圈。圈数越多越难。",
        ),
        minimum=0.5,
        maximum=3.0,
        unit=Text("turns", "圈"),
    )

    def draw(self, labels: Labels, random: np.random.Generator) -> Doubles:
        """Archimedes' spirals; the second arm is the first one turned by half a turn."""
        place = spread_evenly(labels, random)
        angle = 2 * np.pi * self.turns * place + np.pi * labels
        return polar(RADIUS * place, np.pi / 2 - angle)


class Moons(PlaneClasses):
    """Two half circles that reach into each other."""

    kind: Literal["moons"] = "moons"
    title: ClassVar[Text] = Text("Moons", "双月")
    help: ClassVar[Text] = Text(
        "Two half moons that reach into each other. "
        "A few hidden neurons bend the border into an S.",
        "两个互相咬合的半月。几个隐藏神经元就能把分界线弯成 S 形。",
    )
    formula: ClassVar[str] = (
        r"x = 3(-1)^y\,\bigl(\cos \pi u - \tfrac12,\ \sin \pi u - \tfrac14\bigr)"
    )

    noise: float = scatter_field(0.3)

    def draw(self, labels: Labels, random: np.random.Generator) -> Doubles:
        """The lower moon is the upper one seen through the origin."""
        angle = np.pi * spread_evenly(labels, random)
        upper = 0.6 * RADIUS * np.column_stack((np.cos(angle) - 0.5, np.sin(angle) - 0.25))
        return np.where(labels[:, np.newaxis] == 0, upper, -upper)


class Rings(PlaneClasses):
    """Concentric rings of alternating class."""

    kind: Literal["rings"] = "rings"
    title: ClassVar[Text] = Text("Rings", "同心环")
    help: ClassVar[Text] = Text(
        "Rings around the centre, by turns of one class and of the other. "
        "Every further ring asks for more neurons.",
        "围绕中心的圆环，两类交替出现。每多一环，就需要更多神经元。",
    )
    formula: ClassVar[str] = r"\lVert x \rVert = 5\,\frac{k+1}{\text{rings}},\quad y = k \bmod 2"

    rings: int = described(
        3,
        Text("Rings", "环数"),
        Text("How many rings there are.", "有多少个圆环。"),
        minimum=2,
        maximum=5,
        unit=Text("rings", "环"),
    )

    def draw(self, labels: Labels, random: np.random.Generator) -> Doubles:
        """Within a class, a ring gets points in proportion to its length."""
        numbers = np.arange(self.rings)
        ring = np.empty(labels.size)
        for label in (0, 1):
            rows = np.flatnonzero(labels == label)
            own = numbers[numbers % 2 == label]
            ring[rows] = random.choice(own, rows.size, p=(own + 1) / (own + 1).sum())
        radius = RADIUS * (ring + 1) / self.rings
        return polar(radius, random.uniform(0, 2 * np.pi, labels.size))


class Checkerboard(PlaneClasses):
    """Tiles of alternating class."""

    kind: Literal["checkerboard"] = "checkerboard"
    title: ClassVar[Text] = Text("Checkerboard", "棋盘")
    help: ClassVar[Text] = Text(
        "Tiles of alternating class over the whole plane. "
        "A network has to draw many borders at once; wide layers help.",
        "铺满整个平面的格子，两类交替。网络要同时画出许多条分界线，宽一些的层会有帮助。",
    )
    formula: ClassVar[str] = r"y = (\lfloor x_1 / s \rfloor + \lfloor x_2 / s \rfloor) \bmod 2"

    tiles: int = described(
        4,
        Text("Tiles a side", "每边格数"),
        Text("How many tiles lie along each side of the board.", "棋盘每条边上有多少格。"),
        minimum=2,
        maximum=6,
        unit=Text("tiles", "格"),
    )

    def draw(self, labels: Labels, random: np.random.Generator) -> Doubles:
        """Evenly over the tiles of the class, a twentieth of a tile away from their borders."""
        column, row = np.divmod(np.arange(self.tiles**2), self.tiles)
        corners = np.empty((labels.size, 2))
        for label in (0, 1):
            rows = np.flatnonzero(labels == label)
            own = np.flatnonzero((column + row) % 2 == label)
            tile = random.choice(own, rows.size)
            corners[rows] = np.column_stack((column[tile], row[tile]))
        inside = random.uniform(0.05, 0.95, corners.shape)
        return (corners + inside) * (2 * LIMIT / self.tiles) - LIMIT
