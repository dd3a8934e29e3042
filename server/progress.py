"""Shows a person what a long step does: its name, its newest line of output, the seconds passed.

Standard library only, and readable by every Python 3 since 3.6: the bootstrap uses it before
anything is installed. Guarded by ``tests/shell/test_progress.py``.
"""

import collections
import shutil
import subprocess
import sys
import threading
import time

TAIL_LINES = 25
"""How many of a failed command's last lines are kept."""

SECONDS_BETWEEN_LINES = 10.0
"""How often a step says where it is, where the output is no terminal."""

LONGEST_LINE = 100
"""How many characters of a command's line are shown."""


class StepError(Exception):
    """A command could not be started, or ended with a status other than zero.

    Attributes:
        name: the step, as it was announced.
        tail: the last lines that the command printed.
    """

    def __init__(self, name: str, tail: str) -> None:
        super().__init__(f"{name} failed")
        self.name = name
        self.tail = tail


def run_step(name: str, command: "list[str]", environment: "dict[str, str] | None" = None) -> None:
    """Run ``command`` to its end, and show on standard error meanwhile how far it is.

    Args:
        name: what is being done, for a person ("building the page").
        command: program and arguments; it reads nothing, and its output is kept from the screen.
        environment: the command's whole environment; ours if left out.

    Raises:
        StepError: the command could not be started, or ended with a status other than zero.
    """
    display = _Display(name)
    try:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        display.close("failed")
        raise StepError(name, str(error)) from error
    lines: collections.deque[str] = collections.deque(maxlen=TAIL_LINES)
    reader = threading.Thread(target=_collect, args=(process, lines), daemon=True)
    reader.start()
    try:
        _watch(reader, lines, display)
        status = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        display.close("interrupted")
        raise
    display.close("failed" if status else "done")
    if status:
        raise StepError(name, "\n".join(lines))


class _Display:
    """One step on standard error: on a terminal a line that renews itself, else a line at times."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._start = time.monotonic()
        self._terminal = sys.stderr.isatty()
        self.seconds_between_lines = 0.2 if self._terminal else SECONDS_BETWEEN_LINES
        self._write(f"neurarium: {name} …")

    def show(self, newest: str) -> None:
        """Renew the line: the step, the seconds, the command's newest line."""
        self._write(f"neurarium: {self._name} · {self._seconds()} · {newest[:LONGEST_LINE]}")

    def close(self, outcome: str) -> None:
        """Leave the last line behind."""
        self._write(f"neurarium: {self._name}: {outcome} after {self._seconds()}")
        if self._terminal:
            sys.stderr.write("\n")
            sys.stderr.flush()

    def _seconds(self) -> str:
        return f"{time.monotonic() - self._start:.0f} s"

    def _write(self, text: str) -> None:
        if self._terminal:
            width = shutil.get_terminal_size().columns
            sys.stderr.write("\r\033[K" + text[: width - 1])
        else:
            sys.stderr.write(text + "\n")
        sys.stderr.flush()


def _collect(process: "subprocess.Popen[str]", lines: "collections.deque[str]") -> None:
    """Keep the newest lines of a command until it closes its output."""
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            if line.strip():
                lines.append(line.rstrip())


def _watch(reader: threading.Thread, lines: "collections.deque[str]", display: _Display) -> None:
    """Renew the display until the reader has met the end of the output."""
    reader.join(display.seconds_between_lines)
    while reader.is_alive():
        display.show(lines[-1].strip() if lines else "")
        reader.join(display.seconds_between_lines)
