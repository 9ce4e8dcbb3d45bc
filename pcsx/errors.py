"""The whole error family on one page: what can be refused or fail, with its facts and exit status.

An error carries facts as fields and belongs to one class; the same class is raised on both sides
of the local socket (`to_json`, `from_json`). Only `cli.py` turns one into an exit status.
A remark on input is a `Finding`, not an error: checks return all of them, and what acts on them
raises one `Refused` with the lot.
"""

from __future__ import annotations

from dataclasses import field, fields
from enum import StrEnum
from typing import Any, ClassVar, Final

from pcsx.lean import dataclass

TOLD_MAX: Final = 1000


def clipped(text: str) -> str:
    """Return *text* with what is too long cut out of each line: input may be one word."""
    lines = text.split("\n")
    if all(len(line) <= TOLD_MAX for line in lines):
        return text
    half = TOLD_MAX // 2
    return "\n".join(
        line if len(line) <= TOLD_MAX else f"{line[:half]} … {line[-half:]}" for line in lines
    )


class Severity(StrEnum):
    """How much a finding weighs: an error stops, a warning is said once, info explains."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark on input: what kind (*code*), about what (*subject*), in a sentence (*text*).

    *force* is the code that `--force` must name to lower an error to a warning, empty where
    nothing can; *hint* is what to do about it.
    """

    severity: Severity
    code: str
    subject: str
    text: str
    hint: str = ""
    force: str = ""

    @classmethod
    def error(
        cls, code: str, subject: str, text: str, *, hint: str = "", force: str = ""
    ) -> Finding:
        """Return a finding that stops, unless *force* names a code and is asked for."""
        return cls(Severity.ERROR, code, subject, text, hint, force)

    @classmethod
    def warning(cls, code: str, subject: str, text: str, *, hint: str = "") -> Finding:
        """Return a finding that is told and stops nothing."""
        return cls(Severity.WARNING, code, subject, text, hint)

    @classmethod
    def info(cls, code: str, subject: str, text: str, *, hint: str = "") -> Finding:
        """Return a finding that only explains."""
        return cls(Severity.INFO, code, subject, text, hint)

    def to_json(self) -> dict[str, str]:
        """Return the finding as the report object that `--json` prints."""
        return {
            "severity": str(self.severity),
            "code": self.code,
            "subject": clipped(self.subject),
            "message": clipped(self.text),
            "hint": self.hint,
            "force_code": self.force,
        }

    @classmethod
    def from_json(cls, value: dict[str, str]) -> Finding:
        """Return the finding that `to_json` wrote."""
        return cls(
            Severity(value["severity"]), value["code"], value["subject"], value["message"],
            value["hint"], value["force_code"],
        )  # fmt: skip


@dataclass(eq=False)
class PcsxError(Exception):
    """Something was refused or failed; *code* is stable, *hint* says what to do."""

    code: ClassVar[str] = "failed"
    exit_status: ClassVar[int] = 1

    @property
    def hint(self) -> str:
        """Return what the reader can do about it, or nothing."""
        return ""

    def to_json(self) -> dict[str, Any]:
        """Return the error as JSON: code, message, hint and its facts."""
        facts = {f.name: _plain(getattr(self, f.name)) for f in fields(self)}
        return {"code": self.code, "message": clipped(str(self)), "hint": self.hint, "facts": facts}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value.to_json() if isinstance(value, Finding) else value


@dataclass(eq=False)
class Failed(PcsxError):
    """Something did not work, for the reason told."""

    reason: str
    advice: str = ""

    def __str__(self) -> str:
        return self.reason

    @property
    def hint(self) -> str:
        return self.advice


@dataclass(eq=False)
class Elsewhere(PcsxError):
    """What was asked for is not done here, for *reason*, but by the means that *advice* names."""

    reason: str
    advice: str = ""
    code: ClassVar[str] = "elsewhere"

    def __str__(self) -> str:
        return self.reason

    @property
    def hint(self) -> str:
        return self.advice


@dataclass(eq=False)
class Refused(PcsxError):
    """The input has faults; *findings* has all of them."""

    findings: list[Finding] = field(default_factory=list)
    code: ClassVar[str] = "refused"

    def __str__(self) -> str:
        errors = [f for f in self.findings if f.severity is Severity.ERROR]
        return "\n".join(f.text for f in errors or self.findings)

    @property
    def hint(self) -> str:
        return "\n".join(dict.fromkeys(f.hint for f in self.findings if f.hint))


@dataclass(eq=False)
class Different(PcsxError):
    """What should be made is there already, and is not so: *difference* has - and + lines."""

    subject: str
    difference: str
    code: ClassVar[str] = "different"
    exit_status: ClassVar[int] = 3

    def __str__(self) -> str:
        return f"{self.subject} is there already, and differs:\n{self.difference}"

    @property
    def hint(self) -> str:
        return "Use --update to change it."


@dataclass(eq=False)
class Usage(PcsxError):
    """The command line itself is wrong."""

    reason: str
    code: ClassVar[str] = "usage"
    exit_status: ClassVar[int] = 64

    def __str__(self) -> str:
        return self.reason


@dataclass(eq=False)
class Conflict(PcsxError):
    """The document has moved on since the change was made, and both touch the same place."""

    base: str
    current: str
    where: str = ""
    code: ClassVar[str] = "conflict"
    exit_status: ClassVar[int] = 3

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        return f"made from {self.base}, but the cluster is at {self.current}{place}"

    @property
    def hint(self) -> str:
        return "Read the configuration again and repeat the change."


@dataclass(eq=False)
class NotAuthorised(PcsxError):
    """Who asked may not do this."""

    user: str
    what: str
    code: ClassVar[str] = "not-authorised"
    exit_status: ClassVar[int] = 4

    def __str__(self) -> str:
        return f"{self.user} may not {self.what}"

    @property
    def hint(self) -> str:
        return "Run it as root, or as a member of the group pcsx, or ask for an ACL role."


@dataclass(eq=False)
class NoCluster(PcsxError):
    """There is no daemon to talk to, or it is in no cluster."""

    reason: str
    advice: str = ""
    code: ClassVar[str] = "no-cluster"
    exit_status: ClassVar[int] = 5

    def __str__(self) -> str:
        return self.reason

    @property
    def hint(self) -> str:
        return self.advice


@dataclass(eq=False)
class TimedOut(PcsxError):
    """What was waited for did not come in time; it may still come."""

    what: str
    seconds: float
    advice: str = ""
    code: ClassVar[str] = "timed-out"
    exit_status: ClassVar[int] = 6

    def __str__(self) -> str:
        return f"{self.what}: not done after {self.seconds:g} s"

    @property
    def hint(self) -> str:
        return self.advice


@dataclass(eq=False)
class NoQuorum(PcsxError):
    """The partition may not decide this: it has no quorum, or no leader yet."""

    reason: str
    code: ClassVar[str] = "no-quorum"
    exit_status: ClassVar[int] = 7

    def __str__(self) -> str:
        return self.reason

    @property
    def hint(self) -> str:
        return "pcsx status shows which nodes are missing."


_FAMILY: dict[str, type[PcsxError]] = {
    cls.code: cls
    for cls in (
        Failed, Elsewhere, Refused, Different, Usage, Conflict, NotAuthorised, NoCluster, TimedOut,
        NoQuorum,
    )
}  # fmt: skip


def from_json(value: dict[str, Any]) -> PcsxError:
    """Return the error that `to_json` wrote; one of an unknown code is a `Failed`."""
    family = _FAMILY.get(value.get("code", ""))
    facts = dict(value.get("facts") or {})
    if family is None or set(facts) - {f.name for f in fields(family)}:
        return Failed(str(value.get("message", "failed")), str(value.get("hint", "")))
    if "findings" in facts:
        facts["findings"] = [Finding.from_json(item) for item in facts["findings"]]
    return family(**facts)
