"""Titles of explanations and the sentences for a screen reader.

Guarded by tests/engine/test_explanation.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.arithmetic.figures import spoken
from engine.arithmetic.live import sample_called
from engine.arithmetic.quantity import Kind, Line, Quantity
from engine.arithmetic.sums import MOST_WRITTEN, Account, largest
from engine.explanation.anatomy import Anatomy
from engine.text import Text

TITLES: dict[Kind, Text] = {
    "output": Text("Output of {number}", "{number} 的输出"),
    "sum": Text("Weighted sum of {number}", "{number} 的加权和"),
    "output_gradient": Text("Gradient by the output of {number}", "损失对 {number} 的输出的梯度"),
    "sum_gradient": Text(
        "Gradient by the weighted sum of {number}", "损失对 {number} 的加权和的梯度"
    ),
    "parameter": Text("{number}", "{number}"),
    "parameter_gradient": Text("Gradient by the {number}", "损失对“{number}”的梯度"),
    "loss": Text("Loss of {number}", "{number}的损失"),
}
SOURCE = Text("Value of {number}", "{number} 的值")
"""Of a number that the network is given."""


def title(anatomy: Anatomy, quantity: Quantity) -> Text:
    """What a number is, in words."""
    if quantity.kind == "loss":
        number = (
            Text("the batch, the mean over its samples", "整批（各样本的平均）")
            if quantity.sample is None
            else sample_called(quantity.sample)
        )
        return _filled(TITLES["loss"], number)
    layer = anatomy.node(quantity.layer).layer
    if quantity.kind in ("parameter", "parameter_gradient"):
        live = anatomy.live(quantity.layer)
        number = layer.call_parameter(live, quantity.parameter, quantity.index)
        return _filled(TITLES[quantity.kind], number)
    number = anatomy.call(quantity.layer, quantity.index)
    is_given = quantity.kind == "output" and not layer.input_ports
    words = _filled(SOURCE if is_given else TITLES[quantity.kind], number)
    if anatomy.batch() == 1 or quantity.sample is None:
        return words
    sample = sample_called(quantity.sample)
    return Text(f"{words.en}, {sample.en}", f"{words.zh}，{sample.zh}")


def _filled(words: Text, number: Text) -> Text:
    en, zh = words.en.format(number=number.en), words.zh.format(number=number.zh)
    return Text(en[0].upper() + en[1:], zh)


def sentences(anatomy: Anatomy, name: Text, value: float, account: Account) -> Text:
    """What lines and terms show, to be read aloud."""
    lines, is_sum = account.lines, bool(account.terms)
    parts = [Text(f"{name.en}: {spoken(value)}.", f"{name.zh}：{spoken(value)}。")]
    steps = lines[:-1] if is_sum else lines
    if len(steps) > 1 or is_sum:
        parts.extend(
            Text(
                f"{line.name.en}: {spoken(line.value)}.", f"{line.name.zh}：{spoken(line.value)}。"
            )
            for line in steps
        )
    parts.append(_spoken_terms(account) if is_sum else _spoken_links(anatomy, lines))
    return Text(
        " ".join(part.en[:1].upper() + part.en[1:] for part in parts if part.en),
        "".join(part.zh for part in parts),
    )


def _spoken_terms(account: Account) -> Text:
    # The smallest addends of a long sum are one last term, which isn't read aloud.
    single = account.terms[:-1] if account.count > len(account.terms) else account.terms
    places = largest(np.array([abs(term.value) for term in single]), MOST_WRITTEN)
    named = [(single[place].label, spoken(single[place].value)) for place in places]
    en = ", ".join(f"{label.en} {number}" for label, number in named)
    zh = "，".join(f"{label.zh} {number}" for label, number in named)
    count = account.count
    if count == 1:
        return Text(f"It has one term: {en}.", f"只有一项：{zh}。")
    if count > len(places):
        return Text(
            f"It is the sum of {count} terms; the largest: {en}.",
            f"它是 {count} 项之和，其中最大的：{zh}。",
        )
    return Text(f"It is the sum of {count} terms: {en}.", f"它是 {count} 项之和：{zh}。")


def _spoken_links(anatomy: Anatomy, lines: Sequence[Line]) -> Text:
    """The numbers that stand in lines without a sum."""
    links = list(dict.fromkeys(link for line in lines for link in line.links))[:MOST_WRITTEN]
    if not links:
        return Text("", "")
    named = [(title(anatomy, link), spoken(anatomy.value(link))) for link in links]
    en = "; ".join(f"{name.en} {number}" for name, number in named)
    zh = "；".join(f"{name.zh} {number}" for name, number in named)
    return Text(f"It is made of: {en}.", f"由以下各数得出：{zh}。")
