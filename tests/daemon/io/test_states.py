"""Laws of writing and reading what was decided: nobody waits for it."""

from __future__ import annotations

import asyncio
import threading

import pytest

from pcsx.cib import Cib
from pcsx.cib.document import SLICE
from pcsx.cib.replica import Replica
from pcsx.daemon.io import states
from pcsx.daemon.ledger import Ledger, Over, Still
from pcsx.daemon.packing import packed


def ledger(nodes: int = 4000) -> Ledger:
    text = "".join(f'<node id="{n}" uname="n{n:x}" type="member"/>' for n in range(nodes))
    cib = f"<cib><configuration><nodes>{text}</nodes></configuration></cib>"
    made = Ledger(Replica(Cib.from_bytes(cib.encode())))
    made.apply(1, Over(3, 7, "left"))
    return made


class Watched(Still):
    """Tells in which thread its bytes are made."""

    maker: threading.Thread | None = None

    def to_bytes(self) -> bytes:
        Watched.maker = threading.current_thread()
        return super().to_bytes()


def test_others_have_their_turn_between_slices_and_while_bytes_are_made() -> None:
    whole = ledger()
    still = whole.still()
    still.__class__ = Watched
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def main() -> bytes:
        beside = asyncio.create_task(others())
        state = await states.written(still)
        beside.cancel()
        return state

    state = asyncio.run(main())
    assert state == whole.snapshot()
    assert turns > len(whole.replica.cib.packed()) // SLICE > 1
    assert Watched.maker is not None and Watched.maker is not threading.main_thread()


def test_what_is_written_is_what_there_was_when_it_was_asked_for() -> None:
    whole = ledger()
    before, still = whole.snapshot(), whole.still()
    slices = still.slices()
    next(slices)
    whole.apply(2, Over(1, 9, "left"))
    whole.tickets["t"] = {"granted": "true"}
    for _ in slices:
        pass
    assert still.to_bytes() == before != whole.snapshot()


def test_what_is_written_is_read_in_a_thread_and_goes_on_as_it_was() -> None:
    whole = ledger()
    read = asyncio.run(states.read(whole.snapshot()))
    assert read is not None and read.snapshot() == whole.snapshot()
    edited = read.replica.cib.edited(lambda tree: tree.set("epoch", "9"))
    assert edited.version.epoch == 9


@pytest.mark.parametrize("state", [b"", b"{}", b"\xff123", packed(b'{"replica": 7}'), b"[1]"])
def test_what_cannot_be_read_is_told(state: bytes) -> None:
    assert asyncio.run(states.read(state)) is None
