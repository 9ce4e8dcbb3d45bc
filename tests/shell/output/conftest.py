"""Fixtures of the tests of output."""

from tests.shell.support import shell

__all__ = ["shell"]
