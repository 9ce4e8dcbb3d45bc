"""Switches a machine by its BMC over HTTPS (Redfish).

The certificate of a BMC is seldom signed by anybody: it is pinned by its fingerprint. Without one,
only `ssl_insecure` lets a session begin, and that is said so.
"""

from __future__ import annotations

import hashlib
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

TRUE = ("1", "true", "yes", "on")


class Redfish:
    """One session with a machine's BMC."""

    def __init__(self, options: Mapping[str, str]) -> None:
        pin = options.get("fingerprint", "").replace(":", "").lower().removeprefix("sha256")
        self._pin = pin
        self._seen = ""
        if not pin and options.get("ssl_insecure", "").lower() not in TRUE:
            raise Trouble("give the fingerprint of the BMC's certificate, or ssl_insecure=1")
        # The library would read all authorities of the machine at each connection, 50 ms of CPU and
        # six times a session, and then take what `_verify` takes: the pinned certificate.
        os.environ["SSL_CERT_FILE"] = os.environ["SSL_CERT_DIR"] = os.devnull
        from http.client import HTTPException

        from pyghmi.exceptions import PyghmiException, UnrecognizedCertificate  # late: 0.2 s
        from pyghmi.redfish.command import Command

        self._failures = (
            PyghmiException, UnrecognizedCertificate, HTTPException, OSError, TypeError,
            ValueError, KeyError,
        )  # fmt: skip
        self._where = options["ip"]
        wanted: dict[str, Any] = {}
        if options.get("systems_uri"):
            wanted["sysurl"] = options["systems_uri"]
        port = options.get("ipport", "443")
        if not port.isdigit():
            raise Trouble(f"'{port}' is no port")
        if port != "443":
            wanted["port"] = int(port)
        try:
            self._command: Any = Command(
                options["ip"], options["username"], _password(options), self._verify, **wanted
            )
        except self._failures as error:
            raise self._trouble("cannot log in", error) from None

    def _verify(self, certificate: bytes) -> bool:
        self._seen = hashlib.sha256(certificate).hexdigest()
        return not self._pin or self._seen == self._pin

    def _trouble(self, what: str, error: Exception) -> Trouble:
        if self._pin and self._seen and self._seen != self._pin:
            return Trouble(f"{self._where}: another certificate, with SHA256 {self._seen}")
        return Trouble(f"{self._where}: {what}: {str(error) or type(error).__name__}")

    def plugs(self) -> list[tuple[str, str]]:
        """Return nothing to choose from: one machine a session. That it answers is checked."""
        self.state("")
        return []

    def state(self, plug: str) -> str:
        """Return what the BMC says of its machine."""
        try:
            state = str(self._command.get_power()["powerstate"]).lower()
        except self._failures as error:
            raise self._trouble("no power state", error) from None
        if state not in ("on", "off"):
            raise Trouble(f"{self._where}: the power state is '{state}'")
        return state

    def switch(self, plug: str, state: str) -> None:
        """Ask for *state*, by force: a machine that must be fenced shuts nothing down itself."""
        try:
            self._command.set_power(state, wait=False)
        except self._failures as error:
            raise self._trouble(f"cannot switch it {state}", error) from None


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
    "fence_pcsx_redfish",
    "Power by a machine's BMC over Redfish",
    "Switches a machine by its baseboard management controller over HTTPS, by Redfish. The "
    "controller's certificate is pinned by its fingerprint. The power is off only when the "
    "controller was asked twice and said so; a reboot is off, verified, and then on.",
    (
        ("ip", "string", None, "Address of the BMC", "ipaddr"),
        ("ipport", "integer", "443", "TCP port of the BMC", ""),
        ("username", "string", None, "Name to log in with", "login"),
        ("password", "string", "", "Password to log in with", "passwd"),
        ("password_file", "string", "", "A file that holds the password, on each node", ""),
        ("systems_uri", "string", "", "Path of the system, where the BMC has several", ""),
        ("fingerprint", "string", "", "SHA256 of the BMC's certificate, in hex", ""),
        ("ssl_insecure", "boolean", "0", "Take any certificate", ""),
    ),
    Redfish,
    plug_required=False,
    actions=("off", "on", "reboot", "status", "monitor"),
)

if __name__ == "__main__":
    AGENT.main()
