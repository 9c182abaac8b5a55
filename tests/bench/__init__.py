"""What the service costs, on a real broker of this machine: `python -m tests.bench PART`.

CPU is the time the operating system accounted to all threads of a process between two moments of its steady
state, divided by the events it reports as processed between them. Everything is measured in rounds,
one subject after the other, and the median of the rounds is shown: machines drift, ratios hold.
"""
