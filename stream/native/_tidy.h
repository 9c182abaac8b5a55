/* life_facts.tidy: data that need not be kept any more. Python drops purchases, fired steps and life episodes. */
#ifndef STREAM_NATIVE_TIDY_H
#define STREAM_NATIVE_TIDY_H

#include "_persons.h"

/* Whether Python drops something at `now`. `remembers`: how long (ms) fired steps are kept. */
static int drops_more(PyObject *person, int64_t now, int64_t remembers, int replenishes) {
    PyObject *fired = AT(person, PERSON_fired), *life = AT(person, PERSON_life);
    if (PyList_GET_SIZE(fired) && number(PyList_GET_ITEM(fired, 0), FIRED_at) < now - remembers) return 1;
    if (life != Py_None && !replenishes && PyDict_GET_SIZE(AT(life, LIFE_purchases))) return 1;
    for (EACH(each, AT(person, PERSON_episodes)))
        if (is_of_life(each) && !is(each, EPISODE_open)) return 1;
    return 0;
}

/* Whether one of an episode's triggers can still be cancelled. */
static int is_cancellable(PyObject *episode, int64_t now) {
    for (EACH(sent, AT(episode, EPISODE_published)))
        if (number(sent, PUBLISHED_valid_until) > now) return 1;
    return 0;
}

/* Reduces a finished episode to its memory. */
static int reduce_episode(PyObject *episode, int64_t now) {
    if (is_cancellable(episode, now)) return 0;
    if (PyList_GET_SIZE(AT(episode, EPISODE_published))) {
        PyObject *none = PyList_New(0);
        if (!none) return -1;
        put_slot(episode, EPISODE_published, none);
        Py_DECREF(none);
    }
    if (number(episode, EPISODE_key_time) >= now) return 0;
    put_slot(episode, EPISODE_sub_kind, Py_None);
    put_slot(episode, EPISODE_looked_at, Py_None);
    put_slot(episode, EPISODE_opened_at, AT(episode, EPISODE_fed_at));
    return number(episode, EPISODE_fired_at) == NEVER ? 0 : put_slot_number(episode, EPISODE_fired_at, NEVER);
}

/* What `tidy` does where Python drops nothing. -1: raised. */
static int reduce_all(PyObject *person, int64_t now) {
    for (EACH(each, AT(person, PERSON_episodes)))
        if (!is(each, EPISODE_open) && reduce_episode(each, now) < 0) return -1;
    return 1;
}

/* 0: Python must do it. */
static int tidy(PyObject *person, int64_t now, int64_t remembers, int replenishes) {
    return drops_more(person, now, remembers, replenishes) ? 0 : reduce_all(person, now);
}

#endif
