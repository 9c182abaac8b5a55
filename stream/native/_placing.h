/* An order that a visitor places, as stream/stages/orders_placed.py says: it enters the record, closes the checkout, and takes
 * the lines of the visitor's own cart. Python takes one that names a cart, a key or a customer, that is recurring or repeated,
 * that cancels triggers, or that goes to keys or a former person too. Source: docs/semantics.md, 3, "order.placed". */
#ifndef STREAM_NATIVE_PLACING_H
#define STREAM_NATIVE_PLACING_H

#include "_facts.h"
#include "_filling.h"

/* ---- whose it is ---- */

static inline int is_none(PyObject *object) { return !object || object == Py_None; }

static inline int is_no_list(PyObject *object) { return !object || (PyList_CheckExact(object) && !PyList_GET_SIZE(object)); }

static inline int is_known_order(PyObject *orders, PyObject *id) {
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(orders); i++)
        if (same_str(AT(PyList_GET_ITEM(orders, i), AN_ENTRY_id), id)) return 1;
    return 0;
}

/* Whether the order is applied here. 0: Python is to, or raised. */
static inline int is_plain_order(Visitor *v, const Event *event, PyObject *placement) {
    if (event->customer.at || v->email || v->phone || v->former || !is_a(placement, A_PLACEMENT)) return 0;
    PyObject *order = AT(placement, A_PLACEMENT_order), *orders = v->objects[ORDERS];
    if (is(order, AN_ORDER_recurring) || AT(order, AN_ORDER_cart_id) != unset) return 0;
    if (!is_no_list(v->objects[PUBLISHED]) || !is_none(v->objects[TAKEN])) return 0;
    if (orders && (!PyList_CheckExact(orders) || PyList_GET_SIZE(orders) >= MOST_ORDERS)) return 0;
    if (orders && is_known_order(orders, AT(order, AN_ORDER_id))) return 0;
    PyObject *cart = get_object(v, (void *)CART);
    int fine = is_a(cart, A_CART) && !is(cart, A_CART_from_shop);
    Py_XDECREF(cart); /* the visitor holds it */
    return fine;
}

/* ---- its cart ---- */

/* Empties the cart. Returns its lines, a list. */
static inline PyObject *empty_cart(Visitor *v, PyObject *placement, int64_t t) {
    PyObject *cart = v->objects[CART], *lines = PyDict_Values(AT(cart, A_CART_lines));
    if (!lines || !PyList_GET_SIZE(lines)) return lines;
    PyObject *none = PyDict_New();
    if (!none || put_slot_number(cart, A_CART_changed_at, t) < 0) return Py_XDECREF(none), Py_DECREF(lines), NULL;
    Py_SETREF(AT(cart, A_CART_lines), none);
    Py_XSETREF(v->cart_event, Py_NewRef(AT(placement, A_PLACEMENT_id)));
    return lines;
}

/* Keeps the order and the lines that it took, for a payment that fails. */
static inline int keep_order(Visitor *v, PyObject *id, PyObject *at, PyObject *lines) {
    PyObject *cart_id = AT(v->objects[CART], A_CART_id), *keys = PyList_New(0);
    PyObject *given[] = {id, at, cart_id, Py_False, lines, keys, Py_True, Py_False, Py_False, cart_id};
    PyObject *kept = keys ? PyObject_Vectorcall(types[A_KEPT], given, 10, NULL) : NULL;
    Py_XDECREF(keys);
    if (!kept) return -1;
    Py_XSETREF(v->objects[ORDERED], kept);
    Py_CLEAR(v->objects[CHECKOUT]);
    return 0;
}

/* (product, variant, quantity) of each line, sorted; None without lines. */
static inline PyObject *contents_of(PyObject *lines) {
    Py_ssize_t count = PyList_GET_SIZE(lines);
    if (!count) Py_RETURN_NONE;
    PyObject *found = PyList_New(count);
    for (Py_ssize_t i = 0; found && i < count; i++) {
        PyObject *line = PyList_GET_ITEM(lines, i);
        PyObject *row = PyTuple_Pack(3, AT(line, A_LINE_product_id), AT(line, A_LINE_variant_id), AT(line, A_LINE_quantity));
        if (row) PyList_SET_ITEM(found, i, row);
        else Py_CLEAR(found);
    }
    if (found && PyList_Sort(found) < 0) Py_CLEAR(found);
    return found;
}

/* ---- the whole order ---- */

static inline PyObject *order_line(PyObject *line) {
    PyObject *given[] = {AT(line, A_LINE_product_id), AT(line, A_LINE_variant_id), AT(line, A_LINE_quantity),
                         AT(line, A_LINE_name), AT(line, A_LINE_category), AT(line, A_LINE_price), AT(line, A_LINE_url),
                         AT(line, A_LINE_image), AT(line, A_LINE_currency), Py_False};
    return PyObject_Vectorcall(types[AN_ORDER_LINE], given, 10, NULL);
}

/* The lines that the order names, else those that it took. */
static inline PyObject *lines_of_order(PyObject *placement, PyObject *taken) {
    PyObject *items = AT(AT(placement, A_PLACEMENT_order), AN_ORDER_items);
    if (items != unset && PyList_GET_SIZE(items)) {
        PyObject *named = PyObject_CallOneArg(given_lines, placement);
        if (!named || !PyList_CheckExact(named) || PyList_GET_SIZE(named)) return named;
        Py_DECREF(named);
    }
    PyObject *lines = PyList_New(PyList_GET_SIZE(taken));
    for (Py_ssize_t i = 0; lines && i < PyList_GET_SIZE(taken); i++) {
        PyObject *line = order_line(PyList_GET_ITEM(taken, i));
        if (line) PyList_SET_ITEM(lines, i, line);
        else Py_CLEAR(lines);
    }
    return lines;
}

/* The order as facts carry it. It cannot be old but by its mark: Python takes a late one. */
static inline PyObject *whole_order(Visitor *v, const Event *event, PyObject *placement, PyObject *lines, int64_t t) {
    PyObject *order = AT(placement, A_PLACEMENT_order), *value = AT(order, AN_ORDER_value);
    PyObject *currency = AT(order, AN_ORDER_currency);
    if (value != unset) Py_INCREF(value);
    else value = PyList_GET_SIZE(lines) ? PyObject_CallOneArg(worth, lines) : Py_NewRef(Py_None);
    PyObject *day = event->sent && event->client_time < t ? Py_NewRef(AT(placement, A_PLACEMENT_client_time)) : PyLong_FromLong(NEVER);
    PyObject *person = person_of(v), *made = NULL;
    PyObject *old = AT(placement, A_PLACEMENT_imported) == Py_True ? Py_True : Py_False;
    PyObject *given[] = {value, has_text(currency) ? currency : Py_None, lines, old, day, person, v->id,
                         AT(placement, A_PLACEMENT_id)};
    if (value && day && person) made = PyObject_Vectorcall(types[A_WHOLE], given, 8, NULL);
    Py_XDECREF(value);
    Py_XDECREF(day);
    Py_XDECREF(person);
    return made;
}

/* ---- the record ---- */

static inline int64_t size_of_lines(PyObject *lines) {
    int64_t size = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(lines); i++) size += SIZE_OF(AN_ORDER_LINE, PyList_GET_ITEM(lines, i));
    return size;
}

/* Whether the record has more lines than it keeps. Only the new order can have made it so: of the others it has no more. */
static inline int has_too_many_lines(PyObject *orders) {
    int64_t room = LARGEST_LINES;
    Py_ssize_t count = PyList_GET_SIZE(orders);
    for (Py_ssize_t place = 0; place <= KEPT_LINES && place < count; place++) {
        PyObject *whole = AT(PyList_GET_ITEM(orders, count - 1 - place), AN_ENTRY_whole);
        if (whole == Py_None || !PyList_GET_SIZE(AT(whole, A_WHOLE_lines))) continue;
        room -= size_of_lines(AT(whole, A_WHOLE_lines));
        if (place == KEPT_LINES || room < 0) return 1;
    }
    return 0;
}

static inline int enter_order(Visitor *v, PyObject *id, PyObject *at, PyObject *whole) {
    PyObject *given[] = {id, at, Py_False, whole};
    PyObject *entry = PyObject_Vectorcall(types[AN_ENTRY], given, 4, NULL);
    PyObject *orders = entry ? get_object(v, (void *)ORDERS) : NULL;
    int done = orders ? PyList_Append(orders, entry) : -1;
    if (done == 0 && has_too_many_lines(orders)) done = checked(PyObject_CallOneArg(bound_lines, orders));
    Py_XDECREF(entry);
    Py_XDECREF(orders);
    return done;
}

/* ---- its fact ---- */

static inline int tell_ordered(Visitor *v, PyObject *id, PyObject *contents, PyObject *whole, int64_t t, PyObject *facts) {
    fact.size = fact.failed = 0;
    put_words(&fact, "{\"type\":\"order.placed\",\"order_id\":");
    if (put_str_quoted(&fact, id) < 0) return -1;
    put_words(&fact, ",\"cart_id\":");
    if (put_str_quoted(&fact, AT(v->objects[CART], A_CART_id)) < 0) return -1;
    if (contents != Py_None) {
        put_words(&fact, ",\"contents\":");
        if (put_encoded(&fact, contents) < 0) return -1;
    }
    put_words(&fact, ",\"whole\":");
    return put_encoded(&fact, whole) < 0 ? -1 : end_fact(&fact, v, t, facts);
}

/* The fact as an object, where the next stages run in this process. */
static inline int hand_ordered(Visitor *v, PyObject *id, PyObject *contents, PyObject *whole, PyObject *at, PyObject *out) {
    PyObject *person = person_of(v);
    PyObject *order = PyTuple_Pack(4, id, AT(v->objects[CART], A_CART_id), contents, whole);
    PyObject *given[] = {(PyObject *)v, person, order, Py_False, at, out};
    int done = person && order ? checked(PyObject_Vectorcall(hand_order, given, 6, NULL)) : -1;
    Py_XDECREF(person);
    Py_XDECREF(order);
    return done;
}

/* Applies a plain order. `facts` None: its fact goes to `out` as an object. */
static inline int place_order(Visitor *v, const Event *event, PyObject *placement, int64_t t, PyObject *facts, PyObject *out) {
    if (checked(PyObject_CallFunctionObjArgs(count_order, (PyObject *)v, out, NULL)) < 0) return -1;
    PyObject *id = AT(AT(placement, A_PLACEMENT_order), AN_ORDER_id), *at = PyLong_FromLongLong(t), *lines = NULL, *whole = NULL;
    PyObject *taken = at ? empty_cart(v, placement, t) : NULL;
    PyObject *contents = taken ? contents_of(taken) : NULL;
    int done = contents ? keep_order(v, id, at, taken) : -1;
    if (done == 0) lines = lines_of_order(placement, taken);
    if (lines) whole = whole_order(v, event, placement, lines, t);
    done = whole ? enter_order(v, id, at, whole) : -1;
    if (done == 0 && facts != Py_None) done = tell_ordered(v, id, contents, whole, t, facts);
    else if (done == 0) done = hand_ordered(v, id, contents, whole, at, out);
    Py_XDECREF(at);
    Py_XDECREF(taken);
    Py_XDECREF(contents);
    Py_XDECREF(lines);
    Py_XDECREF(whole);
    return done;
}

#endif
