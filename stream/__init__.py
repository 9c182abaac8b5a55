"""Decides: a list of events in, triggers and decisions out. No clock, socket, environment or randomness.

    limits  durations  marked             bounds of what is read and kept; spans of time; lines of a YAML file
    events/                               from bytes to a typed event; how input comes to a stage
    recipes/                              a recipe, its conditions and ids; which recipes are in force when
    state/                                a visitor, its cart; a person; the facts between them
    outputs/                              triggers, decisions, and what a batch decided
    store/                                states by key, their changelog, their timers
    episodes/                             what a summary shows, guards, steps, an episode's life
    kinds/                                one file for each kind of trigger, and their registry
    native/                               the compiled part of the visitors stage
    stages/                               the stages, which apply events and facts to states
    recipes_file  recipes_limits          a recipes file, and its rules that no schema can express
    audiences_file  history_file          its audiences; a file of documents, each in force from a time on
    backtest                              all stages over a file of events
    connect/                              what storefront SDKs send, translated into events

A package imports only from those above it in this list. Source: docs/semantics.md.
"""
