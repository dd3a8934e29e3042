"""Small tables of real measurements; they ship in `files/` with their licence records.

Guarded by tests/engine/test_data_sources.py.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from engine.data.dataset import Dataset, Problem, Source
from engine.data.shipped import read_table
from engine.text import Text


class Iris(Source):
    """Fisher's iris flowers."""

    kind: Literal["iris"] = "iris"
    title: ClassVar[Text] = Text("Iris flowers", "鸢尾花")
    help: ClassVar[Text] = Text(
        "150 flowers of three species, four measurements each (Fisher, 1936). "
        "One species stands apart, the other two overlap a little.",
        "三个品种共 150 朵花，每朵四项测量（Fisher，1936）。一种与众不同，另外两种略有重叠。",
    )
    problem: ClassVar[Problem] = "classification"
    shape: ClassVar[tuple[int, ...]] = (4,)

    def load(self, seed: int) -> Dataset:
        """Centimetres, `(150, 4)`, in the order of Fisher's table."""
        columns = {
            "sepal_length": Text("sepal length (cm)", "花萼长度（厘米）"),
            "sepal_width": Text("sepal width (cm)", "花萼宽度（厘米）"),
            "petal_length": Text("petal length (cm)", "花瓣长度（厘米）"),
            "petal_width": Text("petal width (cm)", "花瓣宽度（厘米）"),
        }
        species = {
            "setosa": Text("Iris setosa", "山鸢尾"),
            "versicolor": Text("Iris versicolor", "变色鸢尾"),
            "virginica": Text("Iris virginica", "维吉尼亚鸢尾"),
        }
        return labelled("iris.csv", columns, species)


class Penguins(Source):
    """The penguins of Palmer Station."""

    kind: Literal["penguins"] = "penguins"
    title: ClassVar[Text] = Text("Penguins", "企鹅")
    help: ClassVar[Text] = Text(
        "342 penguins of three species near Palmer Station, Antarctica, four measurements each. "
        "Body mass is in grams: standardize, or it drowns the other features.",
        "南极帕尔默站附近的 342 只企鹅，分属三种，每只四项测量。"
        "体重以克为单位：要先标准化，否则它会淹没其他特征。",
    )
    problem: ClassVar[Problem] = "classification"
    shape: ClassVar[tuple[int, ...]] = (4,)

    def load(self, seed: int) -> Dataset:
        """Millimetres and grams, `(342, 4)`, in the order of the table."""
        columns = {
            "bill_length_mm": Text("bill length (mm)", "喙长（毫米）"),
            "bill_depth_mm": Text("bill depth (mm)", "喙厚（毫米）"),
            "flipper_length_mm": Text("flipper length (mm)", "鳍肢长（毫米）"),
            "body_mass_g": Text("body mass (g)", "体重（克）"),
        }
        species = {
            "Adelie": Text("Adélie", "阿德利企鹅"),
            "Chinstrap": Text("chinstrap", "帽带企鹅"),
            "Gentoo": Text("gentoo", "巴布亚企鹅"),
        }
        return labelled("penguins.csv", columns, species)


def labelled(file: str, columns: dict[str, Text], species: dict[str, Text]) -> Dataset:
    """A shipped table whose classes are its species."""
    table = read_table(file, tuple(columns), "species", tuple(species))
    return Dataset(
        inputs=table.inputs,
        targets=table.targets,
        problem="classification",
        features=tuple(columns.values()),
        classes=tuple(species.values()),
    )
