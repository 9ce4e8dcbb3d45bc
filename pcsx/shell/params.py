"""The parameters of an agent, for completion in the shells outside: nothing else is loaded.

It is the short cut of `completion reply` for the place that is asked for most, behind the agent of
`resource create`; what else may stand there is in the script itself. What it does not know, or
cannot do now, it leaves to `reply`, which knows every place.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

_TRUE: Final = ("true", "yes", "on", "y", "1")
_TOLD: Final = "PCSX_AGENT_METADATA"


def main(words: Sequence[str]) -> int | None:
    """Print the names that may stand in place of the last of *words*, or return None to pass it on.

    *words* are those of the command line behind the program. Nothing is printed then.
    """
    if words[:1] == ["-f"]:  # an agent is the same for a file
        words = words[2:]
    if len(words) < 5 or list(words[:2]) != ["resource", "create"] or os.environ.get(_TOLD):
        return None
    agent, given, current = words[3], words[4:-1], words[-1]
    plain = not any(word.startswith("-") for word in words)
    if not plain or agent.count(":") != 2 or agent[:4] != "ocf:" or "=" in current:
        return None
    if not all("=" in word for word in given):
        return None
    try:
        names = _names(_metadata(agent))
    except (OSError, ValueError, KeyError):
        return None
    taken = {word.partition("=")[0] for word in given}
    found = [name for name in names if name.startswith(current) and name not in taken]
    sys.stdout.write("".join(f"{name}=\n" for name in found))
    return 0


def _metadata(agent: str) -> bytes:
    """Return what the local daemon has from the agent; raises `OSError`, `KeyError`."""
    from pcsx.shell.compat.launcher import answered

    told: Any = answered({"do": "metadata", "agent": agent})["ok"]
    return str(told["xml"]).encode()


def _names(text: bytes) -> Iterator[str]:
    """Yield the names of the parameters that are to be used, required ones first."""
    from xml.parsers import expat

    ranks: dict[str, int] = {}
    old: set[str] = set()
    path: list[str] = []
    last = [""]

    def begin(tag: str, attributes: dict[str, str]) -> None:
        path.append(tag)
        if path[:3] != ["resource-agent", "parameters", "parameter"]:
            return
        if len(path) == 3:
            last[0] = name = attributes.get("name", "")
            if name and name not in ranks:
                ranks[name] = int(attributes.get("required", "").lower() not in _TRUE)
                if attributes.get("deprecated", "").lower() in _TRUE:
                    old.add(name)
        elif len(path) == 4 and tag == "deprecated":
            old.add(last[0])

    def refuse(*_: object) -> None:
        raise ValueError("metadata has no entities")

    begins = min((at for at in (text.find(b"<?xml"), text.find(b"<resource-agent")) if at >= 0),
                 default=0)  # fmt: skip
    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    parser.EndElementHandler = lambda _tag: path.pop()
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(text[begins:], True)
    except expat.ExpatError as error:
        raise ValueError(f"the metadata is not well-formed: {error}") from error
    yield from (name for name in sorted(ranks, key=ranks.__getitem__) if name not in old)
