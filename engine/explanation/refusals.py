"""Errors for numbers that can't be explained.

Guarded by tests/engine/test_explanation_refusals.py.
"""

from __future__ import annotations

from engine.arithmetic.quantity import Quantity
from engine.errors import NeurariumError
from engine.text import Text


def unknown_kind(quantity: Quantity, known: list[str]) -> NeurariumError:
    """A kind of number that doesn't exist."""
    return NeurariumError(
        "unknown_quantity",
        "quantity.kind",
        Text(f"There is no kind of number “{quantity.kind}”.", f"没有“{quantity.kind}”这种数。"),
        Text("Choose one of those listed.", "请从列出的种类中选择。"),
        value=quantity.kind,
        allowed=known,
    )


def unknown_layer(name: str, known: list[str]) -> NeurariumError:
    """A layer that the network doesn't have."""
    return NeurariumError(
        "unknown_layer",
        "quantity.layer",
        Text(f"The network has no layer “{name}”.", f"网络中没有层“{name}”。"),
        Text("Choose one of those listed.", "请从列出的层中选择。"),
        value=name,
        allowed=known,
    )


def no_sum(layer: str, known: list[str]) -> NeurariumError:
    """A weighted sum of a layer that adds nothing up."""
    return NeurariumError(
        "no_weighted_sum",
        "quantity.kind",
        Text(f"Layer “{layer}” has no weighted sums.", f"层“{layer}”没有加权和。"),
        Text("Ask for its output, or for another layer.", "请查看它的输出，或换一层。"),
        value=layer,
        allowed=known,
    )


def unknown_parameter(layer: str, parameter: str, known: list[str]) -> NeurariumError:
    """A parameter that the layer doesn't have."""
    return NeurariumError(
        "unknown_parameter",
        "quantity.parameter",
        Text(
            f"Layer “{layer}” has no parameter “{parameter}”.",
            f"层“{layer}”没有参数“{parameter}”。",
        ),
        Text("Choose one of those listed.", "请从列出的参数中选择。")
        if known
        else Text(
            "This layer learns nothing; choose another one.", "该层没有可学习的参数，请换一层。"
        ),
        value=parameter,
        allowed=known or "none",
    )


def wrong_index(quantity: Quantity, shape: tuple[int, ...]) -> NeurariumError:
    """An index outside."""
    return NeurariumError(
        "wrong_index",
        "quantity.index",
        Text(
            f"There is no number at this index in “{quantity.layer}”.",
            f"“{quantity.layer}”中没有这个下标的数。",
        ),
        Text("Choose an index inside the shape.", "请选择形状范围内的下标。"),
        value=f"[{', '.join(map(str, quantity.index))}]",
        allowed=f"[{', '.join(f'0…{size - 1}' for size in shape)}]",
    )


def wrong_sample(quantity: Quantity, batch: int) -> NeurariumError:
    """A sample outside the batch, or missing."""
    return NeurariumError(
        "wrong_sample",
        "quantity.sample",
        Text(f"The batch has {batch} sample(s).", f"这一批有 {batch} 个样本。"),
        Text("Choose one of them, counted from 0.", "请选择其中之一，从 0 数起。"),
        value="none" if quantity.sample is None else quantity.sample,
        allowed=f"0…{batch - 1}",
    )


def no_sample(quantity: Quantity) -> NeurariumError:
    """A sample of a parameter."""
    return NeurariumError(
        "wrong_sample",
        "quantity.sample",
        Text("A parameter belongs to no single sample.", "参数不属于任何单个样本。"),
        Text("Leave the sample out.", "请不要给出样本。"),
        value=quantity.sample,
        allowed="none",
    )


def not_computed_yet(where: str, title: Text, row: int, done: int) -> NeurariumError:
    """A number whose row comes later in this step."""
    return NeurariumError(
        "not_computed_yet",
        where,
        Text(
            f"This number isn’t computed yet in this step; instruction {row + 1} will do it: "
            f"{title.en}.",
            f"这一步还没有算到这个数；它由第 {row + 1} 条指令计算：{title.zh}。",
        ),
        Text(
            f"Step on until instruction {row + 1} is done.",
            f"请继续单步，直到第 {row + 1} 条指令完成。",
        ),
        value=f"{done} done",
        allowed=f"≥ {row + 1} done",
    )


def no_gradient(layer: str, known: list[str]) -> NeurariumError:
    """The gradient at a layer before the first one that learns."""
    return NeurariumError(
        "gradient_not_needed",
        "quantity.layer",
        Text(
            f"The gradient at layer “{layer}” isn’t computed: nothing before it learns.",
            f"层“{layer}”处的梯度不会被计算：它之前没有可学习的层。",
        ),
        Text("Choose a layer that learns, or one behind it.", "请选择可学习的层，或它后面的层。"),
        value=layer,
        allowed=known or "none",
    )


def not_in_program(quantity: Quantity) -> NeurariumError:
    """A gradient or a loss where the network is only used."""
    return NeurariumError(
        "not_in_program",
        "quantity.kind",
        Text(
            "Here the network is only used, not trained: there is no loss and no gradient.",
            "这里只是使用网络而不训练：没有损失，也没有梯度。",
        ),
        Text("Ask for an output or a weighted sum.", "请查看输出或加权和。"),
        value=quantity.kind,
        allowed=["output", "sum", "parameter"],
    )
