"""Translators: from what storefronts already send to other services into our own events."""
