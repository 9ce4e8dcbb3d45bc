"""What every fence agent does alike: read what is asked, describe itself, wait, and answer.

`key=value` lines on stdin or options on the command line; exit status 0 is success, 1 failure, and
`status` answers 0 for on and 2 for off. An agent gives its parameters and a `Device` that can tell
the state of a plug and switch it; what counts as success is decided here: *off* is off only when
the state was read twice as off, and *reboot* is a verified *off*, then *on* as well as it goes.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False  # the module of that name is slow to load, and nothing of it is needed to run
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NoReturn, Protocol

    class Device(Protocol):
        """Whatever has power switches."""

        def state(self, plug: str) -> str:
            """Return `on` or `off` as it is now, or raise `Trouble`."""

        def switch(self, plug: str, state: str) -> None:
            """Ask for *state*, without waiting for it."""

        def plugs(self) -> list[tuple[str, str]]:
            """Return (plug, alias) of all that can be switched."""

    Parameter = tuple[str, str, str | None, str, str]
    Open = Callable[[Mapping[str, str]], Device]


OK, FAILED, OFF = 0, 1, 2

COMMON: tuple[Parameter, ...] = (
    (
        "action",
        "string",
        "reboot",
        "What to do: off, on, reboot, status, monitor, list or metadata",
        "",
    ),
    ("plug", "string", None, "Which one to switch, as the device names it", "port"),
    (
        "power_timeout",
        "integer",
        "20",
        "Seconds to wait until the power is seen to have changed",
        "",
    ),
    ("power_wait", "integer", "0", "Seconds to wait after the power was switched", ""),
    ("delay", "integer", "0", "Seconds to wait before anything is done", ""),
)
"""Parameters that all have: name, type, default (None: required), what it is, its older name."""

_CHECKS = 2
_EVERY_S = 0.2


class Trouble(Exception):
    """The device did not do, or did not say, what it was asked."""


class Agent:
    """A fence agent: its name, what it is, its parameters, and how to open the device."""

    def __init__(
        self,
        name: str,
        short: str,
        long: str,
        parameters: tuple[Parameter, ...],
        opened: Open,
        *,
        plug_required: bool,
        actions: tuple[str, ...] = ("off", "on", "reboot", "status", "monitor", "list"),
    ) -> None:
        self.name, self.short, self.long, self.opened = name, short, long, opened
        self.actions, self.plug_required = actions, plug_required
        common = [entry for entry in COMMON if entry[0] != "plug" or plug_required]
        self.parameters = (*common, *parameters)

    def metadata(self) -> str:
        """Return the agent's description of itself."""
        lines = [
            '<?xml version="1.0"?>',
            f'<resource-agent name="{self.name}" shortdesc="{_escaped(self.short)}">',
            f"<longdesc>{_escaped(self.long)}</longdesc>",
            "<parameters>",
        ]
        for name, kind, default, text, old in self.parameters:
            required = ' required="1"' if default is None else ""
            obsoletes = f' obsoletes="{old}"' if old else ""
            lines += [
                f'<parameter name="{name}" unique="0"{required}{obsoletes}>',
                f'<content type="{kind}"' + ("/>" if not default else f' default="{default}"/>'),
                f'<shortdesc lang="en">{_escaped(text)}</shortdesc>',
                "</parameter>",
            ]
            if old:
                lines += [
                    f'<parameter name="{old}" unique="0" deprecated="1">',
                    f'<content type="{kind}"/>',
                    f'<shortdesc lang="en">{_escaped(text)}</shortdesc>',
                    "</parameter>",
                ]
        lines += ["</parameters>", "<actions>"]
        for action in (*self.actions, "metadata", "validate-all"):
            automatic = ' automatic="0"' if action == "on" else ""
            lines.append(f'<action name="{action}"{automatic}/>')
        lines += ["</actions>", "</resource-agent>", ""]
        return "\n".join(lines)

    def options(self, words: list[str], stdin: str) -> dict[str, str]:
        """Return what is asked for: options of the command line win, older names are renewed."""
        renewed = {entry[4]: entry[0] for entry in self.parameters if entry[4]}
        renewed |= {"option": "action", "port": "plug"}
        known = {entry[0] for entry in self.parameters} | {"nodename"}
        asked: dict[str, str] = {}
        for line in stdin.splitlines():
            key, equals, value = line.strip().partition("=")
            if equals and not key.startswith("#"):
                asked[renewed.get(key.strip(), key.strip())] = value.strip()
        given = iter(words)
        for word in given:
            key, equals, value = word.lstrip("-").partition("=")
            key = {"o": "action", "n": "plug"}.get(key, key.replace("-", "_"))
            if not word.startswith("-"):
                key, value = "action", word
            elif not equals:
                value = next(given, "")
            asked[renewed.get(key, key)] = value or "1"
        defaults = {entry[0]: entry[2] for entry in self.parameters if entry[2]}
        return defaults | {key: value for key, value in asked.items() if key in known}

    def main(self) -> NoReturn:
        """Do what is asked, and end the process as the protocol wants it."""
        words = sys.argv[1:]
        stdin = "" if words and words[-1] == "metadata" else sys.stdin.read()
        try:
            status = self.run(self.options(words, stdin))
        except Trouble as trouble:
            print(f"{self.name}: {trouble}", file=sys.stderr)
            status = FAILED
        except Exception as error:  # a library's: whatever it is, nothing was verified
            print(f"{self.name}: {type(error).__name__}: {error}", file=sys.stderr)
            status = FAILED
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)  # a library's threads, or a hung session, must not keep us

    def run(self, options: Mapping[str, str]) -> int:
        """Do what *options* ask and return the exit status, or raise `Trouble`."""
        action = options.get("action", "reboot").lower()
        if action == "metadata":
            print(self.metadata(), end="")
            return OK
        if action not in (*self.actions, "validate-all"):
            raise Trouble(f"there is no action '{action}'")
        for entry in self.parameters:
            if entry[2] is None and entry[0] != "plug" and not options.get(entry[0]):
                raise Trouble(f"the parameter '{entry[0]}' is missing")
        plug = options.get("plug") or options.get("nodename", "")
        if self.plug_required and not plug and action in ("off", "on", "reboot", "status"):
            raise Trouble("the parameter 'plug' is missing")
        if action == "validate-all":
            return OK
        time.sleep(_seconds(options, "delay"))
        device = self.opened(options)
        if action in ("monitor", "list"):
            plugs = device.plugs()
            if action == "list":
                for name, alias in plugs:
                    print(f"{name},{alias}")
            return OK
        if action == "status":
            state = device.state(plug)
            print(f"Status: {state.upper()}")
            return OK if state == "on" else OFF
        if action in ("off", "reboot"):
            turn(device, plug, "off", options)
        if action == "on":
            turn(device, plug, "on", options)
        elif action == "reboot":
            try:
                turn(device, plug, "on", options)
            except Trouble as trouble:
                # It was off for certain, which is what fencing is about.
                print(f"{self.name}: it did not come back: {trouble}", file=sys.stderr)
        print("Success")
        return OK


def turn(device: Device, plug: str, wanted: str, options: Mapping[str, str]) -> None:
    """Switch *plug* and return once it was seen twice as *wanted*; raise `Trouble` otherwise."""
    if device.state(plug) != wanted:
        device.switch(plug, wanted)
        time.sleep(_seconds(options, "power_wait"))
    limit = time.monotonic() + _seconds(options, "power_timeout")
    seen, last = 0, "nothing"
    while seen < _CHECKS:
        try:
            last = device.state(plug)
            seen = seen + 1 if last == wanted else 0
        except Trouble as trouble:
            last, seen = str(trouble), 0
        if seen < _CHECKS:
            if time.monotonic() > limit:
                raise Trouble(f"asked for {wanted}, but it is not: {last}")
            time.sleep(0.02 if seen else _EVERY_S)


def _seconds(options: Mapping[str, str], name: str) -> float:
    try:
        return max(0.0, float(options.get(name) or "0"))
    except ValueError:
        raise Trouble(f"'{options[name]}' is no number of seconds for '{name}'") from None


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
