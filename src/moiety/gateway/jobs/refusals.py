"""What is refused of jobs, and what ends them."""

from __future__ import annotations

from typing import ClassVar

from moiety.errors import Refused, Unavailable


class JobUnknown(Refused):
    code: ClassVar[str] = "job_unknown"
    advice: ClassVar[str] = "there is no such job, or none that this key may ask about: `GET /v1/jobs` lists them"


class JobStopped(Refused):
    """A job was cancelled, or this process ends: then whoever starts next goes on with it."""

    code: ClassVar[str] = "job_stopped"
    advice: ClassVar[str] = "the job was stopped: send it again, and whoever is there already is only counted"


class JobDenied(Refused):
    code: ClassVar[str] = "job_denied"
    advice: ClassVar[str] = (
        "what the job was begun with was revoked, has ended or may not have jobs of this purpose any more: send it "
        "again with a key that may, and whoever is there already is only counted"
    )


class JobsFull(Unavailable):
    code: ClassVar[str] = "jobs_full"
    advice: ClassVar[str] = "so many jobs wait here already: again in {seconds} seconds"


class JobsUnwritable(Unavailable):
    code: ClassVar[str] = "jobs_unwritable"
    advice: ClassVar[str] = "what was sent cannot be kept until its turn: see to the disk of the gateway"
