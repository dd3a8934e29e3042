"""The page in a browser: a click until the new network's picture, scripting, first load."""

from __future__ import annotations

import itertools
import json
import struct
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page

from bench.report import Goal, Row
from bench.serving import VIEWPORT, running_browser, running_server
from bench.timing import Effort, percentile
from server.protocol import HEADER_FIELDS

CLICK = Goal(
    "click on + neuron to first picture of the new network, in the browser: p95", "ms", 150.0, 50.0
)
SCRIPTING = Goal("default page: scripting per frame", "ms", 4.0, 1.5)
LOAD = Goal("default page: first load, gzipped", "kB", 300.0, 220.0)
GOALS = (CLICK, SCRIPTING, LOAD)

PROBE = Path(__file__).with_name("probe.js")
LAYER = "hidden1"
NODE = f'.svelte-flow__node[data-id="{LAYER}"]'
ADD, REMOVE = f"Add a unit to {LAYER}", f"Remove a unit from {LAYER}"
LEAST_CLICKS = 30
"""Of fewer, a 95th percentile would be the slowest one."""
FRAMES_BEFORE = 30
FRAMES_PER_REPEAT = 10
PATIENCE = 30_000
"""Milliseconds after which something is broken."""
LOOK_EVERY = 50
"""Milliseconds between two looks at the probe; looking costs the page next to nothing."""


def measure_page(effort: Effort) -> list[Row]:
    """All three rows, each on a page freshly opened, on one server."""
    with running_server() as address, running_browser() as browser:
        return [
            measure_clicks(browser, address, max(LEAST_CLICKS, effort.repeats)),
            measure_scripting(browser, address, effort.repeats * FRAMES_PER_REPEAT),
            measure_load(browser, address),
        ]


def new_page(browser: Browser) -> Page:
    """An empty page of a visitor who was never here, with the probe in it."""
    page = browser.new_context(viewport=VIEWPORT, locale="en-US").new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(script=probe_script())
    return page


def probe_script() -> str:
    """The probe, told where a frame's header has what it reads."""
    offsets = {name: header_offset(name) for name in ("sequence", "revision")}
    return f"const FRAME_FIELDS = {json.dumps(offsets)};\n{PROBE.read_text(encoding='utf-8')}"


def header_offset(field: str) -> int:
    """Bytes of a frame's header before `field`."""
    codes = list(HEADER_FIELDS.values())
    return struct.calcsize("<" + "".join(codes[: list(HEADER_FIELDS).index(field)]))


def wait_until(page: Page, condition: str, argument: object = None) -> None:
    """Wait for a condition in JavaScript."""
    page.wait_for_function(condition, arg=argument, polling=LOOK_EVERY)


def wait_for_frames(page: Page, count: int) -> int:
    """Wait until so many more frames have been painted; returns how many there were at the end."""
    wait_until(page, "window.neurariumProbe !== undefined")
    goal = int(page.evaluate("neurariumProbe.frames")) + count
    wait_until(page, "goal => neurariumProbe.frames >= goal", goal)
    return int(page.evaluate("neurariumProbe.frames"))


def measure_clicks(browser: Browser, address: str, count: int) -> Row:
    """Add a neuron and take it away again, while the network trains; only adding is timed."""
    page = new_page(browser)
    page.goto(address)
    wait_for_frames(page, FRAMES_BEFORE)
    add, remove = (page.get_by_role("button", name=name) for name in (ADD, REMOVE))
    units = int(
        page.evaluate(
            "layer => neurariumProbe.layout.layers.find(({ name }) => name === layer).shape[0]",
            LAYER,
        )
    )
    for number in range(count):
        page.evaluate("words => neurariumProbe.watch(...words)", [NODE, LAYER, units + 1])
        add.click()
        wait_until(page, "count => neurariumProbe.pictures.length === count", number + 1)
        remove.click()
        wait_until(page, "words => neurariumProbe.shows(...words)", [LAYER, units])
        wait_for_frames(page, 2)
    times = [float(value) for value in page.evaluate("neurariumProbe.pictures")]
    page.context.close()
    note = f"{len(times)} clicks, median {percentile(times, 0.5):.0f} ms, most {max(times):.0f} ms"
    return CLICK.judge(percentile(times, 0.95), note=note)


def measure_scripting(browser: Browser, address: str, frames: int) -> Row:
    """Time in JavaScript over painted frames, on the page as it opens, while the network trains."""
    page = new_page(browser)
    page.goto(address)
    first = wait_for_frames(page, FRAMES_BEFORE)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")
    before = performance_metrics(devtools)
    last = wait_for_frames(page, frames)
    after = performance_metrics(devtools)
    page.context.close()
    painted = last - first
    spent = {name: 1e3 * (after[name] - before[name]) / painted for name in after}
    rate = painted / (after["Timestamp"] - before["Timestamp"])
    note = (
        f"{painted} frames, {rate:.0f} a second; style and layout "
        f"{spent['RecalcStyleDuration'] + spent['LayoutDuration']:.2g} ms, "
        f"everything on the main thread {spent['TaskDuration']:.2g} ms a frame"
    )
    return SCRIPTING.judge(spent["ScriptDuration"], note=note)


def performance_metrics(devtools: CDPSession) -> dict[str, float]:
    """Chromium's own counters, in seconds since the page began."""
    answer = devtools.send("Performance.getMetrics")
    names = (
        "Timestamp",
        "ScriptDuration",
        "RecalcStyleDuration",
        "LayoutDuration",
        "TaskDuration",
    )
    return {one["name"]: one["value"] for one in answer["metrics"] if one["name"] in names}


def measure_load(browser: Browser, address: str) -> Row:
    """Bytes of all answers as they are sent, headers included, until all is quiet."""
    page = new_page(browser)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    addresses: dict[str, str] = {}
    sizes: dict[str, float] = {}

    def note_request(event: dict[str, Any]) -> None:
        addresses[event["requestId"]] = event["request"]["url"]

    def note_end(event: dict[str, Any]) -> None:
        sizes[event["requestId"]] = event["encodedDataLength"]

    devtools.on("Network.requestWillBeSent", note_request)
    devtools.on("Network.loadingFinished", note_end)
    page.goto(address)
    wait_for_frames(page, 1)
    page.wait_for_load_state("networkidle")
    page.context.close()
    by_size = sorted(sizes.items(), key=lambda item: -item[1])
    largest = (
        f"{addresses[number].removeprefix(address)} {size / 1e3:.0f} kB"
        for number, size in itertools.islice(by_size, 3)
    )
    note = f"{len(sizes)} files: {', '.join(largest)}, …"
    return LOAD.judge(sum(sizes.values()) / 1e3, note=note)
