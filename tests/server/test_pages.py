"""The pages, without a browser."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.errors import NeurariumError
from server import __version__
from server.admission import COOKIE
from server.assets import Assets
from server.pages import preferred_language
from server.settings import Settings
from tests.server.fakes import FakeHost
from tests.server.running import RunningServer


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A build as Vite leaves it."""
    manifest = {
        "src/main.ts": {
            "file": "assets/main-1.js",
            "css": ["assets/a.css"],
            "imports": ["_x", "_y"],
        },
        "_x": {"file": "assets/x-1.js", "imports": ["_y"], "css": ["assets/a.css", "assets/x.css"]},
        "_y": {"file": "assets/y-1.js"},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "main-1.js").write_text("let a = 1;\n" * 200)
    (tmp_path / "assets" / "picture.png").write_bytes(b"\x89PNG" + bytes(1000))
    (tmp_path / "secret.txt").write_text("secret")
    return tmp_path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with a build of its own and no engine."""
    folder = tmp_path_factory.mktemp("dist")
    (folder / "manifest.json").write_text('{"src/main.ts": {"file": "assets/main.js"}}')
    (folder / "assets").mkdir()
    (folder / "assets" / "main.js").write_text("1;" * 1000)
    with RunningServer(Settings(host="127.0.0.1"), FakeHost(), Assets(folder)) as running:
        yield running


def boot_of(page: httpx.Response) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="boot">(.*?)</script>', page.text, re.S)
    assert found
    boot: dict[str, Any] = json.loads(found[1])
    return boot


def test_page_loads_its_script_and_knows_the_presets(site: RunningServer) -> None:
    page = site.client.get("/")
    assert page.status_code == 200
    assert '<script type="module" src="/static/assets/main.js"></script>' in page.text
    assert page.headers["cache-control"] == "no-store"
    boot = boot_of(page)
    assert boot["version"] == __version__
    assert boot["presets"] == [
        {
            "name": "fake",
            "title": {"en": "word", "zh": "词"},
            "help": {"en": "word", "zh": "词"},
            "steps_per_second": None,
        }
    ]
    assert boot["default_preset"] == "fake"
    assert boot["limits"]["message_bytes"] == site.services.settings.max_message_bytes


@pytest.mark.parametrize(
    ("query", "cookie", "header", "language"),
    [
        ("", "", "", "en"),
        ("", "", "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("", "", "en-GB,en;q=0.9,zh;q=0.5", "en"),
        ("", "zh", "en", "zh"),
        ("?lang=en", "zh", "zh", "en"),
        ("?lang=zh-CN", "en", "en", "zh"),
        ("?lang=tlh", "", "zh", "en"),
    ],
)
def test_language_is_the_one_asked_for_remembered_or_preferred(
    site: RunningServer, query: str, cookie: str, header: str, language: str
) -> None:
    headers = {"accept-language": header, "cookie": f"neurarium_language={cookie}"}
    page = httpx.get(f"{site.address}/{query}", headers=headers)
    assert boot_of(page)["language"] == language
    assert f'<html lang="{"zh-CN" if language == "zh" else "en"}"' in page.text
    assert ("neurarium_language" in str(page.headers.get_list("set-cookie"))) == bool(query)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fr, zh;q=0.2", "zh"),
        ("*", "en"),
        ("zh;q=x", "en"),
        ("en;q=0.1, zh;q=0.1", "en"),
        (",;", "en"),
    ],
)
def test_odd_language_headers(header: str, language: str) -> None:
    assert preferred_language(header) == language


@pytest.mark.parametrize(
    ("cookie", "theme"),
    [("dark", ' data-theme="dark"'), ("light", ' data-theme="light"'), ('"><script>', "")],
)
def test_theme_is_there_with_the_first_paint(site: RunningServer, cookie: str, theme: str) -> None:
    page = httpx.get(site.address, headers={"cookie": f"neurarium_theme={cookie}"})
    assert f'<html lang="en"{theme}>' in page.text


def test_new_visitor_gets_a_name_that_scripts_cannot_read(site: RunningServer) -> None:
    first = httpx.get(site.address)
    cookie = first.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=") and "HttpOnly" in cookie and "SameSite=lax" in cookie
    again = httpx.get(site.address, cookies={COOKIE: first.cookies[COOKIE]})
    assert "set-cookie" not in again.headers
    forged = httpx.get(site.address, cookies={COOKIE: "me.1234"})
    assert forged.cookies[COOKIE] != "me.1234"


def test_person_gets_a_problem_as_a_page_in_their_language(site: RunningServer) -> None:
    page = httpx.get(site.address + "/nowhere", headers={"accept": "text/html"})
    assert page.status_code == 404
    assert "<h1>There is nothing at this address.</h1>" in page.text
    headers = {"accept": "text/html", "accept-language": "zh"}
    page = httpx.get(site.address + "/<b>nowhere", headers=headers)
    assert "<h1>这个地址没有内容。</h1>" in page.text
    assert "<b>" not in page.text


def test_interface_is_listed_without_any_foreign_address(site: RunningServer) -> None:
    page = site.client.get("/api/docs")
    assert "GET /api/sessions/{session}/samples" in page.text
    assert "http://" not in page.text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page.text


def test_plain_pages_bring_their_style(site: RunningServer) -> None:
    for page in (
        site.client.get("/api/docs"),
        site.client.get("/nowhere", headers={"accept": "text/html"}),
    ):
        assert '<link rel="stylesheet" href="/plain.css">' in page.text
    style = site.client.get("/plain.css")
    assert style.headers["content-type"].startswith("text/css")
    assert ".plain-page" in style.text


def test_manifest_gives_styles_and_preloads_once(built: Path) -> None:
    entry = Assets(built).entry()
    assert entry.script == "/static/assets/main-1.js"
    assert entry.styles == ("/static/assets/a.css", "/static/assets/x.css")
    assert entry.preloads == ("/static/assets/x-1.js", "/static/assets/y-1.js")


def test_built_files_may_be_kept_for_ever_and_are_compressed(built: Path) -> None:
    assets = Assets(built)
    plain = assets.respond("assets/main-1.js", accepts_gzip=False)
    packed = assets.respond("assets/main-1.js", accepts_gzip=True)
    assert "immutable" in plain.headers["cache-control"]
    assert plain.headers["content-type"].startswith("text/javascript")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(bytes(packed.body)) == plain.body
    picture = assets.respond("assets/picture.png", accepts_gzip=True)
    assert "content-encoding" not in picture.headers
    assert picture.headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    "name", ["secret.txt", "assets/../secret.txt", "../secret.txt", "/etc/passwd", "assets", ""]
)
def test_nothing_else_is_served(built: Path, name: str) -> None:
    with pytest.raises(NeurariumError) as caught:
        Assets(built).respond(name, accepts_gzip=True)
    assert caught.value.code == "not_found"


def test_missing_build_is_told(tmp_path: Path) -> None:
    with pytest.raises(NeurariumError) as caught:
        Assets(tmp_path).entry()
    assert caught.value.code == "ui_missing"
    assert "python3 -m server" in caught.value.hint.en
