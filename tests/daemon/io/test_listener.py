"""Who asks is what the kernel says of the other end, and nothing that it says itself."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import sys
from pathlib import Path

from pcsx.daemon.io.listener import caller_of

_CONNECT = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); input()"


def test_a_caller_is_the_process_and_the_user_at_the_other_end(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        with subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _CONNECT, str(tmp_path / "s")], stdin=subprocess.PIPE
        ) as other:
            accepted, _ = listening.accept()
            with accepted:
                caller = caller_of(accepted)
            other.communicate(b"\n")
    assert (caller.pid, caller.uid, caller.gid) == (other.pid, os.geteuid(), os.getegid())
    assert caller.user == pwd.getpwuid(os.geteuid()).pw_name
