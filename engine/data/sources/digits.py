"""Handwritten digits. Guarded by tests/engine/test_data_sources.py."""

from __future__ import annotations

from typing import ClassVar, Literal

from engine.data.dataset import Dataset, Problem, Source
from engine.data.shipped import read_digits
from engine.text import Text


class Mnist(Source):
    """MNIST: handwritten digits by some 500 people."""

    kind: Literal["mnist"] = "mnist"
    title: ClassVar[Text] = Text("Handwritten digits (MNIST)", "手写数字（MNIST）")
    help: ClassVar[Text] = Text(
        "10,000 real handwritten digits of 28 × 28 grey pixels (LeCun, Cortes and Burges, 1998): "
        "8,000 to learn from, 2,000 to test. The validation share doesn't change that.",
        "一万个真实的手写数字，每个是 28 × 28 的灰度图（LeCun、Cortes 与 Burges，1998）："
        "8000 个用来学习，2000 个用来检验，不受验证集比例影响。",
    )
    problem: ClassVar[Problem] = "classification"
    shape: ClassVar[tuple[int, ...]] = (28, 28)
    has_own_split: ClassVar[bool] = True

    def load(self, seed: int) -> Dataset:
        """Ink from 0 to 1, `(10000, 28, 28)`, in a fixed order; the first 8,000 train."""
        pictures, digits = read_digits("mnist.npz")
        return Dataset(
            inputs=pictures,
            targets=digits,
            problem=self.problem,
            classes=tuple(Text(str(digit), str(digit)) for digit in range(10)),
            training=8000,
        )
