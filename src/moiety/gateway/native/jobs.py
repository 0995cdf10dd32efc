"""Bulk work: people from a file, brought in behind the answer; how far it has come, and which rows were refused."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from moiety.gateway.admission import KNOWN, Guarded, operation, service_of, who
from moiety.gateway.bodies import PICTURES_MIB, Sent, fields, takes
from moiety.gateway.callers.roles import Caller, Operation
from moiety.gateway.description import ONCE
from moiety.gateway.jobs.refusals import JobUnknown
from moiety.gateway.jobs.sql import Job
from moiety.gateway.jobs.tickets import Bulk
from moiety.gateway.native.shapes import Answer, Done, PurposeName
from moiety.gateway.once import once
from moiety.gateway.refusals import FieldsInvalid
from moiety.vault.mapping import DOCUMENT_LIMIT, FieldMapping

router = APIRouter(route_class=Guarded, prefix="/v1", tags=["jobs"])

JobName = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="the name of a job")]


class NewImport(Sent):
    """A file of people, in base64, and which column of it is which field (`mapping`, TOML), as `moiety import people`
    takes both. `approved` is the request file that two officers signed, in base64: custodians apart want it for more
    than a hundred people a day."""

    kind: Literal["csv", "jsonl", "parquet", "bson"]
    file: str
    mapping: str = Field(max_length=DOCUMENT_LIMIT)
    grounds: str = Field(max_length=64)
    text: str = Field(default="1", max_length=64)
    approved: str | None = Field(default=None, max_length=65_536)


class RefusedRow(Answer):
    """A row of which nothing was kept: its number, and why."""

    row: int
    code: str


class Progress(Answer):
    """`state` is waiting, running, done, failed (`code` says why), cancelled, refused (`code` says why: what it was
    begun with may not have it any more), or interrupted: the gateway ended, and what is needed to go on is lost. One
    that waits or runs when the gateway ends waits when it starts again, and goes on where it was. `done` of `total`
    rows were read, `added` people came in, of `there` there were already, and `aside` rows were set aside; `refused`
    lists the first thousand of both."""

    job: str
    purpose: str
    caller: str
    state: str
    at: datetime
    done: int
    total: int | None
    added: int
    there: int
    aside: int
    code: str | None
    refused: list[RefusedRow]


class Begun(Answer):
    """The job's name."""

    job: str


class Jobs(Answer):
    """Jobs in the order in which they were begun, without their rows; `next` is what to ask `after` for more."""

    jobs: list[Progress]
    next: str | None


@router.post(
    "/purposes/{purpose}/jobs",
    openapi_extra={**operation(Operation.JOBS), **takes(NewImport), **ONCE},
    status_code=202,
)
async def begin(request: Request, response: Response, purpose: PurposeName) -> Begun:
    """Bring in everybody of a file. What was sent is sealed until the job has ended, and gone then."""
    service, own = service_of(request), who(request)
    new = await fields(request, NewImport, PICTURES_MIB)
    whole, approved = _bytes(new.file, "file"), None if new.approved is None else _bytes(new.approved, "approved")

    def story() -> bytes:
        schema = service.offices.people(purpose, own.role).schema()
        FieldMapping(new.mapping.encode(), schema)  # what will not do is refused before anything is kept
        bulk = Bulk(purpose, new.kind, new.mapping.encode(), new.grounds, new.text, approved)
        return service.jobs.begin(own.caller, bulk, whole)

    async with once(request, response):
        return Begun(job=(await service.work(story)).hex())


@router.get("/jobs", openapi_extra=operation(KNOWN))
async def listed(
    request: Request,
    after: Annotated[str, Query(pattern="^([0-9a-f]{32})?$")] = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Jobs:
    """Jobs of purposes of which the caller's key has jobs."""
    service, own = service_of(request), who(request).caller
    jobs = [job for job in await service.work(service.jobs.table.listed) if _may_see(own, job)]
    names = [job.job.hex() for job in jobs]
    begins = names.index(after) + 1 if after in names else 0
    shown = jobs[begins : begins + limit]
    more = len(jobs) > begins + limit
    return Jobs(jobs=[_progress(job, rows=False) for job in shown], next=shown[-1].job.hex() if more else None)


@router.get("/jobs/{job}", openapi_extra=operation(KNOWN))
async def one(request: Request, job: JobName) -> Progress:
    """How far it has come, and which rows were refused."""
    return _progress(await _found(request, job), rows=True)


@router.delete("/jobs/{job}", openapi_extra=operation(KNOWN))
async def cancel(request: Request, job: JobName) -> Done:
    """Stop it before its next batch. Whom it brought in is there; a job that has ended stays as it is."""
    service, found = service_of(request), await _found(request, job)
    await service.work(lambda: service.jobs.cancel(found.job))
    return Done()


async def _found(request: Request, name: str) -> Job:
    """Raises `JobUnknown`, also of a job that is none of the caller's business."""
    service, own = service_of(request), who(request).caller
    job = await service.work(lambda: service.jobs.table.get(bytes.fromhex(name)))
    if not _may_see(own, job):
        raise JobUnknown
    return job


def _may_see(caller: Caller, job: Job) -> bool:
    # Whoever began it had these too, and may have been somebody else of this name.
    return caller.role_for(Operation.JOBS, job.purpose) is not None


def _progress(job: Job, *, rows: bool) -> Progress:
    return Progress(
        job=job.job.hex(),
        purpose=job.purpose,
        caller=job.caller,
        state=job.state,
        at=datetime.fromtimestamp(job.at, UTC),
        done=job.done,
        total=job.total,
        added=job.added,
        there=job.there,
        aside=job.aside,
        code=job.code,
        refused=[RefusedRow(row=number, code=code) for number, code in job.refused] if rows else [],
    )


def _bytes(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise FieldsInvalid((name,)) from None
