"""Child processes: how they are started, confined, stopped, and which Python environment they run in."""
