"""One invocation: its options and words, where the document is, what it says, and how it ends.

Commands get a `Run`. They read the document by `run.cib()`, change it by `run.change(edit)`, tell
results by `say`, remarks by `warn` and `note`, and raise a `PcsxError` to refuse. Text goes to
standard output, remarks go to standard error; with `--json` all of it is one object on standard
output. Only `cli.py` ends the program.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from pcsx.errors import Failed, Finding, PcsxError, Refused, Severity, clipped
from pcsx.shell.envelope import SCHEMA, begun, ended

if TYPE_CHECKING:
    from pcsx.cib.document import Cib, Version
    from pcsx.cib.replica import Change
    from pcsx.protocol import Request
    from pcsx.shell.outlook import Difference, Step
    from pcsx.shell.words import Given

WAIT_S: Final = 3600.0
REQUEST_S: Final = 60.0
WOULD_CHANGE: Final = 2
"""The exit status of a dry run with `--exit-code` that found something to change."""


class Source(Protocol):
    """Where the document is: the running cluster, or a file."""

    live: bool

    def cib(self) -> Cib:
        """Return the document."""

    def commit(
        self,
        base: Cib,
        new: Cib,
        command: str,
        *,
        wait_s: float | None = None,
        force: tuple[str, ...] = (),
        confirm_s: float | None = None,
    ) -> Version:
        """Make *new*, which was made from *base*, the document; what others did meanwhile stays.

        With *confirm_s* the change is taken back after so many seconds, unless it is confirmed.
        """

    def changes(self) -> list[Change]:
        """Return the changes on record, newest last."""

    def settle(self, wait_s: float) -> None:
        """Wait until the cluster has done all that its document asks for, at most *wait_s*."""

    def call(self, request: Request, timeout_s: float | None = None) -> dict[str, Any]:
        """Return the daemon's answer to *request*, waiting *timeout_s* for each word of it."""


class Run:
    """One invocation of the program."""

    def __init__(self, argv: Iterable[str], *, source: Source | None = None) -> None:
        """Begin the invocation that *argv* (without the program's name) spells.

        With *source* it works on that, whatever its options say.
        """
        self.argv = list(argv)
        self.words: list[str] = []
        self.given: Given = {"idempotent": True} if _is_idempotent() else {}
        self.is_split = False
        self.usage = ""
        self.findings: list[Finding] = []
        self.changed: bool | None = None
        self.ignores_copies = False
        """The command is about copies themselves: it works on what they are copies of."""
        self.exit_status = 0
        self.accepted: set[str] = set()
        """Codes of findings that are told and taken though nobody said `--force`."""
        self._text: list[str] = []
        self._told = ("", "")
        self._data: Any = None
        self._source: Source | None = source
        self._cib: Cib | None = None
        self._before: Cib | None = None

    # --- options

    def take(self, given: Given) -> None:
        """Add *given* to the options."""
        self.given.update(given)

    def native(self) -> None:
        """Note that the command reads its own options: those after its name are not ours."""
        self.is_split = True

    def flag(self, name: str) -> bool:
        """Return whether the option was given."""
        return bool(self.given.get(name))

    def option(self, name: str, default: str = "") -> str:
        """Return the value of the option, or *default*."""
        value = self.given.get(name, default)
        return value if isinstance(value, str) else default

    @property
    def file(self) -> str | None:
        """Return the file to work on (a copy's, where one is in use), or None for the cluster."""
        if self.option("f"):
            return self.option("f")
        if self.ignores_copies:
            return None
        from pcsx.shell import shadows

        name = self.option("shadow") or shadows.in_use()
        return str(shadows.existing(name)) if name else None

    @property
    def force(self) -> bool:
        """Return whether checks that can be overridden are."""
        return self.flag("force")

    @property
    def forced(self) -> tuple[str, ...]:
        """Return the codes of findings that the daemon is to accept: all, where forced."""
        return ("*",) if self.force else tuple(sorted(self.accepted))

    @property
    def as_json(self) -> bool:
        """Return whether one JSON object is to be printed."""
        return self.flag("json")

    @property
    def wait_s(self) -> float | None:
        """Return how long to wait for the cluster to follow, or None for not at all."""
        value = self.given.get("wait")
        if value is None:
            return None
        return WAIT_S if value is True else _seconds(str(value))

    @property
    def request_timeout_s(self) -> float:
        """Return how long to wait for one answer."""
        text = self.option("request-timeout")
        return _seconds(text) if text else REQUEST_S

    @property
    def output_format(self) -> str:
        """Return `text`, `cmd` or `json`, as asked for; raise `Failed` for anything else."""
        form = self.option("output-format") or "text"
        if form not in ("text", "cmd", "json"):
            raise Failed(
                f"Unknown value '{form}' for '--output-format' option. Supported values are: "
                "'cmd', 'json', 'text'"
            )
        return form

    @property
    def confirm_s(self) -> float | None:
        """Return after how long the change is taken back unless confirmed, or None for never."""
        text = self.option("confirmed")
        return _seconds(text) if text else None

    @property
    def command(self) -> str:
        """Return the command line as it was typed, for the record of changes: without passwords."""
        return shlex.join(["pcsx", *map(_without_password, self.argv)])

    # --- the document

    @property
    def source(self) -> Source:
        """Return where the document is; nothing is opened before it is used."""
        if self._source is None:
            if self.file is not None:
                from pcsx.shell.filesource import FileSource

                self._source = FileSource(self.file)
            else:
                from pcsx.shell.livesource import LiveSource

                asks = self.flag("dry-run")
                self._source = LiveSource(self.request_timeout_s, self.progress, only_asks=asks)
        return self._source

    @property
    def is_live(self) -> bool:
        """Return whether this works on the running cluster."""
        return self.file is None

    def cib(self) -> Cib:
        """Return the document, read once."""
        if self._cib is None:
            self._cib = self.source.cib()
        return self._cib

    def live_only(self, what: str) -> None:
        """Refuse `-f`, as pcs does for what needs the running cluster."""
        if not self.is_live:
            raise Failed(f"Specified option '-f' is not supported in this command: {what}")

    def change(self, edit: Callable[[Cib], Cib]) -> bool:
        """Commit what *edit* makes of the document; return whether anything changed.

        `--wait` is refused before anything is done where there is no cluster to wait for.
        """
        wait_s = self.wait_s
        if wait_s is not None and not self.is_live:
            raise Failed("Cannot use '-f' together with '--wait'")
        base = self.cib()
        new = edit(base)
        self.changed = bool(self.changed) or new != base
        if self._before is None:
            self._before = base
        if self.flag("dry-run"):
            self._cib = new
        elif new != base:
            version = self.source.commit(
                base, new, self.command,
                wait_s=wait_s, force=self.forced, confirm_s=self.confirm_s,
            )  # fmt: skip
            self._cib = new.with_version(version)
        return new != base

    def change_without_wait(self, edit: Callable[[Cib], Cib]) -> bool:
        """Commit what *edit* makes of the document and wait for nothing, `--wait` or not."""
        wait = self.given.pop("wait", None)
        try:
            return self.change(edit)
        finally:
            if wait is not None:
                self.given["wait"] = wait

    def reread(self) -> None:
        """Forget the document, so that it is read anew."""
        self._cib = None

    def settle(self, wait_s: float | None = None) -> None:
        """Wait until the cluster has done all that the document asks for."""
        self.source.settle(wait_s or self.wait_s or WAIT_S)

    def where(self, id: str) -> list[str]:
        """Return the nodes on which the resource *id* runs now."""
        from pcsx.shell.output.running import nodes_of

        self.reread()
        return nodes_of(self.cib(), id)

    def expect(self, id: str, *, running: bool) -> None:
        """After `--wait`, tell where *id* runs, and raise if it is not as wanted."""
        if self.wait_s is None or not self.is_live or self.flag("dry-run"):
            return
        from pcsx.pe.state import NO_DEVICE, TWO_WAYS_OUT
        from pcsx.shell.output.running import failed_on, lacks_fencing

        where = self.where(id)
        failed = failed_on(self.cib(), id) if running else []
        if failed:
            raise Failed(f"Resource '{id}' has failed on: {', '.join(failed)}", self._why(id))
        if running and not where:
            text = f"Resource '{id}' is not running on any node"
            if lacks_fencing(self.cib()):
                raise Failed(f"{text}: {NO_DEVICE}", TWO_WAYS_OUT)
            raise Failed(text, self._why(id))
        if where:
            self.note(f"Resource '{id}' is running on: {', '.join(where)}.")
            if not running:
                raise Failed(f"Resource '{id}' still runs on: {', '.join(where)}")
        else:
            self.note(f"Resource '{id}' is not running on any node")

    def _why(self, id: str) -> str:
        """Return why *id* does not run, and the command that tells it again."""
        from pcsx.shell.story import Story

        command = f"pcsx why {id}"
        try:
            return "\n".join(
                [*Story(self.cib(), datetime.now().astimezone()).of_resource(id), command]
            )
        except PcsxError:
            return command

    # --- what it says

    def say(self, text: str) -> None:
        """Tell *text* as the result."""
        if self.as_json:
            self._text.append(text)
        else:
            print(text)

    def give(self, value: Any) -> None:
        """Tell *value* as the result: what `--json` prints as `data`."""
        self._data = value

    def warn(self, text: str, *, code: str = "note", subject: str = "", hint: str = "") -> None:
        """Tell a warning."""
        self.judge([Finding.warning(code, subject, text, hint=hint)])

    def note(self, text: str, *, code: str = "note", subject: str = "") -> None:
        """Tell what is being done, beside the result."""
        self.judge([Finding.info(code, subject, text)])

    def judge(self, findings: Iterable[Finding]) -> None:
        """Tell *findings*, lowering to warnings what `--force` may lower; raise if errors stay."""
        errors = []
        for finding in findings:
            if finding.severity is Severity.ERROR and finding.force and self.force:
                finding = replace(finding, severity=Severity.WARNING, force="")
            if finding.severity is Severity.ERROR:
                errors.append(finding)
            else:
                self._tell(finding)
        if errors:
            raise Refused(errors)

    def _tell(self, finding: Finding) -> None:
        self.findings.append(finding)
        if not self.as_json:
            lead = "Warning: " if finding.severity is Severity.WARNING else ""
            print(f"{lead}{clipped(finding.text)}", file=sys.stderr)

    def progress(self, line: dict[str, Any]) -> None:
        """Tell one line of progress while something is waited for."""
        if self.as_json:
            return
        text = line.get("text") or line.get("action") or ""
        count = f"{line['done']}/{line['of']} " if "done" in line and "of" in line else ""
        if (text or count) and (count, text) != self._told:  # what is tried again is told once
            self._told = (count, text)
            print(f"{count}{text}", file=sys.stderr, flush=True)

    # --- how it ends

    def finish(self, error: PcsxError | None) -> int:
        """Print what is left to print, *error* too, and return the exit status."""
        status = self.exit_status if error is None else error.exit_status
        if error is None and self.flag("dry-run") and self.flag("exit-code") and self.changed:
            status = WOULD_CHANGE
        if self.as_json:
            print(json.dumps(self._object(error, status), ensure_ascii=False))
        elif error is None and self.flag("dry-run") and self._before is not None:
            from pcsx.shell import outlook

            print("\n".join(outlook.told(*self._outlook())))
        elif error is not None:
            sys.stdout.flush()
            for line in error_lines(error):
                print(line, file=sys.stderr)
            if sys.stderr.isatty() and (codes := _codes(error)):
                print(f"More: pcsx explain {' '.join(codes)}", file=sys.stderr)
        sys.stdout.flush()
        return status

    def bug(self, text: str) -> None:
        """Tell that the program itself is wrong."""
        if self.as_json:
            value = {"code": "internal-error", "message": text, "hint": "", "facts": {}}
            print(json.dumps({"schema": SCHEMA, "ok": False, "error": value}))
        else:
            print(f"Error: {text}", file=sys.stderr)

    def _outlook(self) -> tuple[Difference, list[Step]]:
        """Return what differs after all changes, and in a dry run what the engine would do."""
        from pcsx.shell import outlook

        assert self._before is not None
        after = self.cib()
        steps = []
        if self.flag("dry-run"):
            steps = outlook.plan(self._before, after, datetime.now().astimezone())
        return outlook.difference(self._before, after), steps

    def _object(self, error: PcsxError | None, status: int) -> dict[str, Any]:
        whole = begun(
            exit_status=status,
            changed=False if error is not None else self.changed,
            findings=[finding.to_json() for finding in self.findings],
        )
        if error is not None:
            whole["ok"] = False
            whole["error"] = error.to_json()
        elif self._before is not None:
            from pcsx.shell import outlook

            whole |= outlook.as_json(*self._outlook())
            whole["warnings"] = [
                finding.text for finding in self.findings if finding.severity is Severity.WARNING
            ]
        return ended(whole, self._data, "\n".join(self._text))


def _is_idempotent() -> bool:
    """Return whether the environment asks for idempotent commands, for all that a script does."""
    return os.environ.get("PCSX_IDEMPOTENT", "").lower() in ("1", "true", "yes", "on")


def error_lines(error: PcsxError) -> list[str]:
    """Return *error* for a person: each fault on its line, then what to do about it."""
    if not isinstance(error, Refused) or not error.findings:
        lines = [f"Error: {line}" if not n else line for n, line in enumerate(_lines(str(error)))]
        return [*lines, *_lines(error.hint)]
    lines = []
    for finding in error.findings:
        if finding.severity is Severity.ERROR:
            tail = ", use --force to override" if finding.force else ""
            lines.append(f"Error: {clipped(finding.text)}{tail}")
        else:
            lines.append(f"Warning: {clipped(finding.text)}")
    return [*lines, *_lines(error.hint)]


def _codes(error: PcsxError) -> list[str]:
    """Return the codes that say more than that something was refused or failed."""
    if isinstance(error, Refused):
        codes = [f.code for f in error.findings if f.severity is Severity.ERROR]
    else:
        codes = [error.code]
    return [code for code in dict.fromkeys(codes) if code not in ("failed", "refused", "usage")]


def _lines(text: str) -> list[str]:
    return clipped(text).splitlines()


def _seconds(text: str) -> float:
    if text.isascii() and text.isdigit():
        return float(text)
    from pcsx.values import parse_duration_ms

    milliseconds = parse_duration_ms(text)
    if milliseconds is None:
        raise Failed(f"'{text}' is not a valid number of seconds to wait")
    return milliseconds / 1000


def _without_password(word: str) -> str:
    from pcsx.values import is_secret

    name, sign, _ = word.partition("=")
    return f"{name}=********" if sign and is_secret(name) else word
