"""What must be done: the actions of resources and nodes, and what their roles, failures, probes,
migrations, notifications, fencing and remote nodes ask for.

Actions are made optional or required; orders between them (`constraints/`) may still change that.
"""
