"""What the service costs, on a real broker of this machine: `python -m tests.bench PART`.

CPU is what the operating system accounted to a process, all threads, between two moments of its steady
state, over the events that the process says it processed between them. Everything is measured in rounds,
one subject after the other in each, and the median of the rounds is told: machines drift, ratios hold.
"""
