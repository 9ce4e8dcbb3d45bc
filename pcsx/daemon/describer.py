"""Asking agents to describe themselves, so that executor and fencer know their parameters.

`Describer` is a machine that fills a mapping, two agents at a time. What cannot be asked now is
asked again later: an agent may be installed while the daemon runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from pcsx.agents import (
    AgentMetadata,
    AgentName,
    Exit,
    Host,
    Outcome,
    metadata_invocation,
    outcome_of,
    parse_metadata,
)
from pcsx.daemon.effects import Spawn
from pcsx.daemon.events import ChildExited, Tick
from pcsx.errors import Refused
from pcsx.ring.port import Note
from pcsx.values import Now

PARALLEL: Final = 2
AGAIN_MS: Final = 5 * 60_000
"""How long after a failure an agent is asked again."""

_SPEAKING: Final = frozenset(("ocf", "stonith"))
"""The standards whose agents describe themselves."""

Key = tuple[str, str, str]
DescriberEffect = Spawn | Note


class Describer:
    """Fills *metadata* with what the wanted agents say of themselves; see above."""

    def __init__(
        self, host: Host, *, children: Iterator[int], metadata: dict[Key, AgentMetadata]
    ) -> None:
        self._host = host
        self._children = children
        self._metadata = metadata
        self._wanted: dict[Key, int] = {}
        """Who shall be asked, and not before which moment."""
        self._asked: dict[int, Key] = {}

    @property
    def deadline_ms(self) -> int | None:
        """Return when somebody shall be asked again."""
        if len(self._asked) >= PARALLEL:
            return None
        return min(self._wanted.values(), default=None)

    def owns(self, child: int) -> bool:
        """Return whether *child* was begun by this machine and has not ended."""
        return child in self._asked

    def want(self, agents: Iterable[Key], now: Now) -> list[DescriberEffect]:
        """Ask those of *agents* that are not known yet; others are not asked any more."""
        wanted = [key for key in agents if key[0] in _SPEAKING and key not in self._metadata]
        busy = set(self._asked.values())
        self._wanted = {key: self._wanted.get(key, now.ms) for key in wanted if key not in busy}
        return self._go(now)

    def step(self, event: ChildExited | Tick, now: Now) -> list[DescriberEffect]:
        """Take an agent's answer, and ask the next."""
        effects: list[DescriberEffect] = []
        if isinstance(event, ChildExited):
            key = self._asked.pop(event.child, None)
            if key is not None:
                effects = self._learn(key, event.exit, now)
        return effects + self._go(now)

    def _learn(self, key: Key, exit: Exit, now: Now) -> list[DescriberEffect]:
        try:
            if exit.code != 0 or exit.timed_out:
                return self._failed(key, outcome_of(key[0], "meta-data", exit).reason, now)
            self._metadata[key] = parse_metadata(exit.stdout)
        except Refused as refused:
            return self._failed(key, str(refused), now)
        return []

    def _failed(self, key: Key, why: str, now: Now) -> list[DescriberEffect]:
        self._wanted[key] = now.ms + AGAIN_MS
        return [Note("describer", f"{AgentName(*key)} does not describe itself: {why}")]

    def _go(self, now: Now) -> list[DescriberEffect]:
        effects: list[DescriberEffect] = []
        for key, from_ms in sorted(self._wanted.items()):
            if len(self._asked) >= PARALLEL:
                break
            if from_ms > now.ms:
                continue
            del self._wanted[key]
            made = metadata_invocation(AgentName(*key), self._host)
            if isinstance(made, Outcome):
                effects += self._failed(key, made.reason, now)
                continue
            child = next(self._children)
            self._asked[child] = key
            effects.append(Spawn(child, made))
        return effects
