/* A person: its deadlines, its planned steps and its bounds, as stream/state/person.py, stream/state/trimming.py and
 * stream/episodes/steps.py say. What is rare is left to their functions. */
#ifndef STREAM_NATIVE_PERSONS_H
#define STREAM_NATIVE_PERSONS_H

#include "_shared.h"
#include "_person_slots.h"

/* Python's own functions for what is rare, in the order in which they are passed in. */
enum { DEADLINE, TRIM, PLAN, SUMMARIZE, REMEMBER, FINGERPRINT, FUNNEL, OPEN_IN_FUNNEL, BROWSE, CLOSE, VIEWED, SETTLE, TIDY,
       CHANGE, CANCEL, JOINED, PLACED,
       FUNCTIONS };
static PyObject *functions[FUNCTIONS];

/* The constants that this code shares with Python. `configure` compares each of them at import. */
#define NEVER (-1)
#define NO_ORDER (-2)
#define FEW 2
#define MOST_VISITORS 1000
#define MOST_CARTS 500
#define MOST_LINES 5000
#define MOST_ORDERS 1000
#define MOST_REMEMBERED 1000
#define MOST_OPEN 100
#define LARGEST_CARTS (1024 * 1024)
#define EMPTY_FOR (60LL * 24 * 3600 * 1000)
#define BOUGHT_FOR (14LL * 24 * 3600 * 1000)
#define BOUGHT_AFTER_ORDER (5LL * 60 * 1000)
#define CLOSED_AFTER_ORDER (24LL * 3600 * 1000)
#define AFTER_ADDING (24LL * 3600 * 1000)
#define DWELL 10000
#define LOOKED_AT 1000
#define DISTINCT 3
#define SAME_CATEGORY 3
#define OLD 1
#define OWN 2
#define LINED 4
#define CURRENCY 8

static const SharedConstant shared_constants[] = {
#define SHARED(name) {#name, name}
    SHARED(NEVER), SHARED(NO_ORDER), SHARED(FEW), SHARED(MOST_VISITORS), SHARED(MOST_CARTS),
    SHARED(MOST_LINES), SHARED(MOST_ORDERS), SHARED(MOST_REMEMBERED), SHARED(MOST_OPEN), SHARED(LARGEST_CARTS),
    SHARED(EMPTY_FOR), SHARED(BOUGHT_FOR), SHARED(BOUGHT_AFTER_ORDER), SHARED(CLOSED_AFTER_ORDER), SHARED(AFTER_ADDING),
    SHARED(DWELL), SHARED(LOOKED_AT), SHARED(DISTINCT), SHARED(SAME_CATEGORY),
    SHARED(OLD), SHARED(OWN), SHARED(LINED), SHARED(CURRENCY),
#undef SHARED
};
#define CONSTANTS ((int)(sizeof shared_constants / sizeof *shared_constants))

/* The kinds of episodes that are named here. */
enum { PAYMENT_KIND, CHECKOUT_KIND, CART_KIND, BROWSE_KIND, NAMED_KINDS };
static PyObject *kinds[NAMED_KINDS];

#define EACH(item, list) \
    PyObject *item, **item##_at = PySequence_Fast_ITEMS(list), **item##_end = item##_at + PyList_GET_SIZE(list); \
    item##_at < item##_end && (item = *item##_at, 1); item##_at++

/* Whether a person is only a visitor: neither a customer nor a contact. */
static int is_of_visitor(PyObject *person) {
    static const char head[] = "visitor:";
    for (Py_ssize_t i = 0; head[i]; i++)
        if (i >= PyUnicode_GET_LENGTH(person) || PyUnicode_READ_CHAR(person, i) != (Py_UCS4)head[i]) return 0;
    return 1;
}

static inline int is_shadow(PyObject *alias) { return begins_with(alias, '~', 1); }

/* An episode about something left behind, not about a customer's life. */
static inline int is_of_life(PyObject *episode) { return AT(episode, EPISODE_course) != Py_None; }

static int64_t wakes(PyObject *episode) {
    int64_t due = number(episode, EPISODE_due);
    return due != NEVER || !is_of_life(episode) ? due : number(AT(episode, EPISODE_course), COURSE_ends);
}

/* Person.deadline. -2 with an exception. */
static int64_t deadline_of(PyObject *person, int64_t keep) {
    if (AT(person, PERSON_in_time) != Py_None) {
        PyObject *kept = PyLong_FromLongLong(keep);
        PyObject *found = kept ? PyObject_CallFunctionObjArgs(functions[DEADLINE], person, kept, NULL) : NULL;
        Py_XDECREF(kept);
        int64_t time = found ? PyLong_AsLongLong(found) : -2;
        Py_XDECREF(found);
        return time;
    }
    int64_t remembered = number(person, PERSON_remembered), planned;
    int64_t first = (remembered == NEVER ? number(person, PERSON_applied) : remembered) + keep;
    PyObject *episodes = AT(person, PERSON_episodes);
    for (EACH(each, episodes))
        if (is_of_life(each) && is(each, EPISODE_open) && (planned = number(each, EPISODE_due)) > first &&
            !is_shadow(AT(each, EPISODE_recipe)))
            first = planned;
    for (EACH(each, episodes))
        if (is(each, EPISODE_open) && (planned = wakes(each)) != NEVER && planned < first) first = planned;
    PyObject *life = AT(person, PERSON_life);
    if (life != Py_None && (planned = number(life, LIFE_bound)) != NEVER && planned < first) first = planned;
    return first;
}

/* ---- planning ---- */

/* The last sign of any visitor (ms), and whether one of them is active. */
static int64_t anchor_of(PyObject *person, int *active) {
    int64_t latest = NEVER, last;
    Py_ssize_t at = 0;
    PyObject *id, *device;
    *active = 0;
    while (PyDict_Next(AT(person, PERSON_visitors), &at, &id, &device)) {
        if ((last = number(device, PERSON_VISITOR_last_active)) > latest) latest = last;
        *active |= is(device, PERSON_VISITOR_active);
    }
    return latest;
}

static int put_due(PyObject *episode, int64_t due) {
    return number(episode, EPISODE_due) == due ? 0 : put_slot_number(episode, EPISODE_due, due);
}

/* Plans the next step of an episode, as `steps.plan` does. */
static int plan(PyObject *person, PyObject *episode, PyObject *by_alias, int64_t anchor, int64_t now) {
    PyObject *recipe = PyDict_GetItemWithError(by_alias, AT(episode, EPISODE_recipe));
    if (!recipe && PyErr_Occurred()) return -1;
    PyObject *steps = recipe ? AT(recipe, RECIPE_steps) : NULL;
    int64_t step = number(episode, EPISODE_step), fired = number(episode, EPISODE_fired_step);
    if (!steps || step > PyTuple_GET_SIZE(steps)) return put_due(episode, now);
    int64_t offset = PyLong_AsLongLong(PyTuple_GET_ITEM(steps, step - 1)), due = anchor + offset;
    if (fired) {
        int64_t later = number(episode, EPISODE_fired_at) + offset - PyLong_AsLongLong(PyTuple_GET_ITEM(steps, fired - 1));
        if (later > due) due = later;
    }
    return put_due(episode, due > now ? due : now);
}

/* Plans all episodes, unless a visitor is active. */
static int plan_all(PyObject *person, PyObject *recipes, PyObject *by_alias, PyObject *fact, int64_t now) {
    int active;
    int64_t anchor = anchor_of(person, &active);
    if (active) return 0;
    if (AT(person, PERSON_in_time) != Py_None)
        return checked(PyObject_CallFunctionObjArgs(functions[PLAN], person, recipes, AT(fact, IDLE_FACT_at), NULL));
    for (EACH(each, AT(person, PERSON_episodes)))
        if (is(each, EPISODE_open) && !is_of_life(each) && plan(person, each, by_alias, anchor, now) < 0) return -1;
    return 0;
}

static int unplan(PyObject *person) {
    for (EACH(each, AT(person, PERSON_episodes)))
        if (!is_of_life(each) && put_due(each, NEVER) < 0) return -1;
    return 0;
}

/* ---- bounds ---- */

/* Whether a later visit's browse episode makes this one superfluous. */
static int has_later_visit(PyObject *episodes, PyObject *episode) {
    int64_t visit = number(episode, EPISODE_key_time);
    for (EACH(each, episodes))
        if (each != episode && same_str(AT(each, EPISODE_kind), kinds[BROWSE_KIND]) &&
            number(each, EPISODE_key_time) > visit && same_str(AT(each, EPISODE_origin), AT(episode, EPISODE_origin)) &&
            same_str(AT(each, EPISODE_recipe), AT(episode, EPISODE_recipe)))
            return 1;
    return 0;
}

static int has_old_browsing(PyObject *episodes) {
    for (EACH(each, episodes))
        if (!is(each, EPISODE_open) && same_str(AT(each, EPISODE_kind), kinds[BROWSE_KIND]) &&
            has_later_visit(episodes, each))
            return 1;
    return 0;
}

/* Whether a trigger of the episode may still be acted on. */
static int is_valid(PyObject *episode, int64_t now) {
    for (EACH(each, AT(episode, EPISODE_published)))
        if (number(each, PUBLISHED_valid_until) > now) return 1;
    return 0;
}

/* Drops the finished browse episodes of earlier visits, as trimming._trim_browsing does. */
static int drop_old_browsing(PyObject *person, int64_t now) {
    PyObject *episodes = AT(person, PERSON_episodes), *kept = PyList_New(0);
    if (!kept) return -1;
    for (EACH(each, episodes)) {
        int is_old = !is(each, EPISODE_open) && same_str(AT(each, EPISODE_kind), kinds[BROWSE_KIND]) &&
                     has_later_visit(episodes, each) && !is_valid(each, now);
        if (!is_old && PyList_Append(kept, each) < 0) return Py_DECREF(kept), -1;
    }
    Py_SETREF(AT(person, PERSON_episodes), kept);
    return 0;
}

/* Person.last_placed; NULL for none. */
static PyObject *last_placed(PyObject *person) {
    PyObject *last = NULL;
    for (EACH(order, AT(person, PERSON_orders)))
        if (!is(order, ORDER_recurring) && (!last || number(order, ORDER_at) > number(last, ORDER_at))) last = order;
    for (EACH(order, AT(person, PERSON_cancelled)))
        if (!last || number(order, ORDER_at) > number(last, ORDER_at)) last = order;
    return last;
}

/* Whether a known cart was empty long before the last order, or there are too many carts or lines. */
static int has_old_carts(PyObject *person, int64_t now) {
    PyObject *carts = AT(person, PERSON_carts), *id, *cart, *last;
    Py_ssize_t at = 0, lines = 0, held;
    int64_t changed;
    while (PyDict_Next(carts, &at, &id, &cart)) {
        lines += held = PyList_GET_SIZE(AT(cart, KNOWN_CART_lines));
        if (held || (changed = number(cart, KNOWN_CART_changed_at)) > now - EMPTY_FOR) continue;
        if ((last = last_placed(person)) && changed <= number(last, ORDER_at)) return 1;
    }
    return lines > MOST_LINES || PyDict_GET_SIZE(carts) > MOST_CARTS;
}

static int has_old_purchases(PyObject *bought, int64_t now) {
    Py_ssize_t at = 0, count = 0;
    PyObject *id, *lines;
    while (PyDict_Next(bought, &at, &id, &lines)) {
        count += PyList_GET_SIZE(lines);
        for (EACH(line, lines))
            if (number(line, BOUGHT_LINE_until) <= now) return 1;
    }
    return count > MOST_LINES || PyDict_GET_SIZE(bought) > MOST_CARTS;
}

/* Drops what exceeds the bounds. Python's `trimming.trim` drops all that is not an old visit's browse episode. */
static int trim(PyObject *person, PyObject *time, int64_t now) {
    PyObject *episodes = AT(person, PERSON_episodes);
    Py_ssize_t count = PyList_GET_SIZE(episodes);
    if (PyDict_GET_SIZE(AT(person, PERSON_visitors)) > MOST_VISITORS ||
        PyList_GET_SIZE(AT(person, PERSON_cancelled)) > MOST_ORDERS ||
        PyList_GET_SIZE(AT(person, PERSON_unpaid)) > MOST_ORDERS || has_old_purchases(AT(person, PERSON_bought), now) ||
        has_old_carts(person, now) || count > MOST_REMEMBERED)
        return checked(PyObject_CallFunctionObjArgs(functions[TRIM], person, time, NULL));
    return count > FEW && has_old_browsing(episodes) ? drop_old_browsing(person, now) : 0;
}

#endif
