"""Machines of a lab whose process 1 is a real systemd, with our daemon as one of its units.

Their root is a throw-away layer over the host's; what must outlive their power is in `/rig`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.live.lab import Machine

RIG: Final = Path(__file__).parents[3] / "shared/rigs/systemd/sdnode.sh"
UNIT: Final = f"""[Unit]
Description=Cluster daemon
[Service]
Type=notify
NotifyAccess=all
KillMode=process
TimeoutStopSec=60
Environment=PYTHONPATH={":".join(filter(None, sys.path))}
Environment=PCSX_STATE_DIR=/rig/state
ExecStartPre=mkdir -p /run/nginx /run/resource-agents /var/log/nginx
ExecStart={sys.executable} -m pcsx daemon
StandardOutput=append:/rig/daemon.log
StandardError=append:/rig/daemon.log
"""


def is_there() -> bool:
    """Return whether such machines can be made here."""
    return RIG.exists() and Path("/lib/systemd/systemd").exists()


class SystemdMachine(Machine):
    """See the module's paragraph."""

    def rig(self, *words: str) -> str:
        """Have the rig do something with this machine."""
        done = subprocess.run(
            [str(RIG), words[0], str(self.place), *words[1:]],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{self.name}: {words}: {done.stdout}{done.stderr}"
        return done.stdout

    def put(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """Put a file there for every boot, and now where it is on."""
        places = [self.place / "seed"] + ([self.path("")] if self.is_on else [])
        for place in places:
            file = Path(f"{place}{path}")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            file.chmod(mode)

    def power_on(self) -> None:
        """Boot it."""
        self.put("/etc/systemd/system/pcsx.service", UNIT.encode())
        self.plug_in()
        self.rig("start", self.name, self.space)
        self.init = int(self.rig("pid"))

    def _cut(self) -> None:
        self.rig("kill")

    def spawn(self, command: str, log: str) -> None:
        """Start our daemon, the one thing that is ever spawned, as a unit."""
        assert command.endswith("daemon"), command
        self.run("systemctl start pcsx")
