"""What is put off is there when it is used, whole and once."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from pcsx.later import ANSWERED, SELDOM


def _holds(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\nfrom pcsx.later import put_off\n{code}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", SELDOM)
def test_a_module_that_is_put_off_is_the_same_module_once_it_is_used(name: str) -> None:
    own = (*SELDOM[name], *ANSWERED.get(name, ()))
    _holds(
        f"for loaded in [m for m in sys.modules if m.partition('.')[0] == {name!r}]:\n"
        f"    del sys.modules[loaded]\n"
        f"put_off()\n"
        f"import {name} as early\n"
        f"assert early is sys.modules[{name!r}] and type(early).__name__ == '_Later'\n"
        f"assert early.__file__\n"
        f"import {name} as late\n"
        f"assert type(late).__name__ == 'module'\n"
        f"names = [n for n in dir(late) if n[0] != '_' and n not in {own!r}]\n"
        f"assert names and all(getattr(early, n) is getattr(late, n) for n in names)\n"
    )


@pytest.mark.parametrize(
    ("name", "function"), [(name, each) for name, known in ANSWERED.items() for each in known]
)
def test_what_is_answered_early_is_what_the_module_says(name: str, function: str) -> None:
    assert ANSWERED[name][function]() == getattr(import_module(name), function)()


def test_what_is_loaded_stays_and_parts_of_a_package_are_found() -> None:
    _holds(
        "for loaded in [m for m in sys.modules if m.partition('.')[0] in ('json', 'inspect')]:\n"
        "    del sys.modules[loaded]\n"
        "import shlex\n"
        "put_off()\n"
        "assert sys.modules['shlex'] is shlex\n"
        "import json.decoder\n"
        "assert issubclass(json.decoder.JSONDecodeError, ValueError)\n"
        "from inspect import getfullargspec\n"
        "assert getfullargspec(lambda one, *rest: one).args == ['one']\n"
    )


def test_threads_that_ask_at_once_get_one_module() -> None:
    _holds(
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from threading import Barrier\n"
        "sys.setswitchinterval(1e-6)\n"
        "for _ in range(20):\n"
        "    sys.modules.pop('difflib', None)\n"
        "    put_off()\n"
        "    import difflib\n"
        "    together = Barrier(4)\n"
        "    def ask(_):\n"
        "        together.wait()\n"
        "        return difflib.SequenceMatcher\n"
        "    with ThreadPoolExecutor(4) as pool:\n"
        "        assert len(set(pool.map(ask, range(4)))) == 1\n"
    )
