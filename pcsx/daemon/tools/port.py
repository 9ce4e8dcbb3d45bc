"""The border of the tools: what they are told of this node and its cluster, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Final

from pcsx.cib import Cib
from pcsx.cib.status import SET
from pcsx.daemon.attributes import AttributeEvent
from pcsx.daemon.records import OpRecord
from pcsx.daemon.status import PRIVATE
from pcsx.lean import dataclass
from pcsx.protocol import Request

OK: Final = 0
ERROR: Final = 1
UNSUPPORTED: Final = 3
USAGE: Final = 64
NO_SUCH: Final = 105
NO_QUORUM: Final = 106

NO_SUCH_TEXT: Final = "No such device or address"

VERSION: Final = "3.0.2"
"""The release of Pacemaker whose tools these behave like."""


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """One node as agents may see it; *attributes* are the transient ones."""

    id: int
    name: str
    online: bool
    attributes: Mapping[str, str]
    keys: Mapping[str, str] = field(default_factory=dict)
    """Under which names those of them are kept that are private, or in a set of their own."""
    clean: bool = True
    standby: bool = False
    maintenance: bool = False
    dc: bool = False

    def kept(self, name: str, *, private: bool = False, block: str = "") -> str:
        """Return the name under which an attribute is kept: private or in a set, it stays so."""
        if name in self.attributes:
            return self.keys.get(name, name)
        if private:
            return PRIVATE + name
        return f"{SET}{block}:{name}" if block else name


@dataclass(frozen=True, slots=True)
class Running:
    """One resource on one node, in a role as the field spells it."""

    resource: str
    agent: tuple[str, str, str]
    node: str
    role: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What this node knows. *document* is asked for only where a call needs it."""

    me: str
    nodes: tuple[NodeFacts, ...]
    quorate: bool
    cib: Cib
    document: Callable[[], Cib]
    running: Callable[[], tuple[Running, ...]]
    records: Callable[[], tuple[tuple[str, OpRecord], ...]] = tuple
    """What was done to resources, each with the name of its node."""
    fencings: Callable[[], tuple[Mapping[str, Any], ...]] = tuple
    """Fencing on record as `answers.fencing_of` has it, oldest first."""
    devices: Callable[[str], tuple[str, ...]] = lambda target: ()
    """The fence devices that may fence a node; of no node: all that there are."""

    def node(self, name: str) -> NodeFacts | None:
        """Return the node called *name*, or None."""
        return next((node for node in self.nodes if node.name == name), None)


@dataclass(frozen=True, slots=True)
class Said:
    """The outcome of one call: exit status, output, and changes to make before it is given."""

    status: int = OK
    stdout: str = ""
    stderr: str = ""
    transient: tuple[AttributeEvent, ...] = ()
    cib: Cib | None = None
    """The configuration as it shall be."""
    then: Request | None = None
    """What is asked for before the answer is given; where that fails, so does the call."""


class Wrong(Exception):
    """The words make no sense; the text says why."""


def no_such(text: str) -> Said:
    """Return the outcome of a call about what is not there."""
    return Said(NO_SUCH, stderr=f"{text}\n")
