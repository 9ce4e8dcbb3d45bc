"""Fields of requests that daemons send each other, read with care: a client may send them too."""

from __future__ import annotations

from collections.abc import Iterable

from pcsx.daemon.setup import is_numeric
from pcsx.errors import Failed
from pcsx.ring.config import Address


def bytes_of(text: str, what: str, size: int = 0) -> bytes:
    """Return the bytes that *text* spells in hexadecimal, *size* of them (0: any number)."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        raise Failed(f"{what} is not in hexadecimal: {text!r:.40}") from None
    if size and len(found) != size:
        raise Failed(f"{what} has {len(found)} bytes, not {size}")
    return found


def addresses_of(texts: Iterable[str]) -> tuple[Address, ...]:
    """Return the addresses that *texts*, each `HOST PORT` with a numeric host, spell."""
    return tuple(map(_address_of, texts))


def _address_of(text: str) -> Address:
    host, _, port = text.partition(" ")
    if not is_numeric(host) or not port.isdecimal() or not 0 < int(port) < 65536:
        raise Failed(f"{text!r:.60} is no address: it has a numeric host, a space and a port")
    return Address(host, int(port))
