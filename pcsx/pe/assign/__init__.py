"""Which node for what, and in which role: from scores to `Resource.assigned` and `next_role`.

`prepare.prepare_scores` brings locations, stickiness and bans into the tables; `order.assign_all`
then assigns everything. Each kind of resource has its own room, reached through `dispatch`.
"""
