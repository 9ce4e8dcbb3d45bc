"""A small web server as a resource: a service that can move, on any address, without root.

Called as an OCF agent with one word. `start` leaves a server behind that is a process of its own;
it answers every GET with a text or with files of a directory. The address and port are bound
exclusively, so that two copies of one resource can never run on one machine unseen.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

METADATA = """<?xml version="1.0"?>
<resource-agent name="http" version="1.0">
<version>1.1</version>
<longdesc lang="en">
A small web server that answers with a text, or with the files of a directory. It stands for a
service that can move from node to node: bound to an address of 127.0.0.0/8 and a port above 1023 it
needs no root and no installation, so that a whole cluster can be tried out on one machine.
</longdesc>
<shortdesc lang="en">A small web server, for trying a cluster out</shortdesc>
<parameters>
<parameter name="ip" unique-group="address">
<longdesc lang="en">The address to listen on.</longdesc>
<shortdesc lang="en">Address</shortdesc>
<content type="string" default="127.0.0.1"/>
</parameter>
<parameter name="port" unique-group="address">
<longdesc lang="en">The port to listen on.</longdesc>
<shortdesc lang="en">Port</shortdesc>
<content type="integer" default="8080"/>
</parameter>
<parameter name="text" reloadable="0">
<longdesc lang="en">What to answer. A %n in it stands for the name of the node that answers, and a
%r for the name of the resource.</longdesc>
<shortdesc lang="en">What to answer</shortdesc>
<content type="string" default="%r runs on %n"/>
</parameter>
<parameter name="webroot">
<longdesc lang="en">A directory whose files are served instead of a text.</longdesc>
<shortdesc lang="en">Directory of files</shortdesc>
<content type="string" default=""/>
</parameter>
</parameters>
<actions>
<action name="start" timeout="20s"/>
<action name="stop" timeout="20s"/>
<action name="monitor" timeout="10s" interval="5s" depth="0"/>
<action name="validate-all" timeout="5s"/>
<action name="meta-data" timeout="5s"/>
</actions>
</resource-agent>
"""

OK, GENERIC, ARGS, UNIMPLEMENTED, CONFIGURED, NOT_RUNNING = 0, 1, 2, 3, 6, 7
REQUEST_MAX = 16 << 10
CLIENTS_MAX = 128
CLIENT_SECONDS = 10
TYPES = {".html": "text/html", ".css": "text/css", ".png": "image/png", ".json": "application/json"}


def because(reason: str) -> None:
    print(f"ocf-exit-reason:{reason}", file=sys.stderr)


class Settings:
    """What the cluster asks for, from the environment."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.name = env.get("OCF_RESOURCE_INSTANCE", "default")
        self.node = env.get("OCF_RESKEY_CRM_meta_on_node") or env.get("PCSX_NODE", "")
        self.ip = env.get("OCF_RESKEY_ip", "127.0.0.1")
        self.port_text = env.get("OCF_RESKEY_port", "8080")
        self.text = env.get("OCF_RESKEY_text", "%r runs on %n")
        self.webroot = env.get("OCF_RESKEY_webroot", "")
        run_dir = env.get("PCSX_RUN_DIR") or env.get("HA_RSCTMP") or "/run/resource-agents"
        self.directory = os.path.join(run_dir, "agents")
        self.pid_file = os.path.join(self.directory, f"http-{self.name}.pid")

    def fault(self) -> str:
        """Return what is wrong with the parameters, or nothing."""
        if not self.port_text.isdigit() or not 0 < int(self.port_text) < 65536:
            return f"port must be a number up to 65535, not '{self.port_text}'"
        try:
            socket.inet_pton(self.family, self.ip)
        except OSError:
            return f"ip must be an address, not '{self.ip}'"
        if self.webroot and not os.path.isdir(self.webroot):
            return f"webroot is no directory here: {self.webroot}"
        return ""

    @property
    def family(self) -> int:
        return socket.AF_INET6 if ":" in self.ip else socket.AF_INET

    @property
    def address(self) -> tuple[str, int]:
        return (self.ip, int(self.port_text))

    def body(self) -> bytes:
        text = self.text.replace("%n", self.node).replace("%r", self.name)
        return text.encode() + b"\n"


def start_of(pid: int | str) -> str | None:
    """Return when process *pid* began, in the kernel's words, or None: it is not there."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            words = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if words[0] in "ZX" else words[19]


def running(settings: Settings) -> int:
    """Return the server's pid, or 0: a number that was given to another process does not count."""
    try:
        with open(settings.pid_file) as file:
            pid, _, began = file.read().strip().partition(" ")
    except OSError:
        return 0
    return int(pid) if pid.isdigit() and start_of(pid) == began else 0


def start(settings: Settings) -> int:
    if running(settings):
        return OK
    try:
        os.makedirs(settings.directory, exist_ok=True)
        listening = socket.socket(settings.family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(settings.address)
        listening.listen(64)
    except OSError as error:
        because(f"cannot listen on {settings.ip} port {settings.port_text}: {error.strerror}")
        return GENERIC
    sys.stdout.flush()
    sys.stderr.flush()
    if os.fork() == 0:
        become_service(settings, listening)
    # It listens already, so clients are served from now on; only its pid must still be on record.
    for _ in range(500):
        if running(settings):
            return OK
        time.sleep(0.01)
    because("the server did not stay")
    return GENERIC


def become_service(settings: Settings, listening: socket.socket) -> NoReturn:
    """Leave the caller's session, note the pid, serve, and never return."""
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.chdir("/")
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        temporary = f"{settings.pid_file}.{os.getpid()}"
        with open(temporary, "w") as file:
            file.write(f"{os.getpid()} {start_of(os.getpid())}\n")
        os.rename(temporary, settings.pid_file)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        serve(settings, listening)
    finally:
        os._exit(1)


def serve(settings: Settings, listening: socket.socket) -> NoReturn:
    """Answer for ever, one small select loop for all clients; who is slow is let go."""
    listening.setblocking(False)
    clients: dict[socket.socket, list[Any]] = {}
    while True:
        ready, _, _ = select.select([listening, *clients], [], [], 5)
        now = time.monotonic()
        if listening in ready and len(clients) < CLIENTS_MAX:
            try:
                client, _ = listening.accept()
            except OSError:
                pass
            else:
                client.settimeout(CLIENT_SECONDS)
                clients[client] = [b"", now]
        for client in [one for one in clients if one in ready]:
            try:
                data = client.recv(4096)
            except OSError:
                data = b""
            clients[client][0] += data
            request = clients[client][0]
            if data and b"\r\n\r\n" not in request and len(request) < REQUEST_MAX:
                continue
            if data:
                try:  # noqa: SIM105 (contextlib is slow to load)
                    client.sendall(answer(settings, request))
                except OSError:
                    pass
            client.close()
            del clients[client]
        for client in [one for one, (_, since) in clients.items() if now - since > CLIENT_SECONDS]:
            client.close()
            del clients[client]


def answer(settings: Settings, request: bytes) -> bytes:
    line = request.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    if len(line) != 3 or not line[2].startswith("HTTP/"):
        return response("400 Bad Request", b"not a request\n")
    method, target = line[0], line[1]
    if method not in ("GET", "HEAD"):
        return response("405 Method Not Allowed", b"only GET and HEAD\n")
    status, body, kind = "200 OK", settings.body(), "text/plain"
    if settings.webroot:
        status, body, kind = file_of(settings, target)
    return response(status, body, kind, head_only=method == "HEAD")


def file_of(settings: Settings, target: str) -> tuple[str, bytes, str]:
    root = os.path.realpath(settings.webroot)
    path = os.path.realpath(os.path.join(root, target.partition("?")[0].lstrip("/")))
    if os.path.isdir(path):
        path = os.path.join(path, "index.html")
    if path != root and not path.startswith(root + os.sep):
        return "404 Not Found", b"not found\n", "text/plain"
    try:
        with open(path, "rb") as file:
            body = file.read()
    except OSError:
        return "404 Not Found", b"not found\n", "text/plain"
    return "200 OK", body, TYPES.get(os.path.splitext(path)[1], "text/plain")


def response(
    status: str, body: bytes, kind: str = "text/plain", *, head_only: bool = False
) -> bytes:
    head = (
        f"HTTP/1.0 {status}\r\nContent-Type: {kind}; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (b"" if head_only else body)


def stop(settings: Settings) -> int:
    pid = running(settings)
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not pid:
            break
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            break
        limit = time.monotonic() + 1
        while running(settings) and time.monotonic() < limit:
            time.sleep(0.005)
        pid = running(settings)
    if pid:
        because(f"process {pid} does not end")
        return GENERIC
    try:  # noqa: SIM105
        os.unlink(settings.pid_file)
    except FileNotFoundError:
        pass
    return OK


def monitor(settings: Settings) -> int:
    if not running(settings):
        return NOT_RUNNING
    try:
        with socket.create_connection(settings.address, timeout=5) as client:
            client.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
            first = client.recv(64)
    except OSError as error:
        because(f"it does not answer: {error}")
        return GENERIC
    if not first.startswith(b"HTTP/1.0 "):
        because("it answers, but not as a web server")
        return GENERIC
    return OK


def validate(settings: Settings) -> int:
    return OK  # what can be wrong was looked at before


def main(words: list[str], env: Mapping[str, str]) -> int:
    action = words[0] if len(words) == 1 else ""
    if action == "meta-data":
        print(METADATA, end="")
        return OK
    actions = {"start": start, "stop": stop, "monitor": monitor, "validate-all": validate}
    if action not in actions:
        because(f"no such action: '{action}'")
        return UNIMPLEMENTED
    settings = Settings(env)
    # What was started can be found and stopped by its pid alone, whatever the parameters say.
    if action in ("start", "validate-all") and (fault := settings.fault()):
        because(fault)
        return CONFIGURED if "webroot" not in fault else ARGS
    return actions[action](settings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
