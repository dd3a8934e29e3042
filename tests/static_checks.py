"""``python3 -m tests.static_checks``: what can be known without running the product.

Every check runs, whatever the ones before it said; the last line counts them. Every Python 3
since 3.6 can read this file, so that one too old is told so in one line.
"""

import subprocess
import sys

from server.bootstrap import BUILD_UI, ROOT, prepare

PYTHON_TOOL = [sys.executable, "-m"]

CHECKS = {
    "ruff": [*PYTHON_TOOL, "ruff", "check"],
    "ruff format": [*PYTHON_TOOL, "ruff", "format", "--check"],
    "mypy": [*PYTHON_TOOL, "mypy"],
    "tsc and svelte-check": [sys.executable, str(BUILD_UI), "run", "check"],
}
"""The name of each check, and its command."""


def main() -> int:
    """Run every check; return 0 if all passed."""
    failed = 0
    for name, command in CHECKS.items():
        print(f"== {name}", flush=True)
        if subprocess.run(command, cwd=str(ROOT), stdin=subprocess.DEVNULL).returncode:
            print(f"== {name} failed", flush=True)
            failed += 1
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    prepare("test")
    raise SystemExit(main())
