"""Forming a cluster out of lobbies, in one shot: the founder's stages and the lobby's answers.

`Founder` goes through *find, trust, survey, judge, mint, adopt, ignite, await*; whatever fails
before *ignite*, and *await* too, gives every node back to its lobby. `Lobby` is the other end: it
answers a founder that proved its right. Both are machines; streams, keys and names come as events.
"""

from pcsx.daemon.setup.founder import Founder
from pcsx.daemon.setup.lobby import Lobby
from pcsx.daemon.setup.survey import is_numeric, split_address
from pcsx.daemon.setup.told import (
    Compare,
    Founded,
    Ignite,
    Line,
    Me,
    Newcomer,
    Outcome,
    Returning,
    Ruined,
    describe,
)

__all__ = [
    "Compare",
    "Founded",
    "Founder",
    "Ignite",
    "Line",
    "Lobby",
    "Me",
    "Newcomer",
    "Outcome",
    "Returning",
    "Ruined",
    "describe",
    "is_numeric",
    "split_address",
]
