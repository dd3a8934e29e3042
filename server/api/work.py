"""My work: the sessions of one visitor, for whoever comes back. Guarded by
tests/server/test_work.py.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from server.api.experiments import read_body
from server.errors import refuse
from server.protocol import LARGEST_NUMBER
from server.rest import OpenedWork, Rename, WorkItem
from server.services import Given, Services, owner_of, services_of
from server.session import Session, plain_title
from server.store.runs import Run, largest_run, pack_run, unpack_run

RUN_TYPE = "application/zip"
RUN_BODY = {
    "requestBody": {
        "required": True,
        "content": {RUN_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}
RUN_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": "The run as a file.", "content": {RUN_TYPE: {}}}
}

router = APIRouter(prefix="/api/work", tags=["work"])


async def known_services(request: Request) -> Services:
    """The services, once the stored sessions are known."""
    services = services_of(request)
    await services.registry.wait_until_known()
    return services


async def find_own(session: str, request: Request) -> Session:
    """The session of that name, if it is this visitor's.

    Raises:
        NeurariumError: `unknown_session` or `not_your_work`.
    """
    found = (await known_services(request)).registry.find(session)
    if found.visitor != owner_of(request):
        raise refuse("not_your_work", "session")
    return found


async def owner(request: Request) -> str:
    """Whose work is to be added to.

    Raises:
        NeurariumError: `not_your_work` for a visitor whom nothing tells from others.
    """
    known = owner_of(request)
    if known is None:
        raise refuse("not_your_work", "cookie")
    return known


Own = Annotated[Session, Depends(find_own)]
Owner = Annotated[str, Depends(owner)]


@router.get("")
async def list_work(request: Request) -> list[WorkItem]:
    """All sessions of this visitor, the one used last first; of a stranger none."""
    services, visitor = await known_services(request), owner_of(request)
    mine = [one for one in services.registry.sessions if one.visitor == visitor]
    return [item_of(one) for one in sorted(mine, key=lambda one: one.used, reverse=True)]


@router.patch("/{session}")
async def rename_work(own: Own, change: Rename, services: Given) -> WorkItem:
    """Call a session something else in the list; an empty title calls it after its experiment."""
    own.rename(plain_title(change.title))
    await services.registry.saved(own)
    return item_of(own)


@router.post("/{session}/open")
async def open_work(own: Own, services: Given) -> OpenedWork:
    """A capability to edit a session, for a page that has none."""
    token = own.issue_token()
    await services.registry.saved(own)
    return OpenedWork(session=own.id, token=token, work=item_of(own))


@router.post("/{session}/copy", status_code=201)
async def copy_work(own: Own, services: Given) -> OpenedWork:
    """Another session that goes on from where this one stands."""
    run = await read_run(own, services)
    copy = services.registry.new(own.visitor, run.experiment)
    copy.take(run.checkpoint, run.points, run.history, run.lines)
    copy.rename(run.title)
    copy.step, copy.training_epoch = own.step, own.training_epoch
    token = copy.token
    await services.registry.keep(copy)
    return OpenedWork(session=copy.id, token=token, work=item_of(copy))


@router.delete("/{session}", status_code=204)
async def delete_work(own: Own, services: Given) -> None:
    """Remove a session for good."""
    await services.registry.delete(own)


@router.get("/{session}/run", response_class=Response, responses=RUN_ANSWER)
async def export_run(own: Own, services: Given) -> Response:
    """A session as one file: experiment, newest checkpoint, history and curves."""
    run = await read_run(own, services)
    packed = await asyncio.to_thread(pack_run, run)
    name = quote(f"{run.title or 'neurarium'}.zip", safe="")
    return Response(
        packed,
        media_type=RUN_TYPE,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "Cache-Control": "no-store",
        },
    )


@router.post("/run", status_code=201, openapi_extra=RUN_BODY)
async def import_run(request: Request, visitor: Owner, services: Given) -> OpenedWork:
    """A session from such a file; one that can't be used changes nothing."""
    await services.registry.wait_until_known()
    limit = services.settings.max_checkpoint_bytes
    async with services.importing:
        body = await read_body(request, largest_run(limit))
        run = await asyncio.to_thread(unpack_run, body, limit)
        session = services.registry.new(visitor, run.experiment)
        session.take(run.checkpoint, run.points, run.history, run.lines)
        session.rename(plain_title(run.title))
        await services.registry.admit(session)
        if session.step > LARGEST_NUMBER:
            await services.registry.delete(session)
            raise refuse("run_unreadable", "step", value=session.step, allowed=LARGEST_NUMBER)
    return OpenedWork(session=session.id, token=session.token, work=item_of(session))


async def read_run(session: Session, services: Services) -> Run:
    """A session's present state."""
    await services.registry.load(session)
    # A checkpoint that needs an older experiment would not fit the newest one.
    checkpoint = session.checkpoint if session.base is None else None
    curves = session.channel.curves
    points = tuple(curves.between(-1, inf))
    run = Run(session.title, session.experiment, checkpoint, points, session.history, curves.all())
    services.registry.release(session)
    return run


def item_of(session: Session) -> WorkItem:
    """A session as it is listed."""
    return WorkItem(
        session=session.id,
        title=session.title,
        created=session.created,
        used=session.used,
        step=session.step,
        epoch=session.training_epoch,
        status=session.present_status,
        bytes=session.size,
    )
