"""What an edit changed, in a few words: the name of the branch or stretch it begins.

Guarded by tests/engine/test_causes.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.catalog import Described
from engine.experiment import Experiment
from engine.graph import Node
from engine.text import Text

MOST = 2
"""How many changes are named before the rest is only counted."""
PARTS = {
    "data": Text("Data", "数据"),
    "loss": Text("Loss", "损失"),
    "optimizer": Text("Optimizer", "优化器"),
    "task": Text("Task", "任务"),
    "seeds": Text("Seeds", "随机种子"),
}
NOTHING = Text("a copy", "副本")


def describe_change(before: Experiment, after: Experiment) -> Text:
    """Such as “Learning rate 0.03 → 0.1” or “hidden2 added”."""
    changes = [*_experiment_changes(before, after), *_graph_changes(before, after)]
    if not changes:
        return NOTHING
    named = changes[:MOST]
    rest = len(changes) - len(named)
    more = Text(f", {rest} more", f"等 {len(changes)} 处") if rest else Text("", "")
    english = ", ".join(change.en for change in named) + more.en
    return Text(english, "、".join(change.zh for change in named) + more.zh)


def _experiment_changes(before: Experiment, after: Experiment) -> Iterator[Text]:
    for name in Experiment.model_fields:
        if name in ("title", "graph", "version"):
            continue
        old, new = getattr(before, name), getattr(after, name)
        if old == new:
            continue
        if name in PARTS and (type(old) is not type(new) or not isinstance(new, Described)):
            yield _replaced(PARTS[name], new)
        elif name in PARTS or name == "regularization":
            yield from _field_changes(old, new)
        else:
            yield _moved(_title(Experiment, name), old, new)


def _operations(old: Node, new: Node) -> Iterator[Text]:
    """What was done to a layer by hand."""
    if old.frozen != new.frozen:
        english, chinese = ("frozen", "冻结") if new.frozen else ("thawed", "解冻")
        yield Text(f"{new.name} {english}", f"{chinese} {new.name}")
    for clamp in new.clamps:
        if clamp not in old.clamps:
            yield Text(
                f"{new.name}: unit {clamp.unit + 1} held at {clamp.value:g}",
                f"{new.name}：单元 {clamp.unit + 1} 固定为 {clamp.value:g}",
            )
    held = {clamp.unit for clamp in new.clamps}
    for clamp in old.clamps:
        if clamp.unit not in held:
            yield Text(
                f"{new.name}: unit {clamp.unit + 1} released",
                f"{new.name}：取消固定单元 {clamp.unit + 1}",
            )


def _replaced(part: Text, new: object) -> Text:
    if isinstance(new, Described):
        return Text(f"{part.en}: {new.title.en}", f"{part.zh}：{new.title.zh}")
    return Text(f"Other {part.en.lower()}", f"更换{part.zh}")


def _field_changes(old: Any, new: Any, owner: str = "") -> Iterator[Text]:
    """The fields in which two members of one kind differ."""
    for name in type(new).model_fields:
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            title = _title(type(new), name)
            if owner:
                title = Text(f"{owner}: {title.en}", f"{owner}：{title.zh}")
            yield _moved(title, was, now)


def _title(owner: type[Any], name: str) -> Text:
    extra = owner.model_fields[name].json_schema_extra
    words = extra["described"]["title"] if extra else {"en": name, "zh": name}
    return Text(words["en"], words["zh"])


def _moved(title: Text, old: object, new: object) -> Text:
    if isinstance(new, Described):
        return Text(f"{title.en}: {new.title.en}", f"{title.zh}：{new.title.zh}")
    shown = [f"{value:g}" if isinstance(value, float) else str(value) for value in (old, new)]
    return Text(f"{title.en} {' → '.join(shown)}", f"{title.zh} {' → '.join(shown)}")


def _graph_changes(before: Experiment, after: Experiment) -> Iterator[Text]:
    old = {node.name: node for node in before.graph.nodes}
    new = {node.name: node for node in after.graph.nodes}
    for name in (name for name in new if name not in old):
        yield Text(f"{name} added", f"添加 {name}")
    for name in (name for name in old if name not in new):
        yield Text(f"{name} removed", f"移除 {name}")
    for name in (name for name in new if name in old):
        was, now = old[name].layer, new[name].layer
        if type(was) is not type(now):
            yield _replaced(Text(name, name), now)
        elif was != now:
            yield from _field_changes(was, now, name)
        yield from _operations(old[name], new[name])
    if set(old) == set(new) and set(before.graph.edges) != set(after.graph.edges):
        yield Text("other connections", "更改连接")
