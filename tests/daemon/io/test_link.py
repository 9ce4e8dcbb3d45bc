"""Laws of a link's sockets: who is woken by what, what counts when, and whose the address is."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from pcsx.daemon.io.heart import boottime_ms
from pcsx.daemon.io.link import BoundLink
from pcsx.ring.config import Address
from pcsx.ring.wire import BEAT, HEADER, MAGIC, QUIET, WHOLE


@pytest.fixture(params=["127.0.0.1", "::1"])
def link(request: pytest.FixtureRequest) -> Iterator[BoundLink]:
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as free:
        free.bind((request.param, 0))
        port = free.getsockname()[1]
    bound = BoundLink(Address(request.param, port))
    yield bound
    bound.close()


def _send(link: BoundLink, kind: int, flags: int, magic: int = MAGIC) -> bytes:
    data = HEADER.pack(magic, kind, flags, 0, 7, 9) + b"sealed"
    with socket.socket(link.socket.family, socket.SOCK_DGRAM) as peer:
        peer.sendto(data, (link.address.host, link.address.port))
    return data


@pytest.mark.parametrize(("kind", "flags"), [(BEAT, 0), (WHOLE, 0), (WHOLE, QUIET)])
def test_what_may_bring_news_comes_to_the_socket_that_wakes(
    link: BoundLink, kind: int, flags: int
) -> None:
    data = _send(link, kind, flags)
    assert link.socket.recvfrom(9000)[0] == data
    with pytest.raises(BlockingIOError):
        link.receive_quiet()


def test_a_quiet_beat_wakes_nobody_and_counts_from_when_it_came(link: BoundLink) -> None:
    # The kernel begins to stamp packets a moment after the first socket asks for it.
    for _ in range(100):
        before = boottime_ms()
        data = _send(link, BEAT, QUIET)
        after = boottime_ms()
        time.sleep(0.05)
        with pytest.raises(BlockingIOError):
            link.socket.recvfrom(9000)
        got, source, arrived_ms = link.receive_quiet()
        assert (got, source[0]) == (data, link.address.host)
        assert arrived_ms >= before - 2
        if arrived_ms <= after + 2:
            return
    raise AssertionError("a beat counts from when it was read")


def test_what_is_not_ours_comes_to_neither(link: BoundLink) -> None:
    _send(link, BEAT, QUIET, magic=0x42)
    _send(link, BEAT, 0, magic=0x42)
    with pytest.raises(BlockingIOError):
        link.socket.recvfrom(9000)
    with pytest.raises(BlockingIOError):
        link.receive_quiet()


def test_an_address_that_another_daemon_has_is_refused(link: BoundLink) -> None:
    with pytest.raises(OSError, match="in use"):
        BoundLink(link.address)
