"""What a simulated BMC does when it is asked about its machine's power, or told to switch it.

Called as `chassis.py SOCKET DIRECTORY MACHINE get|set WORD [VALUE]`; the socket is that of
the power sockets. The files `stuck`, `lie` and `slow` in the directory are its faults.
"""

import os
import sys
import time
from _socket import AF_UNIX, SOCK_STREAM, socket


def asked(path: str, words: str) -> str:
    """Return what the power sockets answer."""
    client = socket(AF_UNIX, SOCK_STREAM)
    client.connect(path)
    client.sendall(words.encode())
    answer = client.recv(200).decode()
    client.close()
    return answer.strip()


def read(path: str) -> str:
    """Return what is in the file, or nothing."""
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return ""


def switch(sockets: str, place: str, machine: str, action: str) -> None:
    """Switch the power, in a process of its own: the BMC must not wait."""
    if os.path.exists(f"{place}/stuck"):
        return
    if os.path.exists(f"{place}/lie"):
        with open(f"{place}/claimed", "w") as file:
            file.write("0" if action == "off" else "1")
        return
    if os.fork():
        return
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    time.sleep(float(read(f"{place}/slow") or "0"))
    asked(sockets, f"{action} {machine}")
    os._exit(0)


def main() -> None:
    """Do what is asked."""
    sockets, place, machine, verb, *words = sys.argv[1:]
    if verb == "get":
        for word in words:
            if word == "power":
                claimed = read(f"{place}/claimed")
                real = "1" if asked(sockets, f"status {machine}") == "on" else "0"
                print(f"power:{claimed or real}")
            elif word == "boot":
                print("boot:default")
        return
    if verb == "set" and len(words) > 1 and words[0] in ("power", "reset", "shutdown"):
        action = "on" if words[:2] == ["power", "1"] else "off"
        switch(sockets, place, machine, "reboot" if words[0] == "reset" else action)


main()
