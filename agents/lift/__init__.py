"""What recipes brought: who got a message against who was held back, of the records of `triggers.outcomes`.

intervals.py      differences with their 95 % intervals; nothing but arithmetic
outcome_topic.py  reads the topic
watches.py        of each recipe and person the first watch in the time looked at, summed by group
figures.py        all of it as one document
sentences.py      what the document says, in words
lift_page.py      the document as one HTML page

Source: docs/semantics-life.md, 15.
"""
