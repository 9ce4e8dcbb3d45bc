"""Switches a machine by its BMC over the network (IPMI 2.0, RMCP+).

One process an action, and one session a process: the library keeps sessions in globals, does not
survive their end, and cannot be interrupted. Who calls us has the time limit.
"""

from __future__ import annotations

import os
import sys

sys.path.append(os.path.dirname(os.path.abspath(__file__)))
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pcsx.agents.bundled.fence_protocol import Agent, Trouble
else:
    from fence_protocol import Agent, Trouble

LEVELS = {"user": 2, "operator": 3, "administrator": 4, "admin": 4}


class Bmc:
    """One session with a machine's BMC."""

    def __init__(self, options: Mapping[str, str]) -> None:
        level = options.get("privlvl", "administrator").lower()
        if level not in LEVELS:
            raise Trouble(f"privlvl is one of {', '.join(LEVELS)}, not '{level}'")
        port = options.get("ipport", "623")
        if not port.isdigit():
            raise Trouble(f"'{port}' is no port")
        from pyghmi.exceptions import PyghmiException  # late: it takes 0.2 s
        from pyghmi.ipmi.command import Command

        self._failures = (PyghmiException, OSError, TypeError, ValueError, KeyError)
        self._where = f"{options['ip']} port {port}"
        wanted = {"privlevel": LEVELS[level]} if LEVELS[level] != 4 else {}
        try:
            self._command: Any = Command(
                bmc=options["ip"], userid=options["username"], password=_password(options),
                port=int(port), **wanted,
            )  # fmt: skip
        except self._failures as error:
            raise self._trouble("cannot log in", error) from None

    def _trouble(self, what: str, error: Exception) -> Trouble:
        text = str(error)
        return Trouble(
            f"{self._where}: {what}: {text if text not in ('', 'None') else 'no answer'}"
        )

    def plugs(self) -> list[tuple[str, str]]:
        """Return nothing to choose from: a BMC has one machine. That it answers is checked."""
        self.state("")
        return []

    def state(self, plug: str) -> str:
        """Return what the BMC says of its machine."""
        try:
            state = str(self._command.get_power()["powerstate"])
        except self._failures as error:
            raise self._trouble("no power state", error) from None
        if state not in ("on", "off"):
            raise Trouble(f"{self._where}: the power state is '{state}'")
        return state

    def switch(self, plug: str, state: str) -> None:
        """Ask for *state*; `reset` is never asked for, because nobody could verify it."""
        try:
            answer = self._command.set_power(state, wait=False)
        except self._failures as error:
            raise self._trouble(f"cannot switch it {state}", error) from None
        if isinstance(answer, dict) and answer.get("error"):
            raise Trouble(f"{self._where}: cannot switch it {state}: {answer['error']}")


def _password(options: Mapping[str, str]) -> str:
    path = options.get("password_file", "")
    if not path:
        return options.get("password", "")
    try:
        with open(path) as file:
            return file.read().rstrip("\n")
    except OSError as error:
        raise Trouble(f"cannot read {path}: {error.strerror}") from None


AGENT = Agent(
    "fence_pcsx_ipmi",
    "Power by a machine's BMC over IPMI",
    "Switches a machine by its baseboard management controller over the network, by IPMI 2.0 with "
    "encryption. The power is off only when the controller was asked twice and said so; a reboot "
    "is off, verified, and then on.",
    (
        ("ip", "string", None, "Address of the BMC", "ipaddr"),
        ("ipport", "integer", "623", "UDP port of the BMC", ""),
        ("username", "string", None, "Name to log in with", "login"),
        ("password", "string", "", "Password to log in with", "passwd"),
        ("password_file", "string", "", "A file that holds the password, on each node", ""),
        (
            "privlvl",
            "string",
            "administrator",
            "Privilege level: user, operator or administrator",
            "",
        ),
    ),
    Bmc,
    plug_required=False,
    actions=("off", "on", "reboot", "status", "monitor"),
)

if __name__ == "__main__":
    AGENT.main()
