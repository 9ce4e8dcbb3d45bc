"""The border of the heart's machine: what reaches it, and what it asks for.

`Heart` (heart.py) joins sessions, links and the detector. Below it is `daemon/io/heart.py` with
its sockets and the clock; above it, behind a socket, the brain, with the frames of `frames.py`.
"""

from __future__ import annotations

from pcsx.lean import dataclass
from pcsx.ring.config import Address
from pcsx.ring.frames import Boot, ToBrain, ToHeart
from pcsx.ring.port import Note

# --- events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Datagram:
    """A datagram came in on *link* from *source*; nobody vouches for any of it."""

    link: int
    source: Address
    data: bytes


@dataclass(frozen=True, slots=True)
class FromBrain:
    """The brain said these, one after the other; given together, small messages share packets."""

    frames: tuple[ToHeart, ...]


@dataclass(frozen=True, slots=True)
class Pressure:
    """The share of time, in percent, in which something here waited for a processor or memory."""

    percent: int


@dataclass(frozen=True, slots=True)
class Tick:
    """`deadline_ms` was reached."""


@dataclass(frozen=True, slots=True)
class WatchdogArmed:
    """`ArmWatchdog` was done: it bites after *timeout_ms* without petting; 0: there is none."""

    timeout_ms: int


HeartEvent = Datagram | FromBrain | Pressure | Tick | WatchdogArmed


# --- effects --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SendDatagram:
    """Send *data* from this node's *link* to *address*; what does not fit now is lost."""

    link: int
    address: Address
    data: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """Give *frame* to the brain, without waiting."""

    frame: ToBrain


@dataclass(frozen=True, slots=True)
class Bind:
    """Listen on *addresses*, one a link, and on nothing else; none: close all."""

    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Will:
    """How the supervisor tells one peer that this life is over: where, and with which key."""

    addresses: tuple[Address, ...]
    session: int
    key: bytes


@dataclass(frozen=True, slots=True)
class LeaveWills:
    """Give the supervisor *wills* in place of those it had; *boot* is the life they speak of."""

    boot: Boot
    wills: tuple[Will, ...]


@dataclass(frozen=True, slots=True)
class PetWatchdog:
    """The brain lives: keep the watchdog from biting."""


@dataclass(frozen=True, slots=True)
class ArmWatchdog:
    """Open the watchdog, from where on it must be petted; `WatchdogArmed` answers."""


@dataclass(frozen=True, slots=True)
class DisarmWatchdog:
    """Close the watchdog so that it does not bite."""


HeartEffect = (
    SendDatagram | Report | Bind | LeaveWills | ArmWatchdog | PetWatchdog | DisarmWatchdog | Note
)
