"""Two recipes files over the same events: what each sends, and how they differ, as a page and as JSON.

side.py          one file of recipes over the events: what was sent, what was held back
differences.py   the two sides, trigger by trigger and person by person
recipes_text.py  the two recipes files in words; recipe_text.py: one recipe
examples.py      the outcomes of some triggers on either side, in the words of `explain`
report.py        all of it as one document
page.py          the document as one HTML page; plots.py draws in it, page_parts.py has what other pages share
trial.py         all of it over the last hours of the log, as a process of its own
"""
