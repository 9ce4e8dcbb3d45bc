#!/usr/bin/env python3
"""A fence agent that asks the lab's power sockets; run inside the machines as a child process."""

import socket
import sys

METADATA = """<?xml version="1.0"?>
<resource-agent name="fence_pcsx_lab" shortdesc="Power sockets of the lab">
<longdesc>Cuts the power of a machine of namespaces.</longdesc>
<parameters>
<parameter name="action" required="1"><content type="string" default="reboot"/>
<shortdesc lang="en">What to do</shortdesc></parameter>
<parameter name="plug" required="0"><content type="string"/>
<shortdesc lang="en">Machine</shortdesc></parameter>
<parameter name="sockets" required="1"><content type="string"/>
<shortdesc lang="en">Path of the socket that switches</shortdesc></parameter>
</parameters>
<actions><action name="on"/><action name="off"/><action name="reboot"/><action name="status"/>
<action name="list"/><action name="monitor"/><action name="metadata"/></actions>
</resource-agent>"""


def main() -> int:
    if "metadata" in sys.argv[1:]:
        print(METADATA)
        return 0
    options = dict(line.strip().split("=", 1) for line in sys.stdin if "=" in line)
    action = options.get("action", "reboot")
    if action == "metadata":
        print(METADATA)
        return 0
    asked = "list" if action in ("list", "monitor") else f"{action} {options.get('plug', '')}"
    with socket.socket(socket.AF_UNIX) as sockets:
        sockets.settimeout(20)
        sockets.connect(options["sockets"])
        sockets.sendall(asked.encode())
        answer = sockets.recv(4000).decode()
    if action == "list":
        print(answer, end="")
    if action == "status":
        return {"on\n": 0, "off\n": 2}.get(answer, 1)
    return 1 if answer == "unknown\n" else 0


if __name__ == "__main__":
    sys.exit(main())
