"""One module a noun; each has a click command named `command`, imported when it is called."""
