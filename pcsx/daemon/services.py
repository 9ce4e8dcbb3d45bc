"""The services for applications, joined: what clients of this node ask, and what they are told.

`Services` holds the tables of `pcsx.ring.services`, feeds them the ordered messages, and answers
the clients that joined, watch and wait. A client is a connection to the local socket: when it goes,
its groups, locks and watches go with it. Messages to the others leave by the `say` it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

from pcsx.daemon.effects import Effect
from pcsx.errors import Failed, NoQuorum, PcsxError
from pcsx.group_wire import Arrived, Placed
from pcsx.lean import dataclass
from pcsx.protocol import GroupSend
from pcsx.ring.frames import Boot
from pcsx.ring.services import groups, locks, store
from pcsx.ring.services.groups import Groups
from pcsx.ring.services.locks import Locks
from pcsx.ring.services.notify import Feed
from pcsx.ring.services.store import Store
from pcsx.ring.services.words import (
    Asked,
    Entered,
    Exited,
    Freed,
    Process,
    Sent,
    Standing,
    Word,
    Written,
)

UNORDERED_MAX: Final = 512
"""So many messages of this node's clients may wait for their place; then it is *try again*."""
MESSAGE_MAX: Final = 900 * 1024
"""What a client may say to a group at once: with what is around it, one message carries it."""
LOCAL: Final = ("stats.", "runtime.")
"""What a node says of itself to its own clients alone."""

Answerer = Callable[[Any, bool], list[Effect]]
"""Is told lines of progress, then the answer or an error; the flag says which is the last."""
Say = Callable[[Word, bool], list[Any]]
"""Says a word to all members, in order; the flag asks for SAFE delivery."""


def entries_of(stats: dict[str, Any], prefix: str = "") -> list[tuple[str, str, str]]:
    """Return counters as entries of the store: (key, type, value), nested names with dots."""
    found: list[tuple[str, str, str]] = []
    for name, value in stats.items():
        match value:
            case dict():
                found += entries_of(value, f"{prefix}{name}.")
            case list():
                numbered = {str(number): each for number, each in enumerate(value)}
                found += entries_of(numbered, f"{prefix}{name}.")
            case bool():
                found.append((f"{prefix}{name}", "u8", str(int(value))))
            case int():
                found.append((f"{prefix}{name}", "i64", str(value)))
            case float():
                found.append((f"{prefix}{name}", "double", str(value)))
            case str():
                found.append((f"{prefix}{name}", "str", value))
    return found


@dataclass(slots=True)
class Client:
    """One connection, and what it has asked to be told of."""

    process: Process
    groups: dict[str, Answerer]
    stores: list[tuple[str, Answerer]]
    quorums: list[Answerer]
    locks: dict[str, Answerer]


class Services:
    """See the module's paragraph."""

    def __init__(self, me: int, boot: Boot, name: Callable[[int], str], say: Say) -> None:
        self.me = me
        self.groups = Groups()
        self.store = Store()
        self.locks = Locks(me)
        life = f"{boot.counter}.{boot.nonce:x}"
        self.changes: Feed[dict[str, Any]] = Feed(life)
        self.quorums: Feed[dict[str, Any]] = Feed(life)
        self.quorum: dict[str, Any] = {"quorate": False, "view": None, "members": []}
        self._local: dict[str, store.Entry] = {}
        self._name, self._say = name, say
        self._clients: dict[int, Client] = {}
        self._view: frozenset[int] = frozenset()
        self._epoch = 0
        self._quorate = False
        self._ticket = 0
        self._sent: dict[int, Answerer] = {}

    # --- the ring ---------------------------------------------------------------------------------

    def view_changed(self, epoch: int, nodes: Collection[int]) -> list[Any]:
        """Go on with *nodes* in a new view, and say how this node stands."""
        self._epoch, self._view = epoch, frozenset(nodes)
        effects = self._of_groups(self.groups.view_changed(nodes))
        effects += self._of_store(self.store.view_changed(nodes, [self._name(n) for n in nodes]))
        effects += self._of_locks(self.locks.view_changed(nodes))
        standing = Standing(
            self._quorate,
            self.groups.of_node(self.me),
            self.store.triples(f"{store.NODE}{self._name(self.me)}."),
            self.store.triples(store.SHARED),
            self.locks.of_node(self.me),
            self.locks.of_others(),
        )
        return effects + self._say(standing, False)

    def quorum_changed(self, quorum: dict[str, Any]) -> list[Any]:
        """Take what is known of quorum now; watchers are told what is news."""
        if quorum == self.quorum:
            return []
        self.quorum = quorum
        quorate = bool(quorum["quorate"])
        effects: list[Any] = []
        if self._quorate and not quorate:
            effects += self._of_locks(self.locks.quorum_lost())
            effects += self._end_waits()
        self._quorate = quorate
        revision = self.quorums.add(quorum)
        told = {"progress": {**quorum, "revision": revision}}
        for client in self._clients.values():
            for answer in client.quorums:
                effects += answer(told, False)
        return effects

    def _end_waits(self) -> list[Any]:
        """Tell those who waited for locks that nobody gives any here now."""
        effects: list[Any] = []
        for client in self._clients.values():
            for name, answer in client.locks.items():
                text = f"the lock {name} cannot be had now: quorum was lost"
                effects += answer(NoQuorum(text), True)
            client.locks.clear()
        return effects

    def listens_to(self, sender: int) -> bool:
        """Return whether what is said to groups by clients of *sender* may be for any here."""
        return sender == self.me or any(client.groups for client in self._clients.values())

    def hear(self, sender: int, word: Word, place: int) -> list[Any]:
        """Take an ordered message that was delivered at *place* of the view."""
        effects: list[Any] = []
        if isinstance(word, Sent):
            effects += self._of_groups(self.groups.hear(sender, word))
            if sender == self.me and word.ticket in self._sent:
                effects += self._sent.pop(word.ticket)(Placed(self._epoch, place), True)
            return effects
        if isinstance(word, Entered | Exited | Standing):
            effects += self._of_groups(self.groups.hear(sender, word))
        if isinstance(word, Written | Standing):
            effects += self._of_store(self.store.hear(sender, self._name(sender), word))
        if not isinstance(word, Entered | Exited | Written):
            effects += self._of_locks(self.locks.hear(sender, word, (self._epoch, place)))
        if sender == self.me and isinstance(word, Written) and word.ticket in self._sent:
            kept = self.store.holds(word)
            outcome = {"place": [self._epoch, place]} if kept else _full(word.key)
            effects += self._sent.pop(word.ticket)(outcome, True)
        return effects

    def arbitrate(self, *, may_grant: bool, over: Collection[int]) -> list[Any]:
        """Grant, as the leader, what may be granted now."""
        return self._of_locks(self.locks.arbitrate(may_grant=may_grant, over=over))

    @property
    def wants_arbiter(self) -> bool:
        """Return whether there is any lock at all."""
        return self.locks.count() > 0

    # --- what came of it --------------------------------------------------------------------------

    def _of_groups(self, told: list[groups.GroupsEffect]) -> list[Any]:
        effects: list[Any] = []
        for effect in told:
            line: Any = None
            for client in self._clients.values():
                answer = client.groups.get(effect.group)
                # Nothing before its own joining is for it.
                if answer is None or not self.groups.member(
                    effect.group, self.me, client.process.key
                ):
                    continue
                if line is None:
                    line = self._line(effect)
                effects += answer(line, False)
        return effects

    def _line(self, effect: groups.GroupsEffect) -> Arrived | dict[str, Any]:
        """Return what members here are told of *effect*."""
        if isinstance(effect, groups.Arrived):
            process = effect.process
            return Arrived(self._name(process.node), process.key, process.pid, effect.payload)
        line = {
            "members": [self._person(each) for each in effect.members],
            "joined": [self._person(each) for each in effect.joined],
            "left": [self._person(each) for each in effect.left],
            "reason": effect.reason.name.lower(),
        }
        return {"progress": line}

    def _of_store(self, told: list[store.StoreEffect]) -> list[Any]:
        effects: list[Any] = []
        for entry in told:
            effects += self._changed(entry)
        return effects

    def _changed(self, entry: store.Entry) -> list[Any]:
        line = {"key": entry.key, "type": entry.kind, "value": entry.value}
        revision = self.changes.add(line)
        effects: list[Any] = []
        for client in self._clients.values():
            for prefix, answer in client.stores:
                if entry.key.startswith(prefix):
                    effects += answer({"progress": {**line, "revision": revision}}, False)
        return effects

    def _of_locks(self, told: list[locks.LocksEffect]) -> list[Any]:
        effects: list[Any] = []
        for effect in told:
            match effect:
                case locks.Say(word):
                    effects += self._say(word, True)
                case locks.Grant(name, process, token):
                    client = self._client_of(process)
                    if client is not None and name in client.locks:
                        line = {"progress": {"granted": name, "token": list(token)}}
                        effects += client.locks[name](line, False)
                    elif process.node == self.me:
                        # Whoever wanted it is gone: it must not stay taken.
                        effects += self._say(Freed(name, process), False)
                case locks.Free(name, process, lost):
                    client = self._client_of(process)
                    answer = client.locks.pop(name, None) if client is not None else None
                    if answer is not None and lost:
                        error = NoQuorum(f"the lock {name} is lost: this node has no quorum")
                        effects += answer(error, True)
                    elif answer is not None:
                        effects += answer({"released": name}, True)
        return effects

    def _client_of(self, process: Process) -> Client | None:
        if process.node != self.me:
            return None
        client = self._clients.get(process.key)
        return client if client is not None and client.process == process else None

    def _person(self, process: Process) -> dict[str, Any]:
        return {"node": self._name(process.node), "pid": process.pid, "key": process.key}

    # --- clients ----------------------------------------------------------------------------------

    def client(self, key: int, pid: int) -> Client:
        """Return the client whose connection is *key*."""
        known = self._clients.get(key)
        if known is None:
            known = Client(Process(self.me, key, pid), {}, [], [], {})
            self._clients[key] = known
        return known

    def gone(self, key: int) -> list[Any]:
        """Let go of all that the client *key* had."""
        client = self._clients.pop(key, None)
        if client is None:
            return []
        effects: list[Any] = []
        for group in client.groups:
            effects += self._say(Exited(group, client.process, True), False)
        for name in client.locks:
            effects += self._say(Freed(name, client.process), False)
        return effects + self.forget(f"runtime.process.{client.process.pid}.")

    def ended(self, error: PcsxError) -> list[Effect]:
        """Tell all clients that this node leaves the ring."""
        effects: list[Effect] = []
        for client in self._clients.values():
            answers = [*client.groups.values(), *client.locks.values(), *client.quorums]
            for answer in (*answers, *(answer for _, answer in client.stores)):
                effects += answer(error, True)
        for answer in self._sent.values():
            effects += answer(error, True)
        self._clients.clear()
        self._sent.clear()
        return effects

    def join(self, client: Client, group: str, answer: Answerer) -> list[Any]:
        """Enter *group*; *answer* is told of all changes and messages from then on."""
        if not group or len(group.encode()) > groups.NAME_MAX:
            raise Failed(f"a group's name has 1 to {groups.NAME_MAX} bytes")
        if group in client.groups:
            raise Failed(f"this connection is in the group {group} already")
        if sum(len(each.groups) for each in self._clients.values()) >= groups.JOINED_MAX:
            raise Failed(f"clients of this node are in groups {groups.JOINED_MAX} times already")
        self._check_room()
        client.groups[group] = answer
        return self._say(Entered(group, client.process), False)

    def leave(self, client: Client, group: str) -> list[Any]:
        """Leave *group*; its stream ends."""
        answer = client.groups.pop(group, None)
        if answer is None:
            raise Failed(f"this connection is not in the group {group}")
        return [
            *self._say(Exited(group, client.process, False), False),
            *answer({"left": group}, True),
        ]

    def send(self, client: Client, said: GroupSend, answer: Answerer) -> list[Any]:
        """Say something to a group; *answer* is told its place once it is delivered here."""
        if said.group not in client.groups:
            raise Failed(f"this connection is not in the group {said.group}", "Join it first.")
        size = len(said.message)
        if size > MESSAGE_MAX:
            text = f"too much for one message: {size // 1024} KiB"
            raise Failed(text, f"A group's message has up to {MESSAGE_MAX // 1024} KiB.")
        self._check_room()
        ticket = self._wait(answer)
        return self._say(Sent(said.group, client.process.key, said.message, ticket), said.safe)

    def write(self, key: str, kind: str, value: str, answer: Answerer) -> list[Any]:
        """Write (or with an empty *kind* remove) an entry of the view plane."""
        own = f"{store.NODE}{self._name(self.me)}."
        prefix = own if key.startswith(own) else store.SHARED
        if not key.startswith(prefix):
            advice = f"Keys that can be written here begin with {own} or {store.SHARED}"
            raise Failed(f"{key} cannot be written on this node", advice)
        fault = store.fault_of(key, kind or "str", value)
        if fault:
            raise Failed(fault)
        if kind and not self.store.has_room(prefix, key, value):
            raise _full(prefix)
        self._check_room()
        ticket = self._wait(answer)
        return self._say(Written(key, kind, value, ticket), False)

    def show(self, key: str, kind: str, value: str) -> list[Any]:
        """Show *value* under *key* to clients of this node alone."""
        entry = store.Entry(key, kind, value)
        if self._local.get(key) == entry:
            return []
        self._local[key] = entry
        return self._changed(entry)

    def forget(self, prefix: str) -> list[Any]:
        """Show nothing under *prefix* any more."""
        effects: list[Any] = []
        for key in [key for key in self._local if key.startswith(prefix)]:
            del self._local[key]
            effects += self._changed(store.Entry(key, "", ""))
        return effects

    def read(self, prefix: str) -> list[store.Entry]:
        """Return all entries whose keys begin with *prefix*."""
        local = [entry for key, entry in self._local.items() if key.startswith(prefix)]
        return sorted([*self.store.get(prefix), *local], key=lambda entry: entry.key)

    def people(self, group: str) -> list[dict[str, Any]]:
        """Return who is in *group*, for clients."""
        return [self._person(process) for process in self.groups.members(group)]

    def lock_table(self) -> list[dict[str, Any]]:
        """Return all locks, for clients."""
        return [
            {
                "name": name,
                "holder": self._person(lock.holder) if lock.holder is not None else None,
                "token": list(lock.token),
                "waiting": [self._person(process) for process in lock.waiting],
            }
            for name, lock in self.locks.table()
        ]

    def watch_store(
        self, client: Client, prefix: str, revision: str, answer: Answerer
    ) -> list[Any]:
        """Tell *answer* what changes under *prefix*: after *revision*, else all that is there."""
        client.stores.append((prefix, answer))
        missed = self.changes.since(revision) if revision else None
        if missed is not None and not missed.resync:
            lines = [
                {**line, "revision": at}
                for at, line in missed.events
                if str(line["key"]).startswith(prefix)
            ]
        else:
            entries = [[e.key, e.kind, e.value] for e in self.read(prefix)]
            now_is = {"entries": entries, "revision": self.changes.revision}
            lines = [{**now_is, "resync": bool(revision)}]
        return [effect for line in lines for effect in answer({"progress": line}, False)]

    def watch_quorum(self, client: Client, revision: str, answer: Answerer) -> list[Any]:
        """Tell *answer* how quorum stands: after *revision*, else as it is now."""
        client.quorums.append(answer)
        missed = self.quorums.since(revision) if revision else None
        if missed is not None and not missed.resync:
            lines = [{**line, "revision": at} for at, line in missed.events]
        else:
            now_is = {**self.quorum, "revision": self.quorums.revision}
            lines = [{**now_is, "resync": bool(revision)}]
        return [effect for line in lines for effect in answer({"progress": line}, False)]

    def acquire(self, client: Client, name: str, answer: Answerer) -> list[Any]:
        """Wait for the lock *name*; *answer* is told when it is granted, and when it is lost."""
        if not name or len(name.encode()) > locks.NAME_MAX:
            raise Failed(f"a lock's name has 1 to {locks.NAME_MAX} bytes")
        if name in client.locks:
            raise Failed(f"this connection has asked for the lock {name} already")
        if not self._quorate:
            raise NoQuorum("locks are given where there is quorum, and here is none")
        mine = sum(len(each.locks) for each in self._clients.values())
        if max(self.locks.count(), mine) >= locks.LOCKS_MAX:
            raise Failed(f"{locks.LOCKS_MAX} locks are held and waited for already")
        self._check_room()
        client.locks[name] = answer
        return self._say(Asked(name, client.process), False)

    def release(self, client: Client, name: str) -> list[Any]:
        """Give the lock *name* back, or wait for it no more."""
        answer = client.locks.pop(name, None)
        if answer is None:
            raise Failed(f"this connection has not asked for the lock {name}")
        return [
            *self._say(Freed(name, client.process), False),
            *answer({"released": name}, True),
        ]

    def _wait(self, answer: Answerer) -> int:
        self._ticket += 1
        self._sent[self._ticket] = answer
        return self._ticket

    def _check_room(self) -> None:
        if len(self._sent) >= UNORDERED_MAX:
            raise Failed("too many messages wait for their place here", "Try again in a moment.")


def _full(what: str) -> Failed:
    text = f"{what}: there is no room, for one owner's part of the store is full"
    return Failed(text, f"Keys and values of one owner have up to {store.SHARED_MAX} bytes.")
