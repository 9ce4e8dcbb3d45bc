"""`pcsx explain`: what a code of a finding or an error means."""

from __future__ import annotations

import difflib

from pcsx.errors import Finding, Refused
from pcsx.shell.changes import changes_command
from pcsx.shell.codes import MEANINGS
from pcsx.shell.run import Run


def explain(run: Run, words: list[str]) -> None:
    """Say what each of the codes *words* means; without words list all of them."""
    unknown = [word for word in words if word not in MEANINGS]
    if unknown:
        raise Refused([_unknown(word) for word in unknown])
    wanted = words or list(MEANINGS)
    run.give({word: MEANINGS[word] for word in wanted})
    for word in wanted:
        run.say(f"{word}: {MEANINGS[word]}")


def _unknown(word: str) -> Finding:
    near = difflib.get_close_matches(word, MEANINGS, 3)
    hint = f"Did you mean: {', '.join(near)}?" if near else "pcsx explain lists all codes."
    return Finding.error("unknown", word, f"there is no code '{word}'", hint=hint)


command = changes_command(
    "explain",
    """Tell what the code of a finding or an error means, and what to do about it.

    Every message of a command has a code, which --json prints with it. Without one, all codes.

    \b
    Example:
        pcsx explain order-loop
    """,
    usage="[CODE]...",
    body=explain,
)
