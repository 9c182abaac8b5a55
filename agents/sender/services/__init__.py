"""The requests of messaging services: one file a service, each with its address, its limits and its shapes.

`registry.py` lists them; `notification.py` is what all of them say of a trigger or a cancel; `preset.py` is
what a file must give. Pure: nothing here sends.
"""
