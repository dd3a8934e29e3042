"""Runs Vitest with the Node that the test environment carries."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from server.bootstrap import BUILD_UI


def test_every_vitest_case_passes(tmp_path: Path) -> None:
    report = tmp_path / "vitest.json"
    reporters = ["--reporter=default", "--reporter=json", f"--outputFile.json={report}"]
    run = subprocess.run(
        [sys.executable, str(BUILD_UI), "run", "test", "--", *reporters],
        capture_output=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stdout + run.stderr
    results = json.loads(report.read_text(encoding="utf-8"))
    assert results["numPassedTests"] > 0
    assert results["numPassedTests"] == results["numTotalTests"]
