#!/usr/bin/env python3
"""A fence agent that asks the lab's power sockets; run inside the machines as a child process.

Told to be up to *mischief* it switches nothing, and ends as bad agents do.
"""

import os
import signal
import socket
import sys
import time

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
<parameter name="password" required="0"><content type="string"/>
<shortdesc lang="en">What nobody but the agent shall read</shortdesc></parameter>
<parameter name="mischief" required="0"><content type="string"/>
<shortdesc lang="en">How to fail</shortdesc></parameter>
</parameters>
<actions><action name="on"/><action name="off"/><action name="reboot"/><action name="status"/>
<action name="list"/><action name="monitor"/><action name="metadata"/></actions>
</resource-agent>"""


def misbehave(how: str, secret: str) -> int:
    """Fail in the way that is called *how*."""
    err = sys.stderr.buffer
    if how == "hang":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    elif how == "tell":
        err.write(f"cannot log in with {secret}\n".encode())
    elif how == "flood":
        for _ in range(160):
            err.write(b"x" * 65535 + b"\n")
        err.write(b"the end of the flood\n")
    elif how == "bytes":
        err.write(b"bad \xff\xfe\x00\x1b[31m bytes\n")
    err.flush()
    if how == "signal":
        os.kill(os.getpid(), signal.SIGKILL)
    return 7


def main() -> int:
    if "metadata" in sys.argv[1:]:
        print(METADATA)
        return 0
    options = dict(line.strip().split("=", 1) for line in sys.stdin if "=" in line)
    action = options.get("action", "reboot")
    if action == "metadata":
        print(METADATA)
        return 0
    if action in ("off", "reboot") and options.get("mischief"):
        return misbehave(options["mischief"], options.get("password", ""))
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
