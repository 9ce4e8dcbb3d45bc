"""What resource and fence agents are: names, metadata, invocations, outcomes, and where they are."""
