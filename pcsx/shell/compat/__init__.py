"""Old names that agents and other programs call: each is a few lines that ask the daemon.

The daemon makes the names (`daemon/io/compat.py`); `launcher.py` is what runs behind them.
"""
