"""What applications get of the ring: groups, a store, locks and notifications.

Each is a pure machine on the ordered messages of `words.py`. `pcsx.daemon.services` joins them and
answers the clients of the local socket.
"""

from pcsx.ring.services.groups import Groups, GroupsEffect
from pcsx.ring.services.locks import Lock, Locks, LocksEffect
from pcsx.ring.services.notify import Feed, Missed
from pcsx.ring.services.store import Entry, Kind, Store, StoreEffect
from pcsx.ring.services.words import Process, Standing, Word, decode, encode

__all__ = [
    "Entry", "Feed", "Groups", "GroupsEffect", "Kind", "Lock", "Locks", "LocksEffect", "Missed",
    "Process", "Standing", "Store", "StoreEffect", "Word", "decode", "encode",
]  # fmt: skip
