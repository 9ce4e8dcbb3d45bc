"""Ledgers as bytes and back, so that nobody waits for a large document.

What reads a shared document is done on the loop, in slices. What makes bytes, or a document of its
own, is done in a thread that does nothing else and ends with it: a tree keeps the names that its
thread knows, and no other parser may add to them.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from pcsx.daemon.ledger import Ledger, Still
from pcsx.errors import PcsxError
from pcsx.ring.codec import Malformed

T = TypeVar("T")


async def written(still: Still) -> bytes:
    """Return *still* as bytes."""
    for _ in still.slices():
        await asyncio.sleep(0)
    return await _in_a_thread(still.to_bytes)


async def read(state: bytes) -> Ledger | None:
    """Return what *state* spells, or None."""
    try:
        return await _in_a_thread(partial(Ledger.restored, state))
    except (PcsxError, Malformed, ValueError, KeyError, TypeError, AttributeError):
        return None


async def _in_a_thread(work: Callable[[], T]) -> T:
    """Return what *work* does, done in a thread of its own."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as caught:  # it is raised where it is waited for
            error = caught
        loop.call_soon_threadsafe(tell, result, error)

    threading.Thread(target=run, name="state", daemon=True).start()
    return await done
