"""The pages: the playground itself, the list of addresses, and errors in plain language.

Guarded by tests/server/test_pages.py.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse
from starlette.responses import Response

from engine.errors import NeurariumError
from server import __version__
from server.admission import COOKIE
from server.assets import TEMPLATES
from server.errors import as_problem, status_of
from server.rest import Boot
from server.services import Given, Services, services_of

if TYPE_CHECKING:
    from fastapi.templating import Jinja2Templates

Language = Literal["en", "zh"]

LANGUAGE_COOKIE = "neurarium_language"
THEME_COOKIE = "neurarium_theme"
LOCALES: dict[Language, str] = {"en": "en", "zh": "zh-CN"}
THEMES = ("light", "dark")
YEAR_IN_SECONDS = 31_536_000

router = APIRouter(include_in_schema=False)


@cache
def templates() -> Jinja2Templates:
    """The templates, made for the first page: Jinja would delay the first answer of a start."""
    from fastapi.templating import Jinja2Templates

    return Jinja2Templates(TEMPLATES)


@router.get("/")
async def show_playground(request: Request, services: Given) -> Response:
    """The page that everything happens on."""
    language = language_of(request)
    boot = Boot(
        version=__version__,
        language=language,
        presets=list(await services.library.summaries()),
        default_preset=await services.library.default_preset(),
        limits=services.settings.limits_in_force(),
    )
    response = render(
        request, "index.html", entry=services.assets.entry(), boot=boot.model_dump(mode="json")
    )
    remember(request, response, services, language)
    return response


@router.get("/api/docs")
async def show_addresses(request: Request) -> Response:
    """The REST interface, as one plain page made from the OpenAPI document."""
    return render(
        request,
        "addresses.html",
        entry=services_of(request).assets.entry_if_built(),
        document=request.app.openapi(),
    )


@router.get("/plain.css")
async def serve_style() -> Response:
    """How pages look that are only read."""
    return FileResponse(TEMPLATES / "plain.css", media_type="text/css")


def language_of(request: Request) -> Language:
    """`?lang`, else the cookie, else what the browser prefers."""
    chosen = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    if chosen:
        return "zh" if chosen.lower().startswith("zh") else "en"
    return preferred_language(request.headers.get("accept-language", ""))


def preferred_language(header: str) -> Language:
    """The better liked one of our languages in an `Accept-Language` header; English on a tie."""
    liking: dict[str, float] = {}
    for part in header.split(","):
        name, _, quality = part.strip().lower().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        language = name.split("-")[0]
        liking[language] = max(weight, liking.get(language, 0.0))
    return "zh" if liking.get("zh", 0.0) > liking.get("en", 0.0) else "en"


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page in the visitor's language and theme."""
    language = language_of(request)
    theme = request.cookies.get(THEME_COOKIE)
    return templates().TemplateResponse(
        request,
        template,
        {
            "language": language,
            "locale": LOCALES[language],
            "theme": theme if theme in THEMES else None,
            **values,
        },
        status_code=status,
        headers={"Cache-Control": "no-store", "Vary": "Cookie, Accept-Language"},
    )


def remember(request: Request, response: Response, services: Services, language: Language) -> None:
    """Give a new visitor a name for the quotas, and keep a language that was asked for."""
    secure = request.url.scheme == "https"
    if not services.visitors.is_valid(request.cookies.get(COOKIE)):
        response.set_cookie(
            COOKIE,
            services.visitors.issue(),
            max_age=YEAR_IN_SECONDS,
            httponly=True,
            samesite="lax",
            secure=secure,
        )
    if "lang" in request.query_params:
        # The page's own script writes this one too.
        response.set_cookie(
            LANGUAGE_COOKIE, language, max_age=YEAR_IN_SECONDS, samesite="lax", secure=secure
        )


def show_problem(request: Request, error: NeurariumError) -> Response:
    """A problem as a page, for people who follow a link."""
    return render(
        request,
        "problem.html",
        status=status_of(error),
        entry=services_of(request).assets.entry_if_built(),
        problem=as_problem(error),
    )


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks, rather than a script."""
    is_page = not request.url.path.startswith(("/api/", "/static/"))
    return is_page and "text/html" in request.headers.get("accept", "")


def install(app: FastAPI) -> None:
    """Add the pages and the built files to an application."""

    @app.get("/static/{name:path}", include_in_schema=False)
    async def serve_file(name: str, request: Request) -> Response:
        accepts_gzip = "gzip" in request.headers.get("accept-encoding", "")
        return services_of(request).assets.respond(name, accepts_gzip)

    app.include_router(router)
