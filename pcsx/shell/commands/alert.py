"""`pcsx alert`: programs called when something happens."""

from __future__ import annotations

from collections.abc import Sequence

from pcsx.cib.edit import alerts
from pcsx.cib.edit.alerts import Settings
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level, wrong_words

command = Level(
    "alert",
    """Call programs when something happens.

    \b
    Example:
        pcsx alert create path=/usr/local/bin/alert id=mail
    """,
    default="config",
)


@command.verb("config", "show", usage="")
def config(run: Run, words: list[str]) -> None:
    """Show alerts and whom they tell.

    \b
    Example:
        pcsx alert config
    """
    from pcsx.shell.output.others import alert_lines, alert_objects

    run.give(alert_objects(run.cib()))
    run.say("\n".join(alert_lines(run.cib())))


def _settings(words: Sequence[str], known: Sequence[str]) -> tuple[dict[str, str], Settings]:
    parts = args.sections(words, ("options", "meta"), once=("options", "meta"))
    main = args.pairs(args.flat(parts[""]))
    unknown = sorted(set(main) - set(known))
    if unknown:
        raise wrong_words(
            f"invalid option {args.listed(unknown)}, allowed options are: "
            f"{args.listed(sorted(known))}"
        )
    settings = Settings(
        main.get("description"),
        args.pairs(args.flat(parts.get("options"))),
        args.pairs(args.flat(parts.get("meta"))),
    )
    return main, settings


@command.verb(
    "create",
    usage="path=PATH [id=ID] [description=TEXT] [options NAME=VALUE...] [meta NAME=VALUE...]",
)
def create(run: Run, words: list[str]) -> None:
    """Create an alert: a program that is called with what happened.

    \b
    Example:
        pcsx alert create path=/usr/local/bin/alert options from=ha meta timeout=15s
    """
    if not words:
        raise args.misused(run.usage)
    main, settings = _settings(words, ("path", "id", "description"))
    if not main.get("path"):
        raise wrong_words("required option 'path' is missing")
    run.change(lambda base: alerts.create(base, main["path"], settings, id=main.get("id", "")))


@command.verb(
    "update",
    usage="ID [path=PATH] [description=TEXT] [options NAME=VALUE...] [meta NAME=VALUE...]",
)
def update(run: Run, words: list[str]) -> None:
    """Change an alert; what is not named stays, an empty value removes.

    \b
    Example:
        pcsx alert update mail options from=
    """
    if not words:
        raise args.misused(run.usage)
    main, settings = _settings(words[1:], ("path", "description"))
    run.change(lambda base: alerts.update(base, words[0], settings, path=main.get("path")))


@command.verb("delete", "remove", usage="ID...")
def delete(run: Run, words: list[str]) -> None:
    """Delete alerts.

    \b
    Example:
        pcsx alert delete mail
    """
    if not words:
        raise args.misused(run.usage)
    run.change(lambda base: alerts.delete(base, words))


@command.verb("test", usage="ID [KIND] [node=NODE]")
def test(run: Run, words: list[str]) -> None:
    """Call the program of an alert with a made-up event, and show how it went.

    KIND is node (as it is without one), fencing, resource or attribute. The text of the event
    begins with TEST.

    \b
    Example:
        pcsx alert test mail fencing
    """
    from pcsx.protocol import TestAlert

    run.live_only("it runs a program on a node")
    names, options = args.leading_and_pairs(words)
    if not 1 <= len(names) <= 2 or set(options) - {"node"}:
        raise args.misused(run.usage)
    kind = names[1] if len(names) == 2 else "node"
    answer = run.source.call(TestAlert(names[0], kind, options.get("node", "")))
    run.give(answer)
    for told in answer["told"]:
        to = f" to {told['recipient']}" if told["recipient"] else ""
        end = "ok" if told["ok"] else told["error"] or f"failed, exit status {told['code']}"
        if told["timed_out"]:
            end = "did not finish in time"
        run.say(f"{names[0]}{to} on {answer['node']}: {end}, {told['took_ms']} ms")
        for name in ("stdout", "stderr"):
            if text := str(told[name]).strip():
                run.say("\n".join(f"  {line}" for line in text.splitlines()))
        if not told["ok"]:
            run.exit_status = 1


recipient = Level("recipient", "Say whom an alert tells.")
command.add_command(recipient)


@recipient.verb(
    "add",
    usage="ALERT value=VALUE [id=ID] [description=TEXT] [options NAME=VALUE...] [meta ...]",
)
def add(run: Run, words: list[str]) -> None:
    """Let an alert tell someone more.

    \b
    Example:
        pcsx alert recipient add mail value=ops@example.com
    """
    if not words:
        raise args.misused(run.usage)
    main, settings = _settings(words[1:], ("value", "id", "description"))
    value = main.get("value")
    if value is None:
        raise wrong_words("required option 'value' is missing")
    if not value:
        raise wrong_words("Recipient value '' is not valid.")
    run.change(
        lambda base: alerts.add_recipient(
            base, words[0], value, settings, id=main.get("id", ""), force=run.force
        )
    )


@recipient.verb(
    "update",
    usage="ID [value=VALUE] [description=TEXT] [options NAME=VALUE...] [meta NAME=VALUE...]",
)
def update_recipient(run: Run, words: list[str]) -> None:
    """Change a recipient; what is not named stays, an empty value removes.

    \b
    Example:
        pcsx alert recipient update mail-recipient value=ha@example.com
    """
    if not words:
        raise args.misused(run.usage)
    main, settings = _settings(words[1:], ("value", "description"))
    if main.get("value", "x") == "":
        raise wrong_words("Recipient value '' is not valid.")
    run.change(
        lambda base: alerts.update_recipient(
            base, words[0], settings, value=main.get("value"), force=run.force
        )
    )


@recipient.verb("delete", "remove", usage="ID...")
def delete_recipient(run: Run, words: list[str]) -> None:
    """Tell someone no longer.

    \b
    Example:
        pcsx alert recipient delete mail-recipient
    """
    if not words:
        raise args.misused(run.usage)
    run.change(lambda base: alerts.delete(base, words, recipients=True))
