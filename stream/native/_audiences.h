/* The audiences of a person: which facts change none of them, and when they change next, as stream/kinds/membership.py and
 * stream/recipes/audiences.py say. A person with consents or many orders is left to Python. */
#ifndef STREAM_NATIVE_AUDIENCES_H
#define STREAM_NATIVE_AUDIENCES_H

#include "_changes.h"
#include "_looks.h"

#define NEVER_CHANGES (1LL << 62)
#define ADDED 2 /* values added here: the sum of two is rounded once, as by fsum */

/* `Audiences.prepared`, all borrowed. Bits are those of conditions. A condition on time is (its ends, their bits). */
typedef struct {
    PyObject *categories, *products;       /* the name under which each is remembered */
    PyObject *counted, *known;             /* by numbers their bits; by bits their audiences */
    PyObject *open, *viewed, *bought;      /* by kind the bits; by name a condition on time */
    PyObject *since_visit, *since_order;   /* conditions on time, or None */
    PyObject *rows;                        /* audience_changes.fixed; None: Python publishes */
    long long reachable, unreachable;
} Audiences;

/* Reads `Audiences.prepared`. Returns 0 for None: Python looks. */
static int read_audiences(Audiences *found, PyObject *given) {
    if (given == Py_None) return 0;
    return PyArg_ParseTuple(given, "O!O!O!O!O!O!O!OOLL", &PyDict_Type, &found->categories, &PyDict_Type, &found->products,
                            &PyDict_Type, &found->counted, &PyDict_Type, &found->known, &PyDict_Type, &found->open,
                            &PyDict_Type, &found->viewed, &PyDict_Type, &found->bought, &found->since_visit,
                            &found->since_order, &found->reachable, &found->unreachable)
               ? 1 : -1;
}

/* membership.keeps_audiences: whether an active fact changes none of the person's audiences. Call it before it is applied. */
static int keeps_audiences(PyObject *person, PyObject *device, PyObject *fact, int64_t at, int64_t near) {
    if (AT(person, PERSON_life) == Py_None || begins_with(AT(fact, IDLE_FACT_visitor), '~', 1)) return 0;
    int64_t last = number(device, PERSON_VISITOR_last_active);
    return is(device, PERSON_VISITOR_active) || (last > NEVER && last > at - near);
}

/* ---- views ---- */

/* Whether an audience names all that is remembered. If not, membership.forget_names drops some of it. */
static int are_named(const Audiences *audiences, PyObject *interests) {
    Py_ssize_t place = 0;
    PyObject *name, *interest;
    while (PyDict_Next(interests, &place, &name, &interest)) {
        int named = PyDict_Contains(audiences->viewed, name);
        if (!named) named = PyDict_Contains(audiences->bought, name);
        if (named <= 0) return named;
    }
    return 1;
}

/* membership._interest, borrowed. NULL without an exception if Python must make it. */
static PyObject *interest_of(const Audiences *audiences, PyObject *interests, PyObject *name) {
    PyObject *found = PyDict_GetItemWithError(interests, name);
    if (found || PyErr_Occurred() || are_named(audiences, interests) <= 0) return found;
    if (!(found = PyObject_CallNoArgs(types[INTEREST]))) return NULL;
    int done = PyDict_SetItem(interests, name, found);
    Py_DECREF(found);
    return done < 0 ? NULL : found;
}

/* Notes a view under one name. Returns 0 if Python must note it. */
static int note_view(const Audiences *audiences, PyObject *interests, PyObject *names, PyObject *of, PyObject *view) {
    PyObject *name = PyDict_GetItemWithError(names, of);
    if (!name) return PyErr_Occurred() ? -1 : 1;
    PyObject *interest = interests ? interest_of(audiences, interests, name) : NULL;
    if (!interest) return PyErr_Occurred() ? -1 : 0;
    if (number(view, VIEW_at) > number(interest, INTEREST_viewed)) put_slot(interest, INTEREST_viewed, AT(view, VIEW_at));
    return 1;
}

/* membership.viewed. Returns 0 if Python must note the views, all of them again. */
static int note_views(const Audiences *audiences, PyObject *person, PyObject *summary) {
    PyObject *life = AT(person, PERSON_life), *interests = life == Py_None ? NULL : AT(life, LIFE_interests);
    for (EACH(view, AT(summary, SUMMARY_views))) {
        int done = note_view(audiences, interests, audiences->categories, AT(view, VIEW_category), view);
        if (done > 0) done = note_view(audiences, interests, audiences->products, AT(view, VIEW_id), view);
        if (done <= 0) return done;
    }
    return 1;
}

/* ---- conditions ---- */

/* TimeCuts.over_time: adds the bits that hold at `now`, and brings `changes` forward. */
static void over_time(PyObject *condition, int64_t since, int64_t now, int64_t *bits, int64_t *changes) {
    PyObject *ends = PyTuple_GET_ITEM(condition, 0);
    Py_ssize_t place = 0;
    int64_t end;
    while ((end = PyLong_AsLongLong(PyTuple_GET_ITEM(ends, place))) <= now - since) place++;
    *bits |= PyLong_AsLongLong(PyTuple_GET_ITEM(PyTuple_GET_ITEM(condition, 1), place));
    if (end != NEVER_CHANGES && since + end < *changes) *changes = since + end;
}

static int is_reachable(PyObject *person) {
    PyObject *contacts = AT(person, PERSON_contacts), *id = AT(person, PERSON_id);
    if (contacts != Py_None) return PyList_GET_SIZE(contacts) > 0;
    const char *text = PyUnicode_AsUTF8(id);
    return text && (!strncmp(text, "customer:", 9) || !strncmp(text, "email:", 6) || !strncmp(text, "phone:", 6));
}

/* Person.spent, a new reference. NULL without an exception if Python must add it up. */
static PyObject *spent_of(PyObject *person) {
    PyObject *kept = AT(AT(person, PERSON_life), LIFE_spent), *traits = AT(person, PERSON_traits_value);
    double sum = PyFloat_AsDouble(kept);
    int added = sum != 0;
    for (EACH(order, AT(person, PERSON_orders))) {
        if (AT(order, ORDER_value) == Py_None) continue;
        if (++added > ADDED) return NULL;
        sum += PyFloat_AsDouble(AT(order, ORDER_value));
    }
    return sum > PyFloat_AsDouble(traits) ? PyFloat_FromDouble(sum) : Py_NewRef(traits);
}

/* The bits of the conditions on visits, orders and spending. -2 if they were not counted yet. */
static int64_t count_bits(const Audiences *audiences, PyObject *person, int64_t visits) {
    int64_t orders = PyList_GET_SIZE(AT(person, PERSON_orders)), traits = number(person, PERSON_traits_orders);
    PyObject *spent = spent_of(person);
    if (!spent) return -2;
    PyObject *numbers = Py_BuildValue("LLN", (long long)visits, (long long)(orders > traits ? orders : traits), spent);
    PyObject *bits = numbers ? PyDict_GetItemWithError(audiences->counted, numbers) : NULL;
    Py_XDECREF(numbers);
    return bits ? PyLong_AsLongLong(bits) : -2;
}

/* The latest day of an order (ms), NEVER if there is none. */
static int64_t last_day(PyObject *person) {
    int64_t latest = NEVER, day;
    for (EACH(order, AT(person, PERSON_orders))) {
        if ((day = number(order, ORDER_day)) == NEVER) day = number(order, ORDER_at);
        if (day > latest) latest = day;
    }
    return latest;
}

static int64_t interest_bits(const Audiences *audiences, PyObject *interests, int64_t now, int64_t *changes) {
    int64_t bits = 0, last;
    Py_ssize_t place = 0;
    PyObject *name, *interest, *condition;
    while (PyDict_Next(interests, &place, &name, &interest)) {
        if ((last = number(interest, INTEREST_viewed)) != NEVER &&
            (condition = PyDict_GetItemWithError(audiences->viewed, name)))
            over_time(condition, last, now, &bits, changes);
        if ((last = number(interest, INTEREST_bought)) != NEVER &&
            (condition = PyDict_GetItemWithError(audiences->bought, name)))
            over_time(condition, last, now, &bits, changes);
    }
    return bits;
}

/* membership.fulfilled. -2 if Python must find it. */
static int64_t fulfilled(const Audiences *audiences, PyObject *person, int64_t now, int64_t *changes) {
    int64_t anchor = NEVER, visits = 0, last, bits, more;
    int active = 0;
    Py_ssize_t place = 0;
    PyObject *id, *device, *kind;
    while (PyDict_Next(AT(person, PERSON_visitors), &place, &id, &device)) {
        visits += number(device, PERSON_VISITOR_visits);
        if (begins_with(id, '~', 1)) continue;
        active |= is(device, PERSON_VISITOR_active);
        if ((last = number(device, PERSON_VISITOR_last_active)) > anchor) anchor = last;
    }
    if ((bits = count_bits(audiences, person, visits)) < 0) return bits;
    *changes = NEVER_CHANGES;
    if (anchor != NEVER && audiences->since_visit != Py_None) {
        int64_t none = 0;
        over_time(audiences->since_visit, active ? now : anchor, now, &bits, active ? &none : changes);
    }
    if (audiences->since_order != Py_None && (last = last_day(person)) != NEVER)
        over_time(audiences->since_order, last, now, &bits, changes);
    bits |= is_reachable(person) ? audiences->reachable : audiences->unreachable;
    for (EACH(episode, AT(person, PERSON_episodes)))
        if (is(episode, EPISODE_open) && (kind = PyDict_GetItemWithError(audiences->open, AT(episode, EPISODE_kind))) &&
            !is_shadow(AT(episode, EPISODE_recipe)))
            bits |= PyLong_AsLongLong(kind);
    more = interest_bits(audiences, AT(AT(person, PERSON_life), LIFE_interests), now, changes);
    return PyErr_Occurred() ? -2 : bits | more;
}

/* ---- the look ---- */

/* Whether the person belongs to these audiences and no others. `names`: a frozenset. */
static int belongs_to(PyObject *life, PyObject *names) {
    Py_ssize_t place = 0;
    PyObject *name, *entered;
    if (PyDict_GET_SIZE(AT(life, LIFE_audiences)) != PySet_GET_SIZE(names)) return 0;
    while (PyDict_Next(AT(life, LIFE_audiences), &place, &name, &entered))
        if (PySet_Contains(names, name) <= 0) return 0;
    return 1;
}

/* membership.look. Returns 0 if Python must look. */
static int look(const Audiences *audiences, PyObject *person, PyObject *at, PyObject *recipes, PyObject *out) {
    PyObject *life = AT(person, PERSON_life);
    int64_t changes;
    if (life == Py_None || is(person, PERSON_left) || PyDict_GET_SIZE(AT(person, PERSON_consent))) return 0;
    int64_t bits = fulfilled(audiences, person, PyLong_AsLongLong(at), &changes);
    if (bits < 0) return PyErr_Occurred() ? -1 : 0;
    PyObject *key = PyLong_FromLongLong(bits), *found = key ? PyDict_GetItemWithError(audiences->known, key) : NULL;
    Py_XDECREF(key);
    if (!found) return PyErr_Occurred() ? -1 : 0;
    PyObject *belongs = PyTuple_GET_ITEM(found, 0), *names = PyTuple_GET_ITEM(found, 1);
    if (!belongs_to(life, names)) {
        Py_INCREF(found);
        int done = change(audiences->rows, person, belongs, names, at, out);
        if (done == 0) done = CALL(CHANGE, person, belongs, names, at, recipes, out, Py_None);
        Py_DECREF(found);
        if (done < 0) return -1;
    }
    if (changes == NEVER_CHANGES) changes = NEVER;
    if (number(life, LIFE_bound) != changes && put_slot_number(life, LIFE_bound, changes) < 0) return -1;
    return 1;
}

#endif
