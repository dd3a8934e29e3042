"""Runs Vitest with the Node that the test environment carries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from server.bootstrap import BUILD_UI


def test_every_vitest_case_passes(tmp_path: Path) -> None:
    report = tmp_path / "vitest.json"
    reporters = ["--reporter=default", "--reporter=json", f"--outputFile.json={report}"]
    run = subprocess.run(
        [sys.executable, str(BUILD_UI), "run", "test", "--", *reporters],
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        encoding="utf-8",
    )
    output = run.stdout + run.stderr
    assert report.is_file(), output
    results = json.loads(report.read_text(encoding="utf-8"))
    failed = [
        f"{case['fullName']}: {' '.join(case['failureMessages'])}"
        for file in results["testResults"]
        for case in file["assertionResults"]
        if case["status"] == "failed"
    ]
    assert not failed, "\n".join(failed)
    assert run.returncode == 0, output
    assert results["numPassedTests"] > 0
    assert results["numPassedTests"] == results["numTotalTests"], "no case may be left out"
