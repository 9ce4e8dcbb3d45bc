"""Random input: both dialects beside the programs they come from, and things that are no input."""
