"""Default values of resources and operations, as text, commands and JSON."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pcsx.cib.edit import defaults
from pcsx.cib.objects.document import Document
from pcsx.cib.objects.nvpairs import NvBlock
from pcsx.shell.output.pairs import indented, pair_text, pair_word, pairs_of
from pcsx.shell.output.rules import condition_text, is_over, is_to_come, rule_lines

if TYPE_CHECKING:
    from pcsx.shell.run import Run


def show_defaults(run: Run, kind: str) -> None:
    """Show the defaults of *kind* (`rsc_defaults` or `op_defaults`)."""
    from pcsx.shell.output.resources import block_object

    document = Document(run.cib())
    blocks = document.rsc_defaults if kind == defaults.RESOURCES else document.op_defaults
    value = {"instance_attributes": [], "meta_attributes": [block_object(b) for b in blocks]}
    run.give(value)
    form = run.output_format
    if form == "json":
        run.say(json.dumps(value))
    elif form == "cmd":
        run.say(";\n".join(defaults_commands(blocks, kind)))
    else:
        lines = defaults_lines(
            blocks,
            ids=run.flag("full"),
            over=run.flag("all"),
            timed=not run.flag("no-expire-check"),
        )
        run.say("\n".join(lines) if blocks else "No defaults set")


def defaults_lines(
    blocks: Sequence[NvBlock], *, ids: bool, over: bool, timed: bool = True
) -> list[str]:
    """Return *blocks* as lines; those that are over only if asked for or not *timed*."""
    lines: list[str] = []
    for block in blocks:
        mark = ""
        if timed and block.rule is not None and is_over(block.rule):
            if not over:
                continue
            mark = " (expired)"
        elif timed and block.rule is not None and is_to_come(block.rule):
            mark = " (not yet in effect)"
        score = f" score={block.score}" if block.score else ""
        lines.append(f"Meta Attrs{mark}: {block.id}{score}")
        lines += indented(pair_text(name, value) for name, value in pairs_of(block))
        if block.rule is not None:
            lines += indented(rule_lines(block.rule, ids=ids, mark=mark))
    return lines


def defaults_commands(blocks: Sequence[NvBlock], kind: str) -> list[str]:
    """Return commands that make *blocks*."""
    noun = "resource op" if kind == defaults.OPERATIONS else "resource"
    commands = []
    for block in blocks:
        parts = [f"pcs -- {noun} defaults set create id={shlex.quote(block.id or '')}"]
        if block.score:
            parts[0] += f" score={block.score}"
        words = " ".join(pair_word(name, value) for name, value in pairs_of(block))
        if words:
            parts.append(f"  meta {words}")
        if block.rule is not None:
            rule = " ".join(shlex.quote(word) for word in condition_text(block.rule).split())
            parts.append(f"  rule {rule}")
        commands.append(" \\\n".join(parts))
    return commands
