"""Laws of the socket between heart and brain: whole frames, in order, and nobody waits."""

from __future__ import annotations

import os
import socket

import pytest

from pcsx.daemon.io.frame_socket import RESERVE, FrameSocket, pair
from pcsx.ring.frames import Boot, Heard, PeerState, Pulse, Reach, Transmit, Why


def test_frames_of_any_size_arrive_whole_and_in_order() -> None:
    one, two = map(FrameSocket, pair())
    sent = [Transmit((2,), os.urandom(size)) for size in (0, 1, 32_760, 32_768, 1 << 20, 5)]
    for frame in sent:
        assert one.send(frame)
    got: list[object] = []
    while len(got) < len(sent):
        got += two.receive()
        one.flush()
    assert got == sent
    assert not one.waits


def test_what_does_not_fit_is_dropped_whole_and_counted_and_nobody_waits() -> None:
    one, two = pair()
    small, other = FrameSocket(one, backlog=RESERVE + 100_000), FrameSocket(two)
    frames = [Heard(1, Boot(1, 1), bytes([n]) * 50_000) for n in range(250)]
    taken = [frame for frame in frames if small.send(frame)]
    assert 0 < len(taken) < len(frames)
    assert small.dropped == len(frames) - len(taken)
    state = PeerState(1, Reach.DOWN, Why.SILENCE, Boot(1, 1), 5)
    assert small.send(state)
    got: list[object] = []
    while len(got) < len(taken):
        got += other.receive()
        small.flush()
    while len(got) == len(taken):
        got += other.receive()
        small.flush()
    assert got == [*taken, state]


def test_the_end_of_the_other_side_is_seen_after_its_last_words() -> None:
    one, two = map(FrameSocket, pair())
    one.send(Pulse())
    one.close()
    assert two.receive() == [Pulse()]
    assert two.closed


def test_speaking_to_nobody_raises_nothing() -> None:
    one, two = map(FrameSocket, pair())
    two.close()
    one.send(Pulse())
    assert not one.waits
    assert one.receive() == []
    assert one.closed


def test_last_words_are_heard_of_one_that_left_without_listening() -> None:
    one, two = map(FrameSocket, pair())
    one.send(Pulse())
    two.send(Pulse())
    two.close()
    one.send(Pulse())
    assert one.receive() == [Pulse()]
    assert one.receive() == []
    assert one.closed


def test_small_frames_of_one_turn_travel_together_and_in_order() -> None:
    ours, theirs = pair()
    one = FrameSocket(ours)
    sizes = [*range(40), 20_000, 20_000, 32_765, 32_766, 40_000, 3]
    sent = [Transmit((2,), os.urandom(size)) for size in sizes]
    for frame in sent:
        assert one.put(frame)
    theirs.setblocking(False)
    with pytest.raises(BlockingIOError):
        theirs.recv(1, socket.MSG_PEEK)
    one.flush()
    assert not one.waits
    assert FrameSocket(theirs).receive() == sent


def test_forty_small_frames_are_one_piece() -> None:
    ours, theirs = pair()
    one = FrameSocket(ours)
    for number in range(40):
        one.put(Transmit((2,), bytes([number])))
    one.flush()
    theirs.recv(1 << 20)
    with pytest.raises(BlockingIOError):
        theirs.recv(1 << 20, socket.MSG_DONTWAIT)
