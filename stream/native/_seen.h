/* What counts of an idle visitor's summary, as stream/episodes/visible_summary.py says. */
#ifndef STREAM_NATIVE_SEEN_H
#define STREAM_NATIVE_SEEN_H

#include "_persons.h"

/* A VisibleSummary. All objects are borrowed from the person or the fact but those that are named as owned. `whole`: all
 * lines count; otherwise none does. */
typedef struct {
    PyObject *person, *fact, *summary, *cart, *cart_lines;
    PyObject *id;       /* of the cart */
    PyObject *checkout; /* Py_None: none counts */
    PyObject *last;     /* the last order that was placed, NULL for none */
    PyObject *known;    /* the cart as it was known before, NULL for none */
    PyObject *contents, *given_contents, *held; /* owned; `held` NULL: the same lines as `known` has */
    PyObject *evidence; /* owned, NULL until it is asked for */
    PyObject *as_python; /* owned: the VisibleSummary itself, NULL until it is asked for */
    int64_t at, ordered_at, changed_at;
    int whole, old, stale;
} Seen;

static PyObject *no_lines, *no_text, *no_arguments; /* an empty list that nobody changes, "" and () */

static void drop_seen(Seen *s) {
    Py_CLEAR(s->contents);
    Py_CLEAR(s->given_contents);
    Py_CLEAR(s->held);
    Py_CLEAR(s->evidence);
    Py_CLEAR(s->as_python);
}

/* Finds the lines and the checkout that count. Returns 0 if only some lines do, or if bought lines must be told from
 * others: Python finds them then. */
static int count_parts(Seen *s) {
    PyObject *lines = s->cart_lines, *checkout = AT(s->summary, SUMMARY_checkout);
    Py_ssize_t given = PyList_GET_SIZE(lines), later = 0;
    s->checkout = checkout;
    if (!s->last) {
        s->whole = 1;
        s->old = !given && s->changed_at == NEVER && checkout == Py_None;
        return 1;
    }
    int by_hand = 1;
    for (EACH(line, lines))
        if (number(line, LINE_since) > s->ordered_at) {
            later++;
            by_hand &= is(line, LINE_added);
        }
    if (!by_hand && PyDict_GetItem(AT(s->person, PERSON_bought), s->id)) return 0;
    if (later && later != given) return 0;
    s->old = given ? !later : s->changed_at <= s->ordered_at;
    if (checkout != Py_None) {
        int64_t started = number(checkout, CHECKOUT_started_at);
        int without = !given || (s->old && !is(checkout, CHECKOUT_failed));
        if (started <= s->ordered_at || (without && started - s->ordered_at < CLOSED_AFTER_ORDER)) s->checkout = Py_None;
    }
    s->whole = later == given;
    if (s->checkout != Py_None && !later) {
        s->whole = 1;
        s->old = 0;
    }
    return 1;
}

static int same_line(PyObject *line, PyObject *held) {
    return PyTuple_GET_SIZE(held) == 4 && same_str(AT(line, LINE_product_id), PyTuple_GET_ITEM(held, 0)) &&
           same_str(AT(line, LINE_variant_id), PyTuple_GET_ITEM(held, 1)) &&
           PyFloat_AsDouble(AT(line, LINE_quantity)) == PyFloat_AsDouble(PyTuple_GET_ITEM(held, 2)) &&
           number(line, LINE_since) == PyLong_AsLongLong(PyTuple_GET_ITEM(held, 3));
}

static int has_same_lines(Seen *s) {
    PyObject *held = s->known ? AT(s->known, KNOWN_CART_lines) : NULL;
    Py_ssize_t count = PyList_GET_SIZE(s->cart_lines);
    if (!held || !count || PyList_GET_SIZE(held) != count) return 0;
    for (Py_ssize_t i = 0; i < count; i++)
        if (!same_line(PyList_GET_ITEM(s->cart_lines, i), PyList_GET_ITEM(held, i))) return 0;
    return 1;
}

static PyObject *hold_lines(PyObject *lines) {
    Py_ssize_t count = PyList_GET_SIZE(lines);
    PyObject *held = PyList_New(count);
    for (Py_ssize_t i = 0; held && i < count; i++) {
        PyObject *line = PyList_GET_ITEM(lines, i);
        PyObject *row = PyTuple_Pack(4, AT(line, LINE_product_id), AT(line, LINE_variant_id), AT(line, LINE_quantity),
                                     AT(line, LINE_since));
        if (row) PyList_SET_ITEM(held, i, row);
        else Py_CLEAR(held);
    }
    return held;
}

static PyObject *fingerprint(PyObject *lines) {
    if (!PyList_GET_SIZE(lines)) return Py_NewRef(no_text);
    return PyObject_CallFunctionObjArgs(functions[FINGERPRINT], lines, NULL);
}

/* Fills a Seen. Returns 1, 0 if Python must do it, -1 with an exception. */
static int see(Seen *s, PyObject *person, PyObject *fact) {
    memset(s, 0, sizeof *s);
    s->person = person;
    s->fact = fact;
    s->summary = AT(fact, IDLE_FACT_summary);
    s->cart = AT(s->summary, SUMMARY_cart);
    s->cart_lines = AT(s->cart, CART_lines);
    s->id = AT(s->cart, CART_id);
    s->at = number(fact, IDLE_FACT_at);
    s->changed_at = number(s->cart, CART_changed_at);
    s->last = last_placed(person);
    s->ordered_at = s->last ? number(s->last, ORDER_at) : NO_ORDER;
    if (!count_parts(s)) return 0;
    s->known = PyDict_GetItemWithError(AT(person, PERSON_carts), s->id);
    if (has_same_lines(s)) s->given_contents = Py_NewRef(AT(s->known, KNOWN_CART_contents));
    else if (!(s->given_contents = fingerprint(s->cart_lines)) || !(s->held = hold_lines(s->cart_lines))) return -1;
    s->contents = Py_NewRef(s->whole ? s->given_contents : no_text);
    if (s->known) {
        int64_t before = number(s->known, KNOWN_CART_changed_at);
        s->stale = before > s->ordered_at && s->changed_at < before &&
                   !same_str(s->given_contents, AT(s->known, KNOWN_CART_contents));
    }
    return 1;
}

static int counts_lines(const Seen *s) { return s->whole && PyList_GET_SIZE(s->cart_lines); }

/* The ids of all events behind the summary, borrowed. */
static PyObject *evidence_of(Seen *s) {
    if (s->evidence) return s->evidence;
    PyObject *views = AT(s->summary, SUMMARY_views), *others = AT(s->summary, SUMMARY_evidence);
    Py_ssize_t viewed = PyList_GET_SIZE(views), count = PyList_GET_SIZE(others);
    PyObject *found = PyList_New(viewed + count);
    for (Py_ssize_t i = 0; found && i < viewed + count; i++)
        PyList_SET_ITEM(found, i, Py_NewRef(i < viewed ? AT(PyList_GET_ITEM(views, i), VIEW_event)
                                                       : PyList_GET_ITEM(others, i - viewed)));
    return s->evidence = found;
}

/* The VisibleSummary itself, for what Python does; borrowed. */
static PyObject *as_python(Seen *s) {
    if (s->as_python) return s->as_python;
    PyTypeObject *type = (PyTypeObject *)types[SEEN];
    PyObject *found = type->tp_new(type, no_arguments, NULL);
    if (!found) return NULL;
    put_slot(found, SEEN__summary, s->summary);
    put_slot(found, SEEN__evidence, s->evidence ? s->evidence : Py_None);
    put_slot(found, SEEN_cart, s->cart);
    put_slot(found, SEEN_checkout, s->checkout);
    put_slot(found, SEEN_contents, s->contents);
    put_slot(found, SEEN_given_contents, s->given_contents);
    put_slot(found, SEEN_held, s->held ? s->held : AT(s->known, KNOWN_CART_lines));
    put_slot(found, SEEN_last, s->last ? s->last : Py_None);
    put_slot(found, SEEN_lines, s->whole ? s->cart_lines : no_lines);
    put_slot(found, SEEN_old, s->old ? Py_True : Py_False);
    put_slot(found, SEEN_stale, s->stale ? Py_True : Py_False);
    return s->as_python = found;
}

/* Calls one of Python's functions. An argument that could not be made is NULL, with an exception. */
static int call(int function, PyObject *const *given, int count) {
    for (int i = 0; i < count; i++)
        if (!given[i]) return -1;
    return checked(PyObject_Vectorcall(functions[function], given, count, NULL));
}

#define COUNT_OF(...) ((int)(sizeof((PyObject *[]){__VA_ARGS__}) / sizeof(PyObject *)))
#define CALL(function, ...) call(function, (PyObject *[]){__VA_ARGS__}, COUNT_OF(__VA_ARGS__))

/* ---- remembering ---- */

static int is_shown(PyObject *bought, PyObject *lines) {
    for (EACH(line, lines))
        if (same_str(AT(line, LINE_product_id), AT(bought, BOUGHT_LINE_product_id)) &&
            same_str(AT(line, LINE_variant_id), AT(bought, BOUGHT_LINE_variant_id)) &&
            PyFloat_AsDouble(AT(line, LINE_quantity)) == PyFloat_AsDouble(AT(bought, BOUGHT_LINE_quantity)))
            return 1;
    return 0;
}

/* Keeps the bought lines that the summary shows for 14 days from now. */
static int show(PyObject *bought, Seen *s) {
    for (EACH(line, bought))
        if (s->at < number(line, BOUGHT_LINE_until) && is_shown(line, s->cart_lines) &&
            put_slot_number(line, BOUGHT_LINE_until, s->at + BOUGHT_FOR) < 0)
            return -1;
    return 0;
}

/* Whether a summary after an order changes which lines were bought. */
static int changes_bought(Seen *s, PyObject *bought) {
    if (s->stale || !s->last) return 0;
    if (s->old && PyList_GET_SIZE(s->cart_lines)) return 1;
    if (!bought || s->changed_at <= s->ordered_at + BOUGHT_AFTER_ORDER) return 0;
    for (EACH(line, s->cart_lines))
        if (is(line, LINE_added)) return 0;
    return 1;
}

/* Updates what is known of a summary's cart, as `visible_summary.remember` does. */
static int remember(Seen *s) {
    PyObject *bought = PyDict_GetItemWithError(AT(s->person, PERSON_bought), s->id);
    if (changes_bought(s, bought)) return CALL(REMEMBER, s->person, as_python(s), AT(s->fact, IDLE_FACT_at));
    if (bought && PyList_GET_SIZE(s->cart_lines) && show(bought, s) < 0) return -1;
    if (!s->known) {
        PyObject *given[] = {AT(s->cart, CART_changed_at), s->given_contents, s->held};
        PyObject *cart = PyObject_Vectorcall(types[KNOWN_CART], given, 3, NULL);
        int done = cart ? PyDict_SetItem(AT(s->person, PERSON_carts), s->id, cart) : -1;
        Py_XDECREF(cart);
        return done;
    }
    if (s->changed_at < number(s->known, KNOWN_CART_changed_at)) return 0;
    put_slot(s->known, KNOWN_CART_changed_at, AT(s->cart, CART_changed_at));
    put_slot(s->known, KNOWN_CART_contents, s->given_contents);
    if (s->held) put_slot(s->known, KNOWN_CART_lines, s->held);
    return 0;
}

#endif
