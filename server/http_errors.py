"""How a refusal, or an exception that nobody foresaw, becomes the answer to an HTTP request.

Guarded by tests/server/test_errors.py and tests/server/test_api.py.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from engine.errors import NeurariumError, from_validation_error
from server.errors import refuse, status_of

LOG = logging.getLogger("neurarium")


def json_response(error: NeurariumError, status: int | None = None) -> JSONResponse:
    """A problem as an HTTP answer."""
    return JSONResponse(
        error.as_json(),
        status_code=status or status_of(error),
        headers={"Cache-Control": "no-store"},
    )


def from_request_validation(error: RequestValidationError) -> NeurariumError:
    """What FastAPI found wrong with a path, query or header, in the product's words."""
    first = error.errors()[0]
    details: InitErrorDetails = {
        "type": first["type"],
        "loc": tuple(first["loc"]),
        "input": first.get("input"),
        "ctx": first.get("ctx", {}),
    }
    try:
        rebuilt = ValidationError.from_exception_data("request", [details])
    except (KeyError, TypeError):
        # Rules of FastAPI's own have no name in pydantic.
        details["type"] = PydanticCustomError("value_error", "{message}", {"message": first["msg"]})
        rebuilt = ValidationError.from_exception_data("request", [details])
    return from_validation_error(rebuilt)


def from_http(error: HTTPException, path: str) -> NeurariumError:
    """Starlette's own refusals, such as an unknown address."""
    codes = {404: "not_found", 405: "method_not_allowed"}
    code = codes.get(error.status_code, "internal" if error.status_code >= 500 else "bad_request")
    return refuse(code, path, value=path)


def install(
    app: FastAPI,
    show_page: Callable[[Request, NeurariumError], Response],
    wants_page: Callable[[Request], bool],
) -> None:
    """Give every exception of an HTTP route the one shape.

    Args:
        app: gets the handlers.
        show_page: the problem as a page for a person.
        wants_page: whether a person asks, rather than a script.
    """

    def answer(request: Request, error: NeurariumError) -> Response:
        return show_page(request, error) if wants_page(request) else json_response(error)

    async def on_neurarium(request: Request, error: Exception) -> Response:
        return answer(request, error if isinstance(error, NeurariumError) else internal(request))

    async def on_request(request: Request, error: Exception) -> Response:
        if isinstance(error, RequestValidationError):
            return answer(request, from_request_validation(error))
        return answer(request, internal(request))

    async def on_http(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException):
            return answer(request, from_http(error, request.url.path))
        return answer(request, internal(request))

    async def on_anything(request: Request, error: Exception) -> Response:
        log_internal(request, error)
        return answer(request, internal(request))

    app.add_exception_handler(NeurariumError, on_neurarium)
    app.add_exception_handler(RequestValidationError, on_request)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_anything)


def internal(request: Request) -> NeurariumError:
    """What is told of an exception that nobody foresaw."""
    return refuse("internal", request.url.path)


def log_internal(connection: HTTPConnection, error: BaseException) -> None:
    """Write an unexpected exception to the log, with its traceback."""
    LOG.error("unexpected error at %s", connection.url.path, exc_info=error)
