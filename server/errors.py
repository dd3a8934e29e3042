"""Every refusal of the server, in one shape for HTTP and the websocket.

Engine hosts use it too, so nothing of the web comes in here.
Guarded by tests/server/test_errors.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.errors import NeurariumError
from engine.text import Text
from server.protocol import Problem


class Refusal(NamedTuple):
    """What a person is told about one kind of trouble."""

    status: int
    """Of the HTTP answer."""
    message: Text
    hint: Text


_TRY_AGAIN = Text("Try again in a moment.", "请稍后再试。")
_RELOAD = Text("Reload the page.", "请重新加载页面。")
_SEND_JSON = Text("Send one JSON object as text.", "请以文本形式发送一个 JSON 对象。")

REFUSALS: Mapping[str, Refusal] = {
    "bad_request": Refusal(400, Text("This can't be read.", "无法读取。"), _TRY_AGAIN),
    "not_text": Refusal(
        400, Text("A binary message can't be read here.", "这里不能接收二进制消息。"), _SEND_JSON
    ),
    "message_too_large": Refusal(
        413,
        Text("The message is too large.", "消息太大。"),
        Text("Use fewer layers or samples.", "请减少层数或样本数。"),
    ),
    "body_too_large": Refusal(
        413,
        Text("The request's body is too large.", "请求的内容太大。"),
        Text("Send less.", "请减少发送的内容。"),
    ),
    "too_many_requests": Refusal(
        429, Text("There were too many requests from here.", "来自这里的请求太多。"), _TRY_AGAIN
    ),
    "too_many_commands": Refusal(
        429, Text("Too many commands are still waiting.", "还有太多命令在等待执行。"), _TRY_AGAIN
    ),
    "too_many_connections": Refusal(
        503,
        Text("Too many pages are connected.", "连接的页面太多。"),
        Text("Close a page that you don't need and try again.", "请关闭不需要的页面后再试。"),
    ),
    "too_many_sessions": Refusal(
        503,
        Text("Too many networks are in use on this server.", "此服务器上正在使用的网络太多。"),
        Text("Close a page that you don't need and try again.", "请关闭不需要的页面后再试。"),
    ),
    "unknown_session": Refusal(
        404,
        Text("This network isn't on the server any more.", "这个网络已不在服务器上。"),
        Text("Start a new one.", "请新建一个。"),
    ),
    "not_yours": Refusal(
        403,
        Text(
            "You can watch this network, but not change it.", "你可以观看这个网络，但不能修改它。"
        ),
        Text("Make a copy of your own from its link.", "请用它的链接复制一个自己的。"),
    ),
    "hello_expected": Refusal(
        400,
        Text("The first message has to be “hello”.", "第一条消息必须是“hello”。"),
        Text("Say hello, then send the rest.", "请先发送 hello，再发送其他消息。"),
    ),
    "hello_again": Refusal(
        400,
        Text("This connection has said hello already.", "这个连接已经发送过 hello。"),
        Text("Open another connection.", "请打开另一个连接。"),
    ),
    "hello_timeout": Refusal(
        408,
        Text("The connection stayed silent for too long.", "连接沉默太久。"),
        Text("Connect again.", "请重新连接。"),
    ),
    "hello_empty": Refusal(
        422,
        Text("It isn't said which network to open.", "没有说明要打开哪个网络。"),
        Text("Name a session, a preset or an experiment.", "请指定会话、预设或实验。"),
    ),
    "wrong_protocol": Refusal(
        400,
        Text("The page and the server are of different versions.", "页面与服务器的版本不同。"),
        _RELOAD,
    ),
    "nothing_to_inspect": Refusal(
        422,
        Text("It isn't said what to look at.", "没有说明要查看什么。"),
        Text("Name a sample or send values.", "请指定一个样本或发送数值。"),
    ),
    "unknown_preset": Refusal(
        404,
        Text("There is no such preset.", "没有这个预设。"),
        Text("Choose one of those listed.", "请从列出的预设中选择。"),
    ),
    "unknown_tensor": Refusal(
        422,
        Text("This network has no such picture or number.", "这个网络没有这样的图像或数字。"),
        Text("Subscribe what the layout lists.", "请订阅布局中列出的内容。"),
    ),
    "stale_layout": Refusal(
        409,
        Text("The network has changed since.", "网络在此之后已经改变。"),
        Text("Wait for the new layout.", "请等待新的布局。"),
    ),
    "foreign_origin": Refusal(
        403,
        Text("Pages of another site can't connect here.", "其他网站的页面不能连接到这里。"),
        Text(
            "Open Neurarium by its own address, or add the site to NEURARIUM_ALLOWED_ORIGINS.",
            "请用 Neurarium 自己的地址打开，或把该网站加入 NEURARIUM_ALLOWED_ORIGINS。",
        ),
    ),
    "foreign_host": Refusal(
        403,
        Text("This server doesn't go by that name.", "此服务器没有这个名称。"),
        Text(
            "Open it by its own address, or add the name to NEURARIUM_ALLOWED_ORIGINS.",
            "请用它自己的地址打开，或把该名称加入 NEURARIUM_ALLOWED_ORIGINS。",
        ),
    ),
    "host_lost": Refusal(
        503,
        Text("The engine stopped and is being started again.", "引擎停止了，正在重新启动。"),
        _TRY_AGAIN,
    ),
    "moved": Refusal(
        409,
        Text("This network has moved to another place.", "这个网络已移到别处。"),
        _TRY_AGAIN,
    ),
    "diverged": Refusal(
        409,
        Text("Training has left the finite numbers.", "训练中出现了非有限的数。"),
        Text("Go back to the last healthy moment first.", "请先返回到最近的正常状态。"),
    ),
    "not_paused": Refusal(
        409,
        Text("This can only be seen while training stands still.", "训练暂停时才能查看。"),
        Text("Pause first.", "请先暂停。"),
    ),
    "unknown_row": Refusal(
        422,
        Text("This network has no such instruction.", "这个网络没有这条指令。"),
        Text("Choose one that is listed.", "请选择列出的指令。"),
    ),
    "no_twin": Refusal(
        409,
        Text("There is no twin to compare with.", "没有可以比较的孪生网络。"),
        Text("Begin a twin first.", "请先创建孪生网络。"),
    ),
    "twin_undecided": Refusal(
        422,
        Text("It isn't said what the twin is.", "没有说明孪生网络是什么。"),
        Text("Give an experiment, or the number of a branch.", "请给出实验，或分支的编号。"),
    ),
    "twin_elsewhere": Refusal(
        409,
        Text(
            "The twin doesn't stand at the step of this network.",
            "孪生网络不在这个网络所在的步数。",
        ),
        Text(
            "Wait until it has caught up, or go to a step that both have.",
            "请等它赶上，或回到两者都有的步数。",
        ),
    ),
    "twin_layer_unlike": Refusal(
        422,
        Text(
            "Both networks don't have such a layer in the same shape.",
            "两个网络没有形状相同的这一层。",
        ),
        Text("Choose one of the layers listed.", "请从列出的层中选择。"),
    ),
    "twin_layer_too_large": Refusal(
        422,
        Text(
            "This layer has too many numbers to be shown one by one.",
            "这一层的数太多，无法逐个显示。",
        ),
        Text(
            "Read its distances in the table, or choose a smaller layer.",
            "请查看表中的距离，或选择较小的层。",
        ),
    ),
    "storage_full": Refusal(
        507,
        Text(
            "The server's disk is full. Training goes on, but nothing is saved now.",
            "服务器的磁盘已满。训练会继续，但现在无法保存。",
        ),
        Text(
            "Free some space on the server's disk; saving is tried again every few seconds.",
            "请在服务器磁盘上腾出空间；系统每隔几秒会重新尝试保存。",
        ),
    ),
    "storage_failed": Refusal(
        503,
        Text(
            "The server's disk can't be read or written. Training goes on.",
            "服务器的磁盘无法读写。训练会继续。",
        ),
        Text(
            "Try again in a moment; the server's log names the file.",
            "请稍后再试；服务器日志中有具体文件。",
        ),
    ),
    "not_your_work": Refusal(
        403,
        Text("This work belongs to another browser.", "这份作品属于另一个浏览器。"),
        Text(
            "Use the browser in which it was made; cookies have to be allowed there.",
            "请使用创建它的浏览器，并允许其使用 Cookie。",
        ),
    ),
    "run_unreadable": Refusal(
        422,
        Text("This isn't a saved run, or it is damaged.", "这不是已保存的运行文件，或者已损坏。"),
        Text(
            "Choose a file that was exported by Neurarium, unchanged.",
            "请选择由 Neurarium 导出且未经改动的文件。",
        ),
    ),
    "run_other_version": Refusal(
        422,
        Text(
            "This run was saved by another version of Neurarium.",
            "这个运行文件由其他版本的 Neurarium 保存。",
        ),
        Text("Open it with the version that saved it.", "请用保存它的版本打开。"),
    ),
    "run_too_large": Refusal(
        413,
        Text("This run is too large for this server.", "这个运行文件对此服务器来说太大。"),
        Text("Use a smaller network, or share it by its link.", "请使用较小的网络，或用链接分享。"),
    ),
    "not_found": Refusal(
        404,
        Text("There is nothing at this address.", "这个地址没有内容。"),
        Text("Go to the start page.", "请前往首页。"),
    ),
    "method_not_allowed": Refusal(
        405,
        Text("This address can't be used in that way.", "这个地址不能这样使用。"),
        Text("See the list of addresses at /api/docs.", "请查看 /api/docs 中的地址列表。"),
    ),
    "ui_missing": Refusal(
        503,
        Text("The page hasn't been built.", "页面尚未构建。"),
        Text("Start the server with `python3 -m server`.", "请用 `python3 -m server` 启动服务器。"),
    ),
    "internal": Refusal(
        500,
        Text("Something went wrong inside the server.", "服务器内部出错。"),
        Text("Try again; if it stays, please report it.", "请重试；如果仍然出错，请报告。"),
    ),
}


def refuse(
    code: str, where: str, *, value: object = None, allowed: object = None
) -> NeurariumError:
    """The refusal `code` of the table above, ready to be raised."""
    refusal = REFUSALS[code]
    return NeurariumError(code, where, refusal.message, refusal.hint, value=value, allowed=allowed)


def as_problem(error: NeurariumError) -> Problem:
    """An exception of the product in the form that goes over the wire."""
    return Problem.model_validate(error.as_json())


def from_problem(problem: Mapping[str, Any]) -> NeurariumError:
    """The exception behind a problem that came from another process."""
    known = Problem.model_validate(problem)
    message, hint = Text(**known.message.model_dump()), Text(**known.hint.model_dump())
    return NeurariumError(
        known.code, known.where, message, hint, value=known.value, allowed=known.allowed
    )


def status_of(error: NeurariumError) -> int:
    """The HTTP status of a problem; whatever the engine refuses is 422."""
    refusal = REFUSALS.get(error.code)
    return refusal.status if refusal else 422
