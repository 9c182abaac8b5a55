/* An order that reaches its person, as stream/episodes/orders.py says: it enters the record, its lines count as bought, and
 * it ends the episodes that were fed before it. Python takes one that is recurring or repeated, and those of persons with
 * watches or life episodes. */
#ifndef STREAM_NATIVE_ORDERS_H
#define STREAM_NATIVE_ORDERS_H

#include "_looks.h"

static int is_among(PyObject *orders, PyObject *id) {
    for (EACH(each, orders))
        if (same_str(AT(each, ORDER_id), id)) return 1;
    return 0;
}

/* The lines that are bought under the order's cart, borrowed; NULL: it names none, or none is bought, or raised. */
static PyObject *bought_under(PyObject *person, PyObject *fact) {
    PyObject *cart_id = AT(fact, ORDERED_FACT_cart_id);
    return cart_id == Py_None ? NULL : PyDict_GetItemWithError(AT(person, PERSON_bought), cart_id);
}

/* Whether Python must apply such an order, whosever it is. */
static int is_odd_order(PyObject *fact) {
    return is(fact, ORDERED_FACT_recurring) || AT(fact, ORDERED_FACT_whole) == Py_None;
}

/* Whether Python must apply the order because of what the person has. A new person has nothing. */
static int is_rare_order(PyObject *person, PyObject *fact) {
    PyObject *orders = AT(person, PERSON_orders), *id = AT(fact, ORDERED_FACT_order_id);
    if (AT(person, PERSON_in_time) != Py_None) return 1;
    if (PyList_GET_SIZE(orders) >= MOST_ORDERS || is_among(orders, id)) return 1;
    for (EACH(each, AT(person, PERSON_episodes)))
        if (is_of_life(each)) return 1;
    return 0;
}

/* ---- the record ---- */

/* Whether the order may open episodes for this person. */
static int is_own_order(PyObject *person, PyObject *whole) {
    PyObject *whose = AT(whole, WHOLE_ORDER_whose), *id = AT(person, PERSON_id);
    if (is_of_visitor(id) || is(person, PERSON_left)) return 0;
    return same_str(whose, id) || (is_of_visitor(whose) && !is(whole, WHOLE_ORDER_withheld));
}

static int enter(PyObject *person, PyObject *fact) {
    PyObject *whole = AT(fact, ORDERED_FACT_whole);
    long marks = is_own_order(person, whole) ? OWN : 0;
    if (is(whole, WHOLE_ORDER_old)) marks |= OLD;
    if (PyList_GET_SIZE(AT(whole, WHOLE_ORDER_lines))) marks |= LINED;
    if (AT(whole, WHOLE_ORDER_currency) != Py_None) marks |= CURRENCY;
    PyObject *found = PyLong_FromLong(marks);
    PyObject *given[] = {AT(fact, ORDERED_FACT_order_id), AT(fact, IDLE_FACT_at), Py_False, Py_None,
                         AT(whole, WHOLE_ORDER_value), AT(whole, WHOLE_ORDER_day), found};
    PyObject *entry = found ? PyObject_Vectorcall(types[ORDER], given, 7, NULL) : NULL;
    int done = entry ? PyList_Append(AT(person, PERSON_orders), entry) : -1;
    Py_XDECREF(found);
    Py_XDECREF(entry);
    return done;
}

/* ---- bought lines ---- */

/* Appends a line (product, variant, quantity, …) of the contents of a cart. */
static int buy_line(PyObject *bought, PyObject *content, PyObject *fact, PyObject *until) {
    PyObject *given[] = {PyTuple_GET_ITEM(content, 0), PyTuple_GET_ITEM(content, 1), PyTuple_GET_ITEM(content, 2),
                         AT(fact, ORDERED_FACT_order_id), AT(fact, IDLE_FACT_at), until};
    PyObject *line = PyObject_Vectorcall(types[BOUGHT_LINE], given, 6, NULL);
    int done = line ? PyList_Append(bought, line) : -1;
    Py_XDECREF(line);
    return done;
}

/* Appends the lines that the order buys: its own, or those that its cart had up to 5 minutes after it. */
static int buy_lines(PyObject *bought, PyObject *person, PyObject *fact, int64_t at) {
    PyObject *contents = AT(fact, ORDERED_FACT_contents), *cart = NULL;
    if (contents == Py_None) {
        cart = PyDict_GetItemWithError(AT(person, PERSON_carts), AT(fact, ORDERED_FACT_cart_id));
        if (!cart) return PyErr_Occurred() ? -1 : 0;
        contents = AT(cart, KNOWN_CART_lines);
    }
    PyObject *until = PyLong_FromLongLong(at + BOUGHT_FOR);
    int done = until ? 0 : -1;
    for (Py_ssize_t i = 0; done == 0 && i < PyList_GET_SIZE(contents); i++) {
        PyObject *content = PyList_GET_ITEM(contents, i);
        if (cart && PyLong_AsLongLong(PyTuple_GET_ITEM(content, 3)) > at + BOUGHT_AFTER_ORDER) continue;
        done = buy_line(bought, content, fact, until);
    }
    Py_XDECREF(until);
    return done;
}

static int buy(PyObject *person, PyObject *fact, int64_t at) {
    PyObject *cart_id = AT(fact, ORDERED_FACT_cart_id);
    if (cart_id == Py_None) return 0;
    PyObject *bought = Py_XNewRef(bought_under(person, fact));
    if (bought) {
        int done = buy_lines(bought, person, fact, at);
        Py_DECREF(bought);
        return done;
    }
    bought = PyErr_Occurred() ? NULL : PyList_New(0);
    int done = bought ? buy_lines(bought, person, fact, at) : -1;
    if (done == 0 && PyList_GET_SIZE(bought)) done = PyDict_SetItem(AT(person, PERSON_bought), cart_id, bought);
    Py_XDECREF(bought);
    return done;
}

/* ---- episodes ---- */

/* Ends an episode that was fed before the order, and cancels its triggers. */
static int convert(PyObject *person, PyObject *episode, PyObject *fact, PyObject *recipes, PyObject *out) {
    PyObject *at = AT(fact, IDLE_FACT_at), *published = AT(episode, EPISODE_published);
    if (is(episode, EPISODE_open) && CALL(CLOSE, person, episode, words[CONVERTED], at, recipes, out) < 0) return -1;
    if (PyList_GET_SIZE(published)) {
        if (CALL(CANCEL, published, at, words[ORDERED], AT(fact, ORDERED_FACT_order_id), out) < 0) return -1;
        PyObject *none = PyList_New(0);
        if (!none) return -1;
        Py_SETREF(AT(episode, EPISODE_published), none);
    }
    put_slot(episode, EPISODE_contents, no_text);
    return 0;
}

/* Calls the kinds for the order, which is the last of the record now. */
static int tell_kinds(PyObject *person, PyObject *fact, PyObject *recipes, PyObject *out) {
    PyObject *orders = AT(person, PERSON_orders), *entry = PyList_GET_ITEM(orders, PyList_GET_SIZE(orders) - 1);
    PyObject *entered = PyObject_CallFunctionObjArgs(types[ENTERED], entry, Py_True, NULL);
    int done = CALL(PLACED, person, AT(fact, ORDERED_FACT_whole), entered, fact, recipes, out);
    Py_XDECREF(entered);
    return done;
}

/* `follows`: whether the recipes follow orders. */
static int place_order(PyObject *person, PyObject *fact, int64_t at, int follows, PyObject *recipes, PyObject *out) {
    if (enter(person, fact) < 0 || buy(person, fact, at) < 0) return -1;
    PyObject *episodes = AT(person, PERSON_episodes);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(episodes); i++)
        if (convert(person, PyList_GET_ITEM(episodes, i), fact, recipes, out) < 0) return -1;
    int is_seen = PyDict_Contains(AT(person, PERSON_visitors), AT(fact, IDLE_FACT_visitor));
    if (is_seen < 0 || (!is_seen && CALL(JOINED, person, fact, out) < 0)) return -1;
    if (follows && tell_kinds(person, fact, recipes, out) < 0) return -1;
    return trim(person, AT(fact, IDLE_FACT_at), at);
}

#endif
