"""One daemon by itself: where its settings come from, what it tells systemd, how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest


def daemon(
    place: Path, *words: str, address: str = "127.77.1.1", **environment: str
) -> subprocess.Popen[str]:
    """Start a daemon that keeps everything in *place*."""
    return subprocess.Popen(
        [
            sys.executable, "-m", "pcsx", "daemon", "--state-dir", str(place / "state"),
            "--run-dir", str(place / "run"), "--address", address, "--discovery", "no", *words,
        ],
        env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    )  # fmt: skip


def test_it_says_ready_when_it_answers_and_stopping_when_it_ends(tmp_path: Path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        running = daemon(tmp_path, "--name", "n1", NOTIFY_SOCKET=str(tmp_path / "notify"))
        try:
            words = systemd.recv(4096).decode()
            assert "READY=1" in words
            ran = subprocess.run(
                [sys.executable, "-m", "pcsx", "cluster", "info"], capture_output=True, text=True,
                env={**os.environ, "PCSX_SOCKET": str(tmp_path / "run/pcsx.sock")}, check=False,
            )  # fmt: skip
            assert "name: n1" in ran.stdout, ran.stderr
            running.send_signal(signal.SIGTERM)
            assert "STOPPING=1" in systemd.recv(4096).decode()
            assert running.wait(60) == 0
        finally:
            running.kill()


def test_a_setting_comes_from_the_file_the_environment_and_options_in_rising_order(tmp_path: Path):
    file = tmp_path / "pcsx.toml"
    file.write_text('name = "file"\nport = 5999\n')
    running = daemon(
        tmp_path, "--config", str(file), "--port", "5452", PCSX_NAME="environment",
        address="127.77.1.2",
    )  # fmt: skip
    try:
        assert running.stdout is not None
        while "waiting in the lobby" not in (line := running.stdout.readline()):
            assert line, "it ended"
        ran = subprocess.run(
            [sys.executable, "-m", "pcsx", "cluster", "info"], capture_output=True, text=True,
            env={**os.environ, "PCSX_SOCKET": str(tmp_path / "run/pcsx.sock")}, check=False,
        )  # fmt: skip
        assert "name: environment" in ran.stdout and "port: 5452" in ran.stdout, ran.stderr
    finally:
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("naem = 'n1'\n", "naem"),
        ("port = 'x'\n", "port must be a whole number, not 'x'"),
        ("port = 0\n", "0 is no port"),
        ("name = \n", "Invalid value"),
    ],
)
def test_wrong_settings_are_told_and_the_exit_status_is_2(text: str, told: str, tmp_path: Path):
    file = tmp_path / "pcsx.toml"
    file.write_text(text)
    running = daemon(tmp_path, "--config", str(file))
    out, _ = running.communicate(timeout=60)
    assert running.returncode == 2
    assert told in out and "Traceback" not in out


def test_a_port_that_is_taken_is_told(tmp_path: Path):
    with socket.socket() as other:
        other.bind(("127.77.1.3", 5450))
        other.listen()
        running = daemon(tmp_path, "--name", "n1", address="127.77.1.3")
        out, _ = running.communicate(timeout=60)
    assert running.returncode == 2
    assert "127.77.1.3" in out and "in use" in out and "Traceback" not in out


def test_an_unknown_option_is_told_and_the_exit_status_is_64(tmp_path: Path):
    running = daemon(tmp_path, "--nonsense", "1")
    out, _ = running.communicate(timeout=60)
    assert running.returncode == 64 and "--nonsense" in out


def test_the_watchdog_is_the_device_that_the_settings_name(tmp_path: Path):
    device, file = tmp_path / "device", tmp_path / "pcsx.toml"
    os.mkfifo(device)
    file.write_text(f'name = "n1"\nwatchdog = "{device}"\nwatchdog_timeout = 30\n')
    reader = os.open(device, os.O_RDONLY | os.O_NONBLOCK)
    running = daemon(
        tmp_path, "--config", str(file), address="127.77.1.9", PCSX_TEST_WATCHDOG="1"
    )  # fmt: skip
    environment = {**os.environ, "PCSX_SOCKET": str(tmp_path / "run/pcsx.sock")}

    def typed(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pcsx", *words], capture_output=True, text=True,
            env=environment, check=False,
        )  # fmt: skip

    try:
        while typed("cluster", "info").returncode:
            assert running.poll() is None
        assert typed("cluster", "setup", "web", "n1=127.77.1.9", "--force").returncode == 0
        os.set_blocking(reader, True)
        assert os.read(reader, 1) == b"\0", "armed and petted with the first quorum"
        assert "30 s" in typed("status", "--full").stdout
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) == 0
        petted = b""
        while part := os.read(reader, 4096):
            petted += part
        assert petted.strip(b"\0") == b"V", "an orderly end disarms it"
    finally:
        running.kill()
        os.close(reader)
