"""A gateway that is killed before or after what it does with a job for the n-th time: `python -m tests.gateway.doomed
POINT before|after TIMES TOGETHER` and the words of a command."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any, Final

from moiety import cli
from moiety.gateway.jobs.inputs import Inputs
from moiety.gateway.jobs.running import Jobs
from moiety.gateway.jobs.sql import JobTable
from moiety.identity import importing

POINTS: Final[dict[str, tuple[Any, str]]] = {
    "kept": (Inputs, "keep"),
    "begun": (JobTable, "add"),
    "run": (Jobs, "_bring_in"),
    "read": (JobTable, "read"),
    "ended": (JobTable, "end"),
    "dropped": (Inputs, "drop"),
}
"""What a gateway does with a job, in this order."""


def main(point: str, when: str, times: str, together: str, *words: str) -> None:
    """Live until then."""
    owner, name = POINTS[point]
    whole, done = getattr(owner, name), 0

    def fatal(*given: Any, **more: Any) -> Any:
        nonlocal done
        done += 1
        if done == int(times) and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = whole(*given, **more)
        if done == int(times):
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    setattr(owner, name, fatal)
    importing.TOGETHER = int(together)  # type: ignore[misc]
    sys.exit(cli.run(list(words)))


if __name__ == "__main__":
    main(*sys.argv[1:])
