"""Follows `people.erased`, and erases what the states still keep of everybody in it: `erase --follow`. docs/privacy.md."""
