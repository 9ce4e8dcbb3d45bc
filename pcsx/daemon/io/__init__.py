"""The only rooms with a window: sockets, processes, clocks, disk. Imported by `daemon.main` alone."""
