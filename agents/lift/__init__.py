"""The lift of recipes: compares persons who got a message with persons held back, from the topic `triggers.outcomes`.

outcome_topic.py  reads the topic
watches.py        keeps the first watch of each recipe and person in a span of time, and sums it by group
intervals.py      differences with their 95 % intervals; arithmetic only
figures.py        all figures as one document
sentences.py      the document in words
lift_page.py      the document as an HTML page

Source: docs/semantics-life.md, 15.
"""
