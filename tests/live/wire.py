"""Looks at and speaks on a lab's switch as an attacker would: keeps frames, plays them, makes more.

    wire.py capture FILE SECONDS               keep the daemons' datagrams that pass the switch
    wire.py replay FILE SECONDS                play them to those they were for, over and over
    wire.py garbage FILE SECONDS RATE          damaged, cut and random ones under the same addresses
    wire.py mdns ADDRESS SECONDS RATE          forged announcements of lobbies, from ADDRESS

Runs in the namespace of the switch (the last one: of any host) as root. Prints how many it sent.
"""

from __future__ import annotations

import random
import socket
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

LENGTH = struct.Struct(">H")
ETHERNET, IP, UDP = 14, 20, 8
HEAD = ETHERNET + IP + UDP


def is_ours(frame: bytes) -> bool:
    """Return whether *frame* is a datagram between two daemons (IPv4 without options)."""
    if len(frame) < HEAD or frame[12:14] != b"\x08\x00" or frame[14] != 0x45 or frame[23] != 17:
        return False
    source, target = struct.unpack_from(">HH", frame, ETHERNET + IP)
    return source == target


def capture(file: str, seconds: float) -> int:
    """Keep what passes in *file*: length and frame, one after the other."""
    listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    listener.settimeout(0.2)
    end, kept = time.time() + seconds, []
    while time.time() < end:
        try:
            frame, (_, _, kind, *_) = listener.recvfrom(65535)
        except TimeoutError:
            continue
        if kind != socket.PACKET_OUTGOING and is_ours(frame):
            kept.append(frame)
    Path(file).write_bytes(b"".join(LENGTH.pack(len(each)) + each for each in kept))
    return len(kept)


def frames(file: str) -> list[bytes]:
    """Return what `capture` kept."""
    data, at, found = Path(file).read_bytes(), 0, []
    while at < len(data):
        (length,) = LENGTH.unpack_from(data, at)
        found.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    return found


def damaged(frame: bytes, chance: random.Random) -> bytes:
    """Return *frame* with another payload under the same addresses; no checksum, which is legal."""
    payload = frame[HEAD:]
    match chance.randrange(3):
        case 0:
            payload = payload[: chance.randrange(len(payload))]
        case 1:
            at = chance.randrange(len(payload))
            other = bytes((payload[at] ^ (1 + chance.randrange(255)),))
            payload = payload[:at] + other + payload[at + 1 :]
        case _:
            payload = payload[:2] + chance.randbytes(chance.randrange(1, 400))
    head = bytearray(frame[:HEAD])
    LENGTH.pack_into(head, ETHERNET + 2, IP + UDP + len(payload))
    LENGTH.pack_into(head, ETHERNET + IP + 4, UDP + len(payload))
    head[ETHERNET + IP + 6 : HEAD] = b"\0\0"
    head[ETHERNET + 10 : ETHERNET + 12] = b"\0\0"
    words = struct.unpack_from(">10H", head, ETHERNET)
    total = sum(words)
    total = (total & 0xFFFF) + (total >> 16)
    LENGTH.pack_into(head, ETHERNET + 10, ~(total + (total >> 16)) & 0xFFFF)
    return bytes(head) + payload


def play(told: Iterator[bytes], seconds: float, rate: float) -> int:
    """Send frames by the plug of the machine that each is for, so many a second."""
    plugs: dict[int, socket.socket] = {}
    began, sent = time.time(), 0
    for frame in told:
        now = time.time()
        if now > began + seconds:
            break
        number = frame[ETHERNET + 19]
        if number not in plugs:
            plugs[number] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            plugs[number].bind((f"p{number}", 0))
        plugs[number].send(frame)
        sent += 1
        ahead_s = sent / rate - (now - began)
        if ahead_s > 0.002:
            time.sleep(ahead_s)
    return sent


def unsummed(frame: bytes) -> bytes:
    """Return *frame* without the checksum that a virtual cable leaves unfinished; UDP allows it."""
    return frame[: HEAD - 2] + b"\0\0" + frame[HEAD:]


def again(kept: list[bytes]) -> Iterator[bytes]:
    """Yield all of *kept*, over and over."""
    while True:
        yield from kept


def spoilt(kept: list[bytes]) -> Iterator[bytes]:
    """Yield damaged ones without end."""
    chance = random.Random(1)
    made = [damaged(chance.choice(kept), chance) for _ in range(5000)]
    return again(made)


def mdns(address: str, seconds: float, rate: float) -> int:
    """Announce lobbies that are not there, each with another name."""
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    service = b"\x0b_pcsx-lobby\x04_tcp\x05local\x00"
    began, sent = time.time(), 0
    while time.time() < began + seconds:
        label = b"forged-%d" % sent
        name = bytes((len(label),)) + label + service
        record = service + struct.pack(">HHIH", 12, 1, 4500, len(name)) + name
        target = struct.pack(">HHH", 0, 0, 5450) + b"\x06forged\x05local\x00"
        where = name + struct.pack(">HHIH", 33, 0x8001, 4500, len(target)) + target
        told = struct.pack(">6H", 0, 0x8400, 0, 2, 0, 0) + record + where
        sender.sendto(told, ("224.0.0.251", 5353))
        sent += 1
        ahead_s = sent / rate - (time.time() - began)
        if ahead_s > 0.002:
            time.sleep(ahead_s)
    return sent


def main(words: list[str]) -> int:
    """Do what the command line says."""
    what, where, seconds = words[0], words[1], float(words[2])
    match what:
        case "capture":
            return capture(where, seconds)
        case "replay":
            return play(again([unsummed(each) for each in frames(where)]), seconds, 2000)
        case "garbage":
            return play(spoilt(frames(where)), seconds, float(words[3]))
        case _:
            return mdns(where, seconds, float(words[3]))


if __name__ == "__main__":
    print(main(sys.argv[1:]))
