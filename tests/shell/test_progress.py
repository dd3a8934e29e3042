"""What a person sees while a long step runs."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from server import progress
from server.progress import StepError, run_step


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def test_a_step_names_itself_and_tells_when_it_is_done(capfd: pytest.CaptureFixture[str]) -> None:
    run_step("making tea", python("print('boiling')"))
    shown = capfd.readouterr()
    first, last = shown.err.splitlines()
    assert first == "neurarium: making tea …"
    assert last.startswith("neurarium: making tea: done after ")
    assert shown.out == ""


def test_the_newest_line_is_shown_while_the_step_runs(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.05)
    done = "print('first'); print('second', flush=True); import time; time.sleep(1)"
    run_step("counting", python(done))
    lines = capfd.readouterr().err.splitlines()
    assert any(line.endswith(" s · second") for line in lines)


def test_a_terminal_gets_one_line_that_renews_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    run_step("making tea", python("import time; time.sleep(0.5)"))
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert shown.count("\r") >= 3


def test_a_failed_step_keeps_the_last_lines(capfd: pytest.CaptureFixture[str]) -> None:
    many = "import sys; [print('line', i) for i in range(100)]; sys.exit('no disk space')"
    with pytest.raises(StepError) as failure:
        run_step("counting", python(many))
    lines = failure.value.tail.splitlines()
    assert failure.value.name == "counting"
    assert len(lines) == progress.TAIL_LINES
    assert {"line 99", "no disk space"} <= set(lines)
    assert "counting: failed after" in capfd.readouterr().err


def test_a_program_that_is_missing_is_a_failed_step() -> None:
    with pytest.raises(StepError) as failure:
        run_step("starting", ["/no/such/program"])
    assert "/no/such/program" in failure.value.tail


def test_an_interrupted_step_ends_its_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pid_file = tmp_path / "pid"
    script = f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); "

    def interrupt_once_it_runs(*_: object) -> None:
        while not (pid_file.exists() and pid_file.read_text()):
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(progress, "_watch", interrupt_once_it_runs)
    with pytest.raises(KeyboardInterrupt):
        run_step("waiting", python(script + "time.sleep(600)"))
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)
