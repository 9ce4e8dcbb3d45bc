"""What the parts of a member ask of it, and what is left to be done outside.

A part owns its state and decides; to reach the ring, the other members, what runs here or the DC's
work it asks `Hands`, which is the member itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from pcsx.daemon import controller_port as dc
from pcsx.daemon import lrm, messages
from pcsx.daemon.effects import Effect
from pcsx.daemon.local import LocalEffect
from pcsx.errors import Failed, PcsxError
from pcsx.lean import dataclass
from pcsx.ring import port
from pcsx.ring.machine import PAYLOAD_MAX
from pcsx.values import Now

Answerer = Callable[[dict[str, Any] | PcsxError, bool], list[Effect]]
"""Answers a request: an object or an error, and whether it is the last word."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The ring was left; nothing runs here. *refused*: the others say that this life is over."""

    refused: str = ""


@dataclass(frozen=True, slots=True)
class Passed:
    """A client of *node* asks this node, the leader; answer by `Forwards.answer`."""

    node: int
    forward: messages.Forward | messages.Errand


@dataclass(frozen=True, slots=True)
class Known:
    """This node is known by the private key *identity* now: what it opens goes by that."""

    identity: bytes


MemberEffect = Effect | Gone | Passed | Known | port.ToWitness | port.FetchSnapshot

Then = Callable[[port.Proposed, Now], list[MemberEffect]]
"""Told what became of a proposal; its index is 0 where it was refused."""


class Hands(Protocol):
    """See the module's paragraph."""

    def ring(self, event: port.MachineEvent, now: Now) -> list[MemberEffect]:
        """Have the ring's machine take *event*, and do what it asks for."""

    def tell(
        self, message: messages.ViewMessage, now: Now, *, safe: bool = False
    ) -> list[MemberEffect]:
        """Say *message* to all members, us too, in order."""

    def run(self, event: lrm.LrmEvent, now: Now) -> list[MemberEffect]:
        """Have what runs here take *event*."""

    def of_local(self, told: list[LocalEffect], now: Now) -> list[MemberEffect]:
        """Do what this node's resources ask for."""

    def control(self, event: dc.ControllerEvent, now: Now) -> list[MemberEffect]:
        """Have the DC's work take *event*."""


def carried(payload: bytes) -> bytes:
    """Return *payload*, or raise `Failed` where no message of the ring carries so much."""
    if len(payload) > PAYLOAD_MAX:
        text = f"too much for one message: {len(payload) // 1024} KiB, even packed"
        raise Failed(text, f"At most {PAYLOAD_MAX // 1024} KiB at a time: do it in parts.")
    return payload
