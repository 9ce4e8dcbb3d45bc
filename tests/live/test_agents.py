"""Agents as installed: every one describes itself, and those that misbehave harm nobody."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pcsx.agents import Exit, Host, Installed, Invocation, metadata_invocation, parse_metadata
from pcsx.agents.names import AgentName
from pcsx.daemon.io.children import Children

pytestmark = pytest.mark.live

HOST = Host(node="n1")


def ask(*invocations: Invocation, at_once: int = 4) -> list[Exit]:
    """Run *invocations*, a few at once, and return how they ended, in their order."""

    async def all_of_them() -> list[Exit]:
        loop = asyncio.get_running_loop()
        ends: dict[int, asyncio.Future[Exit]] = {}
        room = asyncio.Semaphore(at_once)
        children = Children(loop, lambda number, exit: ends[number].set_result(exit))

        async def one(number: int, made: Invocation) -> Exit:
            async with room:
                ends[number] = loop.create_future()
                children.spawn(number, made)
                return await ends[number]

        try:
            return await asyncio.gather(*(one(n, made) for n, made in enumerate(invocations)))
        finally:
            children.close()

    return asyncio.run(all_of_them())


def describable(standard: str) -> list[AgentName]:
    return [name for name in Installed(HOST).agents() if name.standard == standard]


@pytest.mark.parametrize("standard", ["ocf", "stonith"])
def test_every_installed_agents_metadata_is_read(standard: str, figure: Callable[..., None]):
    names = describable(standard)
    made = [metadata_invocation(name, HOST) for name in names]
    assert all(isinstance(each, Invocation) for each in made)
    exits = ask(*[each for each in made if isinstance(each, Invocation)])
    with ThreadPoolExecutor() as readers:
        outputs = [exit.stdout for exit in exits]
        read = list(readers.map(parse_metadata, outputs))
    assert all(metadata.actions for metadata in read)
    foreign = [name for name in names if name.provider != "pcsx" and "_pcsx_" not in name.type]
    figure("metadata", f"{standard} agents read", f"{len(read)} ({len(foreign)} foreign)")


ENV = (("PATH", "/usr/bin:/bin"),)


def shell(script: str, timeout_ms: int = 20_000) -> Invocation:
    return Invocation(("/bin/sh", "-c", script), ENV, b"", timeout_ms)


def test_a_hundred_megabytes_of_output_are_read_and_the_end_is_kept():
    (exit,) = ask(shell("head -c 100000000 /dev/zero | tr '\\0' x; echo; echo the end"))
    assert exit.code == 0
    assert exit.stdout.endswith(b"the end\n")
    assert len(exit.stdout) <= 64 << 10


def test_an_agent_that_leaves_a_daemon_with_its_output_does_not_hang(tmp_path: Path):
    (exit,) = ask(shell(f"setsid sleep 300 & echo $! >{tmp_path}/pid; exit 0"))
    assert (exit.code, exit.timed_out) == (0, False)
    os.kill(int((tmp_path / "pid").read_text()), 9)


@pytest.mark.slow
def test_ten_thousand_operations_leave_no_process_and_no_descriptor(
    figure: Callable[..., None],
):
    names: list[tuple[str, int]] = []
    count = 10_000
    children_file = Path(f"/proc/self/task/{os.getpid()}/children")
    others = set(children_file.read_text().split())  # a test before that failed may have left some

    async def run() -> tuple[int, int]:
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        done = 0
        children = Children(
            loop,
            lambda number, exit: ended(number, exit),
            group_begins=lambda group: names.append(("+", group)),
            group_ends=lambda group: names.append(("-", group)),
        )
        kinds = (
            Invocation(("/bin/true",), ENV, b"", 20_000),
            Invocation(("/bin/false",), ENV, b"in", 20_000),
            Invocation(("/nowhere",), ENV, b"", 20_000),
            Invocation(("/etc/passwd",), ENV, b"", 20_000),
        )

        def ended(number: int, exit: Exit) -> None:
            nonlocal done
            done += 1
            following = number + 16
            if following < count:
                children.spawn(following, kinds[following % len(kinds)])
            if done == count:
                over.set_result(None)

        before = len(os.listdir("/proc/self/fd"))
        for number in range(16):
            children.spawn(number, kinds[number % len(kinds)])
        await over
        left = len(children)
        after = len(os.listdir("/proc/self/fd"))
        children.close()
        return left, after - before

    left, grown = asyncio.run(run())
    assert (left, grown) == (0, 0)
    assert sorted(group for sign, group in names if sign == "+") == sorted(
        group for sign, group in names if sign == "-"
    )
    assert set(children_file.read_text().split()) <= others
    figure("10,000 operations", "processes and descriptors left", "none")
