"""A node: the machines of its brain, joined, and the requests it answers; `io` is their world."""
