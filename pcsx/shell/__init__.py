"""The administrator's side: commands, the prompt, both dialects, and what they print."""
