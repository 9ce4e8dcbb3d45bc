"""The rooms with a window: sockets, processes, clocks, disk; `daemon.main` alone imports them."""
