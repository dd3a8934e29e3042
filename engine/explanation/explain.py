"""How one number came about. Guarded by tests/engine/test_explanation*.py.

Forward values and gradients were computed with the parameters that the step began with, so those
are read from the arena before; everything else is read from the arena now.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.arithmetic.figures import fraction, number
from engine.arithmetic.live import sample_called
from engine.arithmetic.quantity import Kind, Line, Quantity
from engine.arithmetic.sums import Account, Addend, Sum, joined
from engine.explanation.anatomy import Anatomy
from engine.explanation.quantity import Explanation
from engine.explanation.refusals import unknown_kind
from engine.explanation.scene import Scene
from engine.explanation.words import sentences, title
from engine.kernels.abi import OPTIMIZER_START, STEP
from engine.optimizers.optimizer import Moment, explain_penalty
from engine.text import Text

Doubles = NDArray[np.float64]
GRADIENT = Text("gradient", "梯度")


def explain(scene: Scene, quantity: Quantity) -> Explanation:
    """The formula of one number with the live values, and the numbers it is made of.

    Raises:
        NeurariumError: there is no such number in this network; `not_computed_yet` where its row
        comes later in this step; nobody computes it.
    """
    if quantity.kind not in _ACCOUNTS:
        raise unknown_kind(quantity, list(_ACCOUNTS))
    anatomy = Anatomy(scene)
    block, _ = anatomy.place(quantity)
    row = anatomy.row_of(block)
    if quantity.kind != "parameter":
        row = anatomy.done_row(quantity, block)
    with np.errstate(all="ignore"):  # a broken network's numbers are NaN, without a word
        account = _ACCOUNTS[quantity.kind](anatomy, quantity)
    value, name = anatomy.value(quantity), title(anatomy, quantity)
    text = sentences(anatomy, name, value, account)
    return Explanation(quantity, name, value, account.lines, account.terms, text, row)


def _sample(quantity: Quantity) -> int:
    assert quantity.sample is not None, "numbers of a sample were checked to have one"
    return quantity.sample


HELD = Text("held by hand", "手动固定")
NOT_PASSED = Text("a unit held by hand passes no gradient", "手动固定的单元不传梯度")


def _output(anatomy: Anatomy, quantity: Quantity) -> Account:
    node = anatomy.node(quantity.layer)
    clamp = node.clamp(quantity.index)
    if clamp is not None:
        return Account((Line("a", "a", number(clamp.value), clamp.value, (), HELD),))
    layer = node.layer
    return layer.explain_output(anatomy.live(quantity.layer), quantity.index, _sample(quantity))


def _sum(anatomy: Anatomy, quantity: Quantity) -> Account:
    node = anatomy.node(quantity.layer)
    layer = node.layer
    if node.clamp(quantity.index) is not None and (layer.sum_blocks() or ("",))[0] == "output":
        # Without an activation the sum is the output.
        return _output(anatomy, quantity)
    return layer.explain_sum(anatomy.live(quantity.layer), quantity.index, _sample(quantity))


def _sum_gradient(anatomy: Anatomy, quantity: Quantity) -> Account:
    layer, live = anatomy.node(quantity.layer).layer, anatomy.live(quantity.layer)
    paths = layer.explain_sum_gradient(live, quantity.index, _sample(quantity))
    return paths.account(GRADIENT, r"\frac{\partial L}{\partial z}")


def _output_gradient(anatomy: Anatomy, quantity: Quantity) -> Account:
    """From the loss and from every layer that read this number, directly or through views."""
    sample, graph = _sample(quantity), anatomy.graph
    root = anatomy.root(quantity.layer)
    place = anatomy.output(quantity.layer).place(quantity.index)
    if anatomy.node(root).clamp(anatomy.output(root).index(place)) is not None:
        symbol = r"\frac{\partial L}{\partial a}"
        return Account((Line(symbol, symbol, "0", 0.0, (), NOT_PASSED),))
    paths: list[Sum] = []
    if anatomy.root(graph.output_name) == root:
        outputs = anatomy.output(graph.output_name)
        paths.append(
            anatomy.loss.explain_gradient(outputs, _targets(anatomy, sample), place, sample)
        )
    for node, port in anatomy.consumers(root):
        index = anatomy.output(graph.sources[node.name][port]).index(place)
        live = anatomy.live(node.name)
        paths.append(node.layer.explain_input_gradient(live, port, index, sample))
    return joined(paths).account(GRADIENT, r"\frac{\partial L}{\partial a}")


def _parameter_gradient(anatomy: Anatomy, quantity: Quantity) -> Account:
    node, live = anatomy.node(quantity.layer), anatomy.live(quantity.layer)
    name, index = quantity.parameter, quantity.index
    sums = [node.layer.explain_parameter_gradient(live, name, index)]
    penalties = anatomy.scene.material.plan.penalties
    parameters = node.layer.parameters(anatomy.graph.input_shapes(quantity.layer))
    if any(penalties) and any(one.regularized for one in parameters if one.name == name):
        weight = float(live.parameters[name][index])
        sums.append(explain_penalty(weight, penalties, live.parameter(name, index)))
    symbol = r"\frac{\partial L}{\partial %s}" % ("b" if name == "bias" else "w")
    return joined(sums).account(GRADIENT, symbol)


def _parameter(anatomy: Anatomy, quantity: Quantity) -> Account:
    """Its update; before the update's row, or where nothing learns, just its value."""
    scene, plan = anatomy.scene, anatomy.scene.material.plan
    block, index = anatomy.place(quantity)
    old = float(scene.program.view(scene.before, block)[index])
    row = anatomy.row_of(block)
    if not 0 <= row < scene.rows:
        name = Text("value until the next update", "下次更新前的值")
        return Account((Line("w", "w", number(old), old, (), name),))
    region = anatomy.network.parameter_region
    at = block.offset - region.offset + int(np.ravel_multi_index(index, block.shape))
    slots = [
        float(scene.before[anatomy.blocks[f"optimizer:{slot}"].offset + at])
        for slot in plan.optimizer.slots
    ]
    source = Quantity("parameter_gradient", quantity.layer, quantity.parameter, index)
    step = int(scene.state[STEP]) - int(scene.state[OPTIMIZER_START]) + 1
    moment = Moment(old, anatomy.value(source), slots, step, source)
    first = Line("w", "w", number(old), old, (), Text("old value", "旧值"))
    return Account((first, *plan.optimizer.explain_update(moment)))


def _loss(anatomy: Anatomy, quantity: Quantity) -> Account:
    sample = quantity.sample
    if sample is not None:
        outputs = anatomy.output(anatomy.graph.output_name)
        losses = anatomy.loss.explain_sample(outputs, _targets(anatomy, sample), sample)
        return losses.account(Text("loss of this sample", "该样本的损失"), "L_s")
    values = anatomy.view(anatomy.block(Quantity("loss", sample=0))).astype(np.float64)

    def show(sample: int) -> Addend:
        filled = fraction(number(values[sample]), str(len(values)))
        return Addend(sample_called(sample), filled, (Quantity("loss", sample=sample),))

    mean = Sum(r"\frac{1}{B} \sum_s L_s", values / len(values), show)
    return mean.account(Text("mean loss", "平均损失"), "L")


def _targets(anatomy: Anatomy, sample: int) -> Doubles:
    """What one sample's outputs are compared with."""
    return anatomy.view(anatomy.blocks["targets"])[:, sample].astype(np.float64)


_ACCOUNTS: dict[Kind, Callable[[Anatomy, Quantity], Account]] = {
    "output": _output,
    "sum": _sum,
    "output_gradient": _output_gradient,
    "sum_gradient": _sum_gradient,
    "parameter": _parameter,
    "parameter_gradient": _parameter_gradient,
    "loss": _loss,
}
