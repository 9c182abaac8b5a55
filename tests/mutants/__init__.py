"""Changes the code at random places, one at a time, and checks that a test fails. `make mutants SEED=1 N=160`.

sites.py       the places where code can be changed, and the changes
tuning.py      constants of which no change is drawn, because they only tune
covering.py    which tests run which lines
tree.py        copies of the repository, in which the changes are made
runs.py        runs tests in a fork, and says how they ended
asking.py      asks the tests about changes, on all processors
__main__.py    draws a sample, prints the survivors
"""
