"""The commands: one file for each, with its arguments and its exit status."""
