"""The agents that come with pcsx: which there are, and which file each one is.

They are programs: nothing imports them, they run as children under `/bin/sh` or Python. They keep
state under `PCSX_RUN_DIR`, so that several nodes can share one machine, and need no root.
"""

from __future__ import annotations

from typing import Final

RESOURCE_AGENTS: Final = {"dummy": "dummy.sh", "http": "http.py", "stateful": "stateful.sh"}
"""The types of `ocf:pcsx:TYPE`, and the file of each."""

FENCE_AGENTS: Final = {
    "fence_pcsx_demo": "fence_pcsx_demo.py",
    "fence_pcsx_ipmi": "fence_pcsx_ipmi.py",
    "fence_pcsx_redfish": "fence_pcsx_redfish.py",
}
"""The types of `stonith:TYPE`, and the file of each."""

HELPERS: Final = {"systemd": "systemd_unit.sh", "service": "system_service.sh"}
"""What runs units and system services, by standard."""
