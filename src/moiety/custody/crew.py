"""Threads for the distances: as many as this process may use processors."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def crew(name: str, threads: int) -> ThreadPoolExecutor:
    """A pool of that many threads, started when first needed."""
    return ThreadPoolExecutor(threads, thread_name_prefix=name)
