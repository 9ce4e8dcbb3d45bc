"""Edits: from one document to the next, one file a family, in the words of commands."""
