"""Real traffic from other systems: shops' logs and the payloads of common trackers, in
../shared/data beside the checkout. Messages that map to our events are translated; the rest is sent unchanged.
"""
