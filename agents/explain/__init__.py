"""Why somebody got a message, or did not: sources, timeline, words."""
