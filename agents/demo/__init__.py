"""The demo: runs the whole service on this machine, in about 80 seconds."""
