"""Everything that registers with MiniStack or patches it, kept apart from what runs the jobs."""
