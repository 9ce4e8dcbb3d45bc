"""pcsx as it is for those who install it: a copy of the package in an environment of its own.

The checkout's environment finds the package by a hook that is run at each start of Python; what
that costs is not what commands cost.
"""

from __future__ import annotations

import compileall
import shutil
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Final

import pcsx

SCRIPT: Final = """#!{python}
# -*- coding: utf-8 -*-
import re
import sys
from pcsx.__main__ import main
if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])
    sys.exit(main())
"""
"""What pip writes for a console script."""


def install(place: Path) -> str:
    """Install the package in *place*, with the dependencies of this one; return the program."""
    venv.create(place, symlinks=True, with_pip=False)
    site = next((place / "lib").glob("python*")) / "site-packages"
    package = Path(pcsx.__file__).parent
    shutil.copytree(package, site / "pcsx", ignore=shutil.ignore_patterns("__pycache__"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    compileall.compile_dir(site / "pcsx", quiet=1)
    program = place / "bin" / "pcsx"
    program.write_text(SCRIPT.format(python=place / "bin" / Path(sys.executable).name))
    program.chmod(0o755)
    return str(program)
