"""Words of the field that have no work here: each says why, and what does it here instead.

Two kinds: what is done by other means ends with status 1 and names them; what the cluster does by
itself ends with 0 where this node is in a cluster, says so, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pcsx.errors import Elsewhere
from pcsx.shell.run import Run
from pcsx.shell.words import LOCAL, Level, Verb

_Body = Callable[[Run, list[str]], None]


def register(level: Level, told: Mapping[str, tuple[str, str]]) -> None:
    """Add words to *level* that end with status 1: each with the reason, and what to do."""
    for word, (reason, advice) in told.items():
        _add(level, word, _refusing(reason, advice), reason)


def register_settled(level: Level, told: Mapping[str, str]) -> None:
    """Add words to *level* for what the cluster does by itself: each with what it says."""
    for word, text in told.items():
        _add(level, word, _settling(text), text)


def settled(run: Run, text: str) -> None:
    """Say *text*, which tells that nothing is to be done; raises where there is no cluster."""
    from pcsx.protocol import GetStatus

    run.live_only("it is about the running cluster")
    run.source.call(GetStatus())
    run.changed = False
    run.say(text)


def _add(level: Level, word: str, body: _Body, reason: str) -> None:
    body.__doc__ = f"{reason[0].upper()}{reason[1:]}."
    *path, last = word.split()
    for part in path:
        found = level.commands.get(part)
        assert isinstance(found, Level), (level.name, part)
        level = found
    command = Verb(last, body, usage="[WORD]...", options=[option.name for option in LOCAL])
    command.hidden = True
    level.add_command(command)


def _refusing(reason: str, advice: str) -> _Body:
    def body(run: Run, words: list[str]) -> None:
        raise Elsewhere(reason, advice)

    return body


def _settling(text: str) -> _Body:
    def body(run: Run, words: list[str]) -> None:
        settled(run, text)

    return body
