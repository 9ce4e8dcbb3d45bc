"""Power by IPMI: a simulated BMC for each machine of a lab, with faults that real ones have.

The BMCs listen outside of the machines, at one address and a port each, and switch the lab's power
sockets. Users are admin and viewer, both with the password `secret`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.live.lab import HERE, NET, Lab, Machine, until

ADDRESS: Final = f"{NET}.250"
FAULTS: Final = ("stuck", "lie", "slow")

_LAN: Final = """name "{name}"
set_working_mc 0x20
startlan 1
  addr {address} {port}
  priv_limit admin
  allowed_auths_callback md5
  allowed_auths_user md5
  allowed_auths_operator md5
  allowed_auths_admin md5
  guid {guid}
endlan
chassis_control "{control}"
user 2 true "admin" "secret" admin 10 md5
user 3 true "viewer" "secret" user 10 md5
"""
_EMULATED: Final = """mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
"""


def is_there() -> bool:
    """Return whether BMCs can be simulated here."""
    return shutil.which("ipmi_sim") is not None


class Bmc:
    """The BMC of one machine; *stuck*, *lie* and *slow* are files in its directory."""

    def __init__(self, lab: Lab, machine: Machine) -> None:
        self.lab, self.machine = lab, machine
        self.port = 6230 + machine.number
        self.place: Path = lab.place / f"bmc-{machine.name}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Switch the BMC itself on."""
        (self.place / "state" / self.machine.name).mkdir(parents=True, exist_ok=True)
        control = (
            f"{sys.executable} -I -S {HERE / 'chassis.py'} {self.lab.place}/power {self.place}"
        )
        (self.place / "lan.conf").write_text(
            _LAN.format(
                name=self.machine.name,
                address=ADDRESS,
                port=self.port,
                guid=f"{self.machine.number:032x}",
                control=f"{control} {self.machine.name}",
            )
        )
        (self.place / "sim.emu").write_text(_EMULATED)
        words = ["ipmi_sim", "-n", "-c", "lan.conf", "-f", "sim.emu", "-s", "state"]
        with (self.place / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["ip", "netns", "exec", self.lab.outside, *words], cwd=self.place,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        listening = f":{self.port:04X} "
        table = Path(f"/proc/{self._process.pid}/net/udp")
        until(lambda: listening in table.read_text(), 20, f"the BMC of {self.machine.name}")

    def stop(self) -> None:
        """Switch the BMC itself off."""
        if self._process is not None:
            self.thaw()
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Have it hang: it takes packets and answers none."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def set(self, fault: str, value: str = "1") -> None:
        """Give it a fault: it does nothing, it claims what is not, or it takes seconds."""
        assert fault in FAULTS, fault
        (self.place / fault).write_text(value)

    def heal(self) -> None:
        """Take all faults away."""
        for name in (*FAULTS, "claimed"):
            (self.place / name).unlink(missing_ok=True)
