"""The working copy of the configuration: lines of the language change it, a commit makes it real.

A line is a definition or a command of the `configure` level. What is refused changes nothing and
is kept; a batch with a refused line is committed as little as a file with one.
"""

from __future__ import annotations

import difflib
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pcsx.cib.check import check
from pcsx.cib.document import MAX_BYTES, Cib
from pcsx.cib.plain import Element, seal, to_xml, unseal
from pcsx.errors import Different, Failed, Finding, Refused, Severity
from pcsx.shell.syntax import Workspace, read, show
from pcsx.shell.syntax.definition import Definition
from pcsx.shell.syntax.ids import Maker, ids_in
from pcsx.shell.syntax.lexer import Line
from pcsx.shell.syntax.reading import READERS, plain_agent, read_definition
from pcsx.shell.syntax.workspace import name_of
from pcsx.values import parse_bool, parse_role

if TYPE_CHECKING:
    from pcsx.agents.metadata import AgentMetadata
    from pcsx.agents.names import AgentName
    from pcsx.shell.agents import Agents
    from pcsx.shell.run import Run

_RESOURCES: Final = ("primitive", "group", "clone", "master", "bundle")
_PREFERRED: Final = ("heartbeat", "pacemaker")
_FILTER_S: Final = 60.0
TAKEN: Final = ("colocation-self", "operation-twice", "option-value", "order-loop", "order-self")
"""What documents of the field hold though it does nothing: text of them must be taken, too."""


class Session:
    """One working copy."""

    def __init__(self, run: Run) -> None:
        """Begin with the document that *run* works on."""
        self.run = run
        self.base: Cib = run.cib()
        self.workspace = Workspace(unseal(self.base))
        self.findings: list[Finding] = []
        self._agents: Agents | None = None
        self._by_type: dict[str, list[AgentName]] | None = None

    # --- the copy

    @property
    def changed(self) -> bool:
        """Return whether there is anything to commit."""
        return self.document() != self.base

    def document(self) -> Cib:
        """Return the document as it would be committed."""
        return seal(self.base, self.workspace.root.copy())

    def text(self, wanted: Callable[[Element], bool] | None = None, *, masked: bool = False) -> str:
        """Return the copy in the language."""
        return show(self.workspace.root, wanted, masked=masked)

    def difference(self) -> str:
        """Return what changed since the last commit, as lines of text with - and +."""
        before = show(unseal(self.base)).splitlines()
        after = self.text().splitlines()
        return "\n".join(difflib.unified_diff(before, after, "committed", "changed", lineterm=""))

    def verify(self) -> list[Finding]:
        """Return the findings of the whole copy, and what the agents here say of it."""
        from pcsx.shell.advice import check_agents

        new = self.document()
        return [*_misshapen(new), *check(new), *check_agents(new, self.agents())]

    def commit(self) -> bool:
        """Make the copy the document; raises `Refused` with all that stands against it."""
        if self.findings:
            findings, self.findings = self.findings, []
            raise Refused(findings)
        new = self.document()
        if new == self.base:
            return False
        known = {*check(self.base), *_misshapen(self.base)}
        found = [one for one in (*_misshapen(new), *check(new)) if one not in known]
        self.run.judge(self._lowered(found, new))
        self.run.change(lambda _: new)
        self.base = self.run.cib()
        self.workspace = Workspace(unseal(self.base))
        return True

    def _lowered(self, findings: Sequence[Finding], new: Cib) -> Iterator[Finding]:
        """Give *findings* with what the language must be able to say told as warnings.

        What the schema has no place for stays an error.
        """
        odd = {f.code for f in findings if f.code in TAKEN and f.force}
        if odd and (self.run.force or not set(_misshapen(new)) <= set(_misshapen(self.base))):
            odd = set()
        self.run.accepted = odd  # of this commit alone: the run lives as long as the copy
        for finding in findings:
            taken = finding.force and finding.code in odd
            yield replace(finding, severity=Severity.WARNING, force="") if taken else finding

    def refresh(self) -> None:
        """Drop what was changed since the last commit."""
        self.workspace = Workspace(unseal(self.base))
        self.findings.clear()

    # --- lines

    def take(self, line: Line, command: Callable[[str, Sequence[str]], bool]) -> None:
        """Do what *line* says; *command* is asked first whether its first word is its own.

        A refusal is kept for the commit, so that all lines of a batch are judged.
        """
        try:
            if not command(line.words[0], line.words[1:]):
                definition = read_definition(line, self.find_agent)
                self.run.changed = bool(self.run.changed)
                if self.run.flag("idempotent") and self._is_settled(definition):
                    return
                self.define([definition], replace=False)
                for text in self.workspace.speak_for_members(definition):
                    self.run.note(text, code="also-changed")
        except Refused as error:
            self.findings += [_in_line(finding, line.number) for finding in error.findings]

    def _is_settled(self, definition: Definition) -> bool:
        """Return whether the copy says, or says now, what *definition* says and would be twice.

        Raises `Different` where it says something else, unless that is to be updated.
        """
        from pcsx.cib.likeness import is_like
        from pcsx.shell import outlook

        if not self.workspace.has(definition):
            return False
        trial = Workspace(self.workspace.root.copy())
        trial.define([definition], replace=True)
        present, wished = self.document(), seal(self.base, trial.root.copy())
        name = definition.name
        if name and is_like(present, wished, name):
            self.run.note(f"Nothing to do: {name} exists already", code="id-exists", subject=name)
            return True
        if lines := outlook.difference(present, wished).lines:
            if not self.run.flag("update"):
                raise Different(name, "\n".join(f"  {line}" for line in lines))
            self.workspace = trial
        return True

    def define(
        self, definitions: Sequence[Definition], *, replace: bool, merge_nodes: bool = True
    ) -> None:
        """Put definitions into the copy."""
        self.workspace.define(definitions, replace=replace, merge_nodes=merge_nodes)

    def load(self, way: str, text: str, *, xml: bool = False) -> None:
        """Take in a file: `update` keeps what it does not name, `replace` and `push` do not."""
        if xml:
            self.load_xml(way, text)
            return
        definitions = read(text, self.find_agent)
        if way != "update":
            self.workspace.erase()
        self.define(definitions, replace=True, merge_nodes=way == "update")

    def load_xml(self, way: str, text: str) -> None:
        """Take in a document written as XML, in the same ways."""
        new = unseal(Cib.from_bytes(text.encode()))
        if way != "update":
            self.workspace.root = new
            return
        self.define(read(show(new), self.find_agent), replace=True)

    def replace_text(self, names: Sequence[str], text: str) -> None:
        """Let *text* say what *names* are from now on; what it leaves out is deleted."""
        definitions = read(text, self.find_agent)
        said = {definition.name for definition in definitions}
        gone = [name for name in names if name not in said and self.workspace.find(name)]
        if gone:
            self.workspace.delete(gone)
        self.define(definitions, replace=True, merge_nodes=False)

    # --- agents

    def agents(self) -> Agents:
        """Return the agents that can be named here, looked for once."""
        from pcsx.shell.agents import Agents

        if self._agents is None:
            self._agents = Agents(self.run)
        return self._agents

    def _types(self) -> dict[str, list[AgentName]]:
        """Return the agents by their type alone."""
        if self._by_type is None:
            self._by_type = {}
            for name in self.agents().names():
                self._by_type.setdefault(name.type, []).append(name)
        return self._by_type

    def find_agent(self, text: str) -> tuple[str, str, str]:
        """Return class, provider and type of the agent *text*: heartbeat's before others."""
        if ":" in text:
            return plain_agent(text)
        found = self._types().get(text, [])
        ocf = [name for name in found if name.standard == "ocf"]
        for provider in _PREFERRED:
            if any(name.provider == provider for name in ocf):
                return "ocf", provider, text
        for name in [*ocf, *(name for name in found if name.standard == "stonith")]:
            return name.standard, name.provider, name.type
        return plain_agent(text)

    def set_default_timeouts(self, names: Iterable[str]) -> None:
        """Give the operations of *names* the timeouts that their agents advise."""
        agents = self.agents()
        for name in names:
            element = self.workspace.find(name)
            if element is None or element.tag not in ("primitive", "template"):
                raise Refused([_unknown(name)])
            agent = _agent_of(element)
            metadata = agents.metadata(agent) if agent is not None else None
            if metadata is None:
                raise Failed(f"Nothing is known about the agent of {name}")
            meant = ["start", "stop", *self._further(element)]
            self._add_missing(element, [a.name for a in metadata.actions if a.timeout], meant)
            for op in (e for e in element.walk() if e.tag == "op"):
                if op.get("name") in (*meant, "monitor") and (best := _advice_for(op, metadata)):
                    op.attributes["timeout"] = best

    def _further(self, element: Element) -> list[str]:
        """Return what the cluster asks of *element* beside starts and stops."""
        found = []
        if any(e.get("name") == "allow-migrate" and e.get("value") == "true"
               for e in element.walk() if e.tag == "nvpair"):  # fmt: skip
            found += ["migrate_to", "migrate_from"]
        holder = self.workspace.parent_of(element)
        if holder.tag == "master" or any(
            e.get("name") == "promotable" and parse_bool(e.get("value"))
            for block in holder.all("meta_attributes")
            for e in block.children
        ):
            found += ["promote", "demote"]
        return found

    def _add_missing(self, element: Element, advised: Sequence[str], meant: Sequence[str]) -> None:
        """Give *element* the operations of *meant* that it has only by default."""
        operations = element.find("operations") or element.add("operations")
        if "id-ref" in operations.attributes:
            return
        named = {op.get("name") for op in operations.children}
        for name in meant:
            if name in advised and name not in named:
                op = operations.add("op", name=name, interval="0")
                Maker(set(ids_in(self.workspace.root))).fill(op, operations.id or element.id)

    # --- files and programs

    def save(self, path: str, *, xml: bool, names: Sequence[str] = ()) -> None:
        """Write the copy, or what is called *names*, to a file; secrets are written."""
        text = self.xml() if xml else self.text(self.wanted(names) if names else None)
        try:
            Path(path).write_text(text, "utf-8")
        except OSError as error:
            raise Failed(f"cannot write {path}: {error.strerror}") from error

    def xml(self) -> str:
        """Return the whole copy as XML."""
        return self.document().to_bytes().decode()

    def filter(self, program: str, names: Sequence[str]) -> None:
        """Let *program*, run by the shell, rewrite the text of *names* (or of all)."""
        names = list(names) or self.workspace.names()
        text = self.text(self.wanted(names))
        try:
            done = subprocess.run(
                program, shell=True, input=text, capture_output=True, text=True,
                timeout=_FILTER_S, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
            raise Failed(f"the filter did not work: {error}") from error
        if done.returncode:
            said = done.stderr.strip() or f"exit status {done.returncode}"
            raise Failed(f"the filter did not work: {said}")
        self.replace_text(names, done.stdout)

    # --- what is meant

    def wanted(self, words: Sequence[str]) -> Callable[[Element], bool]:
        """Return what accepts the elements that *words* name; raises `Refused` for no element.

        A word is an id, `changed`, `type:KIND`, `tag:ID` or `related:ID`.
        """
        accepted: set[str] = set()
        kinds: set[str] = set()
        findings = []
        for word in words:
            lead, _, value = word.partition(":")
            match lead:
                case "type" if value:
                    kinds.add(_KINDS.get(value, value))
                case "tag" if value:
                    tag = self.workspace.find(value)
                    accepted |= {r.id for r in tag.children} if tag else set()
                case "related" if value:
                    accepted |= self.related(value)
                case "changed" if not value:
                    accepted |= self.changed_names()
                case "obscure":
                    continue
                case _ if word in _SECTION_WORDS:
                    kinds.add(_SECTION_WORDS[word])
                case _ if self.workspace.find(word) is None:
                    findings.append(_unknown(word))
                case _:
                    accepted.add(word)
        if findings:
            raise Refused(findings)
        return lambda element: element.tag in kinds or name_of(element) in accepted

    def related(self, name: str) -> set[str]:
        """Return *name* and the names of all that refers to it or holds it."""
        found = {name}
        for section in self.workspace.root.children:
            for element in section.children:
                values = {v for e in element.walk() for n, v in e.attributes.items() if n != "id"}
                ids = {
                    e.id for e in element.walk() if e.tag.endswith(("_ref", "primitive", "group"))
                }
                if name in values | ids:
                    found.add(name_of(element))
        return found

    def changed_names(self) -> set[str]:
        """Return the names of what is new or not as it was committed."""
        return {name for name in self._changes() if name in set(self.workspace.names())}

    def count_changes(self) -> int:
        """Return how many definitions were made, changed or deleted since the last commit."""
        return len(self._changes()) or int(self.changed)

    def _changes(self) -> set[str]:
        before = _definitions(unseal(self.base))
        after = _definitions(self.workspace.root)
        return {
            name
            for name in {*before, *after}
            if name not in before or name not in after or not before[name].same(after[name])
        }


_KINDS: Final = {
    "location": "rsc_location", "colocation": "rsc_colocation", "order": "rsc_order",
    "rsc_template": "template", "ms": "master", "role": "acl_role", "user": "acl_user",
    "property": "cluster_property_set", "fencing_topology": "fencing-topology",
}  # fmt: skip
_SECTION_WORDS: Final = {"fencing_topology": "fencing-topology"}


TEXT_MAX: Final = 4 << 20
"""How much crm's language or JSON is read: some ten times what 10,000 resources take."""


def read_file(path: str) -> str:
    """Return the text of a file, or of standard input for `-`; raises `Failed`."""
    try:
        if path == "-":
            import sys

            text = sys.stdin.read(MAX_BYTES + 1)
        else:
            with Path(path).open("r", encoding="utf-8") as file:
                text = file.read(MAX_BYTES + 1)
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Failed(f"cannot read {path}: {said}") from error
    most = MAX_BYTES if text.lstrip()[:1] == "<" else TEXT_MAX
    if len(text) > most:
        name = "standard input" if path == "-" else path
        raise Failed(f"{name} is larger than {most >> 20} MiB, which no configuration is")
    return text


def _definitions(root: Element) -> dict[str, Element]:
    """Return what has a name in *root*, by that name."""
    return {
        name_of(inner) or inner.tag: inner
        for section in root.children
        for element in section.children
        for inner in (element, *(e for e in element.walk() if e.tag in _RESOURCES))
    }


def _agent_of(element: Element) -> AgentName | None:
    from pcsx.agents.names import parse_agent

    words = (element.get("class"), element.get("provider"), element.get("type"))
    return parse_agent(":".join(word for word in words if word))


def _unknown(name: str) -> Finding:
    return Finding.error("unknown", name, f"there is no {name} in the configuration")


def _in_line(finding: Finding, number: int) -> Finding:
    text = finding.text.removeprefix("line 1: ")
    if not text.startswith("line "):
        text = f"line {number}: {text}"
    return Finding(
        finding.severity, finding.code, finding.subject, text, finding.hint, finding.force
    )


def known_words() -> list[str]:
    """Return the keywords of definitions."""
    return list(READERS)


def element_xml(element: Element) -> str:
    """Return one element as XML."""
    return to_xml(element)


def _advice_for(op: Element, metadata: AgentMetadata) -> str:
    """Return the timeout that the agent advises for *op*, in its role; empty where it does not."""
    advised = [a for a in metadata.actions if a.name == op.get("name") and a.timeout]
    if op.get("name") == "monitor" and op.get("role"):
        role = parse_role(op.get("role"))
        advised = [a for a in advised if a.role is role]
    return advised[0].timeout if advised else ""


def _misshapen(cib: Cib) -> list[Finding]:
    """Return what the schema has no place for; it is not loaded to show a document."""
    from pcsx.cib.schema import check_shape

    return check_shape(cib)
