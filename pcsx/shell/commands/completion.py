"""`pcsx completion`: scripts by which bash, zsh and fish complete the words of pcsx."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pcsx.shell.words import Verb, wrong_words

if TYPE_CHECKING:
    from pcsx.shell.run import Run


def completion(run: Run, words: list[str]) -> None:
    """Print the completion script of a shell.

    The script knows every command and option; ids of resources, nodes and constraints come from
    the running cluster or from the file that `-f` names.

    \b
    Example: for this bash
        source <(pcsx completion bash)
    Example: for every fish
        pcsx completion fish > /etc/fish/completions/pcsx.fish
    """
    from pcsx.shell.completion import SHELLS, script
    from pcsx.shell.reply import replies

    root = click.get_current_context().find_root().command
    assert isinstance(root, click.Group)
    if words[:1] == ["reply"]:
        for offer in replies(root, words[1:]):
            run.say(offer.text)
        return
    if len(words) != 1 or words[0] not in SHELLS:
        raise wrong_words("say for which shell", hint=f"Usage: {run.usage}")
    run.say(script(root, words[0]).rstrip("\n"))


class _Completion(Verb):
    """The verb, whose words are other command lines: their options are not its own."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the words of `reply` as they are."""
        if args[:1] == ["reply"]:
            run: Run = ctx.obj
            run.is_split = True
            ctx.args = list(args)
            return ctx.args
        return super().parse_args(ctx, args)


command: click.Command = _Completion("completion", completion, usage="bash|zsh|fish", options=())
