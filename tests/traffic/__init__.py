"""Real traffic that was not made for the service: shops' logs and the payloads of common trackers, from
../shared/data beside the checkout. What maps to an event of ours becomes one; the rest is sent as it is.
"""
