"""The requests of messaging services: one file a service, with its address, its limits and its request. Nothing here sends.

`registry.py` lists the services. `preset.py` is their base class. `notification.py` holds what all of them send of a
trigger or a cancel. `webhook.py` is the signed webhook.
"""
