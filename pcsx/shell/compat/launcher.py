"""One call of an old name: hand its words to the daemon, print the answer, end with its status.

Run as `python -I -S` on what the daemon compiled of it, with NAME WORDS..., many times a second
on a busy node: so it loads nothing but what the interpreter has built in (not even `os`, which
costs as much as all of this), and speaks to the local socket by itself.
"""

import sys
from _json import encode_basestring_ascii, scanstring
from _socket import AF_UNIX, SOCK_STREAM, socket
from posix import _exit, environ

DISCONNECTED = 102
TIMEOUT_S = 60.0
PASSED_ON = ("OCF_RESOURCE_INSTANCE", "PCSX_NODE")


def message(tool: str, words: list[str], env: dict[str, str]) -> bytes:
    """Return the request as it goes over the socket."""
    listed = ",".join(encode_basestring_ascii(word) for word in words)
    pairs = ",".join(
        f"[{encode_basestring_ascii(name)},{encode_basestring_ascii(env[name])}]"
        for name in PASSED_ON
        if name in env
    )
    name = encode_basestring_ascii(tool)
    text = f'{{"id":1,"do":"tool","tool":{name},"words":[{listed}],"env":[{pairs}]}}'.encode()
    return len(text).to_bytes(4, "big") + text


def text_of(reply: str, name: str) -> str:
    """Return the text called *name* in *reply*; a quote within a text has a backslash before it."""
    for mark in (f'"{name}":"', f'"{name}": "'):
        at = reply.find(mark)
        if at >= 0:
            return str(scanstring(reply, at + len(mark), True)[0])
    return ""


def status_of(reply: str) -> int:
    """Return the exit status in *reply*; 1 where it has none."""
    _, found, rest = reply.partition('"status":')
    rest = rest.lstrip()
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return int(digits) if found and digits else 1


def asked(path: str, request: bytes) -> str:
    """Return the daemon's answer to *request*."""
    daemon = socket(AF_UNIX, SOCK_STREAM)
    try:
        daemon.settimeout(TIMEOUT_S)
        daemon.connect(path)
        daemon.sendall(request)
        answer = b""
        wanted = 4
        while len(answer) < wanted:
            chunk = daemon.recv(65536)
            if not chunk:
                raise OSError("the daemon hung up")
            answer += chunk
            if wanted == 4 and len(answer) >= 4:
                wanted = 4 + int.from_bytes(answer[:4], "big")
    finally:
        daemon.close()
    return answer[4:wanted].decode()


def answered(request: dict[str, object]) -> dict[str, object]:
    """Return what the daemon answers to *request*; for those who have time to load json.

    Raises OSError where none answers, ValueError where it answers something else.
    """
    import json
    import os

    text = json.dumps({"id": 1, **request}).encode()
    path = os.environ.get("PCSX_SOCKET") or "/run/pcsx/pcsx.sock"
    answer: dict[str, object] = json.loads(asked(path, len(text).to_bytes(4, "big") + text))
    return answer


def environment() -> dict[str, str]:
    """Return what this process was given, as `os.environ` has it."""
    return {
        name.decode("utf-8", "surrogateescape"): value.decode("utf-8", "surrogateescape")
        for name, value in environ.items()
    }


def main(tool: str, words: list[str]) -> int:
    """Do one call and return its exit status."""
    env = environment()
    run_dir = env.get("PCSX_RUN_DIR") or "/run/pcsx"
    path = env.get("PCSX_SOCKET") or f"{run_dir}/pcsx.sock"
    try:
        reply = asked(path, message(tool, words, env))
    except OSError as error:
        sys.stderr.write(f"{tool}: no daemon answers at {path}: {error}\n")
        return DISCONNECTED
    if '"error":' in reply[:40]:
        sys.stderr.write(f"{tool}: {text_of(reply, 'message')}\n")
        return 1
    sys.stdout.write(text_of(reply, "stdout"))
    sys.stderr.write(text_of(reply, "stderr"))
    return status_of(reply)


if __name__ == "__main__":
    ended = main(sys.argv[1], sys.argv[2:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # whoever called does not listen any more
        ended = ended or 1
    _exit(ended)  # to take the interpreter down in order costs as much as all of this
