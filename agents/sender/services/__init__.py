"""Builds the requests of messaging services: a file for each service, with its address, limits and request.

`registry.py` lists the services. `preset.py` is their base class. `notification.py` has the properties that all of
them send. `webhook.py` is the signed webhook.
"""
