"""Work of a host that may take its time, off the thread that makes frames.

Guarded by tests/server/test_desk.py.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor

Job = Callable[[], None]


class Desk:
    """Runs jobs on a few threads: those with the same key one after the other, others side by side.

    Args:
        threads: how many jobs may run at once.
    """

    def __init__(self, threads: int = 4) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="desk")
        self._waiting: dict[Hashable, deque[Job]] = {}
        self._lock = threading.Lock()

    def submit(self, key: Hashable, job: Job) -> None:
        """Run `job` after all others of `key`; it must not raise."""
        with self._lock:
            queue = self._waiting.get(key)
            if queue is not None:
                queue.append(job)
                return
            self._waiting[key] = deque((job,))
        self._pool.submit(self._work_off, key)

    def close(self) -> None:
        """Wait for the jobs that run; drop those that wait."""
        with self._lock:
            for queue in self._waiting.values():
                queue.clear()
        self._pool.shutdown(cancel_futures=True)

    def _work_off(self, key: Hashable) -> None:
        while True:
            with self._lock:
                queue = self._waiting[key]
                if not queue:
                    del self._waiting[key]
                    return
                job = queue.popleft()
            job()
