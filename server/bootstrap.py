"""Gives a checkout its own environment and a built page, then starts again inside it.

``prepare()`` is why ``python3 -m server`` is the only command a new user needs. It does nothing
for an installed wheel, and adds nothing to an environment that someone else made (a virtual
environment, a machine where Neurarium is installed): there it only says what is missing.

Standard library only, and readable by every Python 3 since 3.6, so that an old one is told which
version it lacks, not where its syntax ends. Guarded by ``tests/shell/test_bootstrap.py``.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from server.progress import StepError, run_step

OLDEST_PYTHON = (3, 11)

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "pyproject.toml"
BUILD_UI = ROOT / "static" / "build_ui.py"
ENVIRONMENT = ROOT / ".venv"
ENVIRONMENT_PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def prepare(extra: str = "") -> None:
    """Return once this process can run the checkout; before, make what is missing.

    May replace this process by the same command inside ``.venv``.

    Args:
        extra: the optional dependencies wanted besides the plain ones, such as ``test``.

    Raises:
        SystemExit: something is missing and can't be made; its last line says what to do.
    """
    check_python(sys.version_info[:3])
    if not PROJECT.is_file():
        return
    try:
        _prepare_checkout(extra)
    except StepError as failure:
        raise SystemExit(
            f"{failure.tail}\n"
            f"neurarium: {failure.name} failed; the lines above say why. "
            "Check the network connection and the free disk space, then start again."
        ) from failure
    except OSError as error:
        raise SystemExit(
            f"neurarium: can't prepare {ENVIRONMENT}: {error}. "
            "Start as a user who may write there, or install the project elsewhere with pip."
        ) from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def check_python(version: "tuple[int, ...]") -> None:
    """Refuse a Python that is too old.

    Args:
        version: (major, minor, micro) of the Python that runs.

    Raises:
        SystemExit: it is older than ``OLDEST_PYTHON``; the one line names both and the next step.
    """
    if version[:2] >= OLDEST_PYTHON:
        return
    needed = ".".join(map(str, OLDEST_PYTHON))
    found = ".".join(map(str, version))
    raise SystemExit(
        f"neurarium: Python {needed} or newer is needed, this is {found} ({sys.executable}). "
        "Start it with a newer one, for example: python3.12 -m server"
    )


def _prepare_checkout(extra: str) -> None:
    installed = _is_installed(extra)
    if Path(sys.prefix).resolve() == ENVIRONMENT.resolve():
        if not installed:
            _install(extra)
            _restart()
        _build_page()
    elif sys.prefix != sys.base_prefix or (not installed and not _missing_packages(["neurarium"])):
        # Someone else chose where packages live: a virtual environment, a container.
        _require_packages(extra)
        _build_page_with_foreign_node()
    else:
        if not installed:
            _install(extra)
        _restart()


def _is_installed(extra: str) -> bool:
    """Whether ``.venv`` holds what the project asks for. Cheap, as it is asked at every start."""
    wanted = _project_digest()
    marks = [_ready_mark(extra)] if extra else [_ready_mark(""), _ready_mark("test")]
    return ENVIRONMENT_PYTHON.exists() and any(
        mark.is_file() and mark.read_text() == wanted for mark in marks
    )


def _ready_mark(extra: str) -> Path:
    return ENVIRONMENT / f".ready-{extra or 'run'}"


def _project_digest() -> str:
    return hashlib.sha256(PROJECT.read_bytes()).hexdigest()


def _restart() -> None:
    """Run this command again, all its options included, with the Python of ``.venv``."""
    command = [str(ENVIRONMENT_PYTHON), *sys.orig_argv[1:]]
    sys.stderr.flush()
    if os.name == "nt":
        raise SystemExit(subprocess.run(command).returncode)
    os.execv(command[0], command)


# Making our own environment


def _install(extra: str) -> None:
    """Make ``.venv``, build the page, install the checkout as editable."""
    _make_environment()
    _build_page()
    target = f"{ROOT}[{extra}]" if extra else str(ROOT)
    _run_pip("installing the packages", "--editable", target)
    _ready_mark(extra).write_text(_project_digest())


def _make_environment() -> None:
    if not ENVIRONMENT_PYTHON.exists():
        _add_venv_module()
        command = [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)]
        run_step("making the environment .venv", command)
    asked = subprocess.run(
        [str(ENVIRONMENT_PYTHON), "-m", "pip", "--version"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if asked.returncode:
        run_step("adding pip to .venv", [str(ENVIRONMENT_PYTHON), "-m", "ensurepip"])


def _add_venv_module() -> None:
    """Debian and its relatives keep what makes environments in a package of its own."""
    if importlib.util.find_spec("ensurepip"):
        return
    package = "python{}.{}-venv".format(*sys.version_info[:2])
    if not (shutil.which("apt-get") and os.name == "posix" and os.geteuid() == 0):
        raise SystemExit(
            "neurarium: this Python can't make virtual environments. "
            f"Add what it lacks, then start again: sudo apt install {package}"
        )
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    run_step("reading apt's package lists", ["apt-get", "update", "-q"], quiet)
    run_step(f"installing {package}", ["apt-get", "install", "-q", "-y", package], quiet)


def _run_pip(step: str, *arguments: str) -> None:
    command = [str(ENVIRONMENT_PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    command.append("install")
    if not sys.dont_write_bytecode:
        # Python keeps the bytecode of what it imports; making it for everything doubles the wait.
        command.append("--no-compile")
    run_step(step, [*command, *arguments])


def _build_page() -> None:
    """Build the page with the Node of ``.venv`` if its sources changed since the last time."""
    build_ui = load_build_ui()
    if not build_ui.is_fresh():
        _run_pip("fetching Node", build_ui.node_requirement())
        run_step("building the page", [str(ENVIRONMENT_PYTHON), str(BUILD_UI)])


def load_build_ui() -> ModuleType:
    """The page's build script, which is no part of a package."""
    specification = importlib.util.spec_from_file_location("build_ui", str(BUILD_UI))
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


# Trusting someone else's environment


def _require_packages(extra: str) -> None:
    """Refuse an environment that lacks a package the project asks for."""
    import tomllib  # known since the oldest Python that comes this far

    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    requirements = project["dependencies"] + project["optional-dependencies"].get(extra, [])
    names = [re.split(r"[^A-Za-z0-9._-]", requirement)[0] for requirement in requirements]
    missing = _missing_packages([name for name in names if name != project["name"]])
    if missing:
        target = f".[{extra}]" if extra else "."
        raise SystemExit(
            f"neurarium: {sys.prefix} lacks {', '.join(missing)}. "
            f"Install what is missing with: {sys.executable} -m pip install -e '{target}'"
        )


def _missing_packages(names: "list[str]") -> "list[str]":
    """Those of the named distributions that this Python can't find."""
    from importlib.metadata import PackageNotFoundError, version

    missing = []
    for name in names:
        try:
            version(name)
        except PackageNotFoundError:
            missing.append(name)
    return missing


def _build_page_with_foreign_node() -> None:
    """Build the page if it is stale, with the Node that this environment or machine has."""
    build_ui = load_build_ui()
    if build_ui.is_fresh():
        return
    try:
        build_ui.find_node()
    except build_ui.NodeMissing as error:
        raise SystemExit(f"neurarium: the page has to be built: {error}") from None
    run_step("building the page", [sys.executable, str(BUILD_UI)])
