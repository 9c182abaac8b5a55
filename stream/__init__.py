"""Decides: a list of events in, triggers and decisions out. No clock, socket, environment or randomness.

    limits  durations  marked             bounds of states; durations; lines of a YAML file
    events/                               decodes bytes into typed events
    recipes/                              a recipe, its conditions and ids; the recipes in force at a time
    state/                                the states of visitors, keys and persons; facts and claims between stages
    outputs/                              triggers, decisions, and all outputs of a batch
    native/                               compiled parts of the stages and of store/; each is also there in Python
    store/                                states by key, their changelog, their timers
    episodes/                             opens, plans, decides and closes episodes; guards
    kinds/                                one file for each kind of trigger, and their registry
    stages/                               the stages, which apply events and facts to states
    recipes_file  recipes_lines           reads a recipes file; its text, and its faults by line
    recipes_faults  recipes_limits        all faults of a document; its rules that no schema can express
    audiences_file  history_file          its audiences; a file of documents, each in force from a time on
    backtest                              runs all stages over a file of events
    connect/                              translates messages of storefront SDKs and shops into events

Three places to know:

    When does a cart reminder fire?       kinds/cart_abandonment.py and funnel.py open its episode,
                                          episodes/steps.py plans and decides it, episodes/guards.py may hold it back
    What makes a new kind of trigger?     a file in kinds/, a schema in schemas/kinds/, a line in kinds/registry.py
    Where does state become durable?      not here: store/ packs it, agents/worker/checkpoint.py writes it

A package imports only from those above it in this list. Source: docs/semantics.md.
"""
