"""A whole cluster on one machine, to be looked at while a node dies: `pcsx demo`."""
