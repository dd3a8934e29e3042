from __future__ import annotations

from engine import presets
from server import protocol
from server.typescript import TARGET, experiment_module, message_schemas, modules, protocol_module


def test_committed_types_are_the_generated_ones() -> None:
    for name, text in modules().items():
        committed = (TARGET / name).read_text(encoding="utf-8")
        assert committed == text, f"run `python -m server.typescript` for {name}"


def test_offsets_follow_the_packed_layout() -> None:
    text = protocol_module()
    assert f"export const FRAME_HEADER_SIZE = {protocol.HEADER.size};" in text
    assert f"export const TENSOR_RECORD_SIZE = {protocol.RECORD.size};" in text
    assert "step: view.getUint32(at + 16, true) + view.getUint32(at + 20, true) * 2 ** 32," in text
    assert "epoch: view.getFloat64(at + 24, true)," in text


def test_page_may_leave_out_what_has_a_default_and_the_server_never_does() -> None:
    text = protocol_module()
    hello = text[text.index("export interface Hello {") : text.index("export interface Inspect {")]
    assert "preset?: string | null;" in hello
    assert "type: 'hello';" in hello
    reply = text[text.index("export interface Reply {") :]
    assert "problem: Problem | null;" in reply[: reply.index("}")]


def test_experiment_is_typed_where_it_travels() -> None:
    assert "experiment: Experiment;" in protocol_module()
    text = experiment_module()
    assert "layer: Member;" in text
    assert "optimizer: Member;" in text
    for name in presets.load("spiral").model_dump():
        assert f"\n  {name}: " in text


def test_both_directions_have_a_schema() -> None:
    schemas = message_schemas()
    assert "Play" in schemas["client"]["$defs"]
    assert "Layout" in schemas["server"]["$defs"]
