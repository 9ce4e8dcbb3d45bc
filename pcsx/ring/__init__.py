"""Who is here, what was said, and what was decided: sessions, views, one order, the log, quorum."""
