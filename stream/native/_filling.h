/* An item that a visitor adds to the cart, as stream/state/filling.py says. Python takes one whose quantity is no whole number,
 * and one that a cart near its bound may have no room for. Source: docs/semantics.md, 3, "Cart". */
#ifndef STREAM_NATIVE_FILLING_H
#define STREAM_NATIVE_FILLING_H

#include <math.h>

#include "_visitor.h"
#include "_visitor_slots.h"

#define MOST_PIECES 1e9 /* sums of whole numbers up to it are exact, whatever they are rounded to */

/* Whether a text is given and not empty. */
static inline int has_text(PyObject *text) {
    return text != Py_None && text != unset && PyUnicode_GET_LENGTH(text) > 0;
}

static inline Py_ssize_t length_of(PyObject *text) { return has_text(text) ? PyUnicode_GET_LENGTH(text) : 0; }

/* As limits.size. `type`: that of the item or line, whose fields have these names. */
#define SIZE_OF(type, line)                                                                                            \
    (50 + length_of(AT(line, type##_product_id)) + length_of(AT(line, type##_variant_id)) +                            \
     length_of(AT(line, type##_name)) + length_of(AT(line, type##_category)) + length_of(AT(line, type##_url)) +       \
     length_of(AT(line, type##_image)))

static inline int is_whole(double quantity) {
    return quantity >= 0 && quantity <= MOST_PIECES && floor(quantity) == quantity;
}

/* Whether the item is for Python to add. `line`: the one that it adds to, NULL for a new one. */
static inline int is_rare_item(PyObject *cart, PyObject *item, PyObject *line) {
    double quantity = PyFloat_AsDouble(AT(item, AN_ITEM_quantity));
    if (!is_whole(quantity) || quantity == 0) return 1;
    if (line && !is_whole(PyFloat_AsDouble(AT(line, A_LINE_quantity)))) return 1;
    return number(cart, A_CART_size) + SIZE_OF(AN_ITEM, item) > LARGEST_CART;
}

/* Adds a line without a quantity. Borrowed. */
static inline PyObject *new_line(PyObject *lines, PyObject *key, PyObject *item, PyObject *variant) {
    PyObject *none = PyFloat_FromDouble(0);
    PyObject *given[] = {AT(item, AN_ITEM_product_id), variant, none};
    PyObject *line = none ? PyObject_Vectorcall(types[A_LINE], given, 3, NULL) : NULL;
    int done = line ? PyDict_SetItem(lines, key, line) : -1;
    Py_XDECREF(none);
    Py_XDECREF(line); /* the cart holds it */
    return done < 0 ? NULL : line;
}

static inline int add_quantity(PyObject *line, PyObject *item) {
    PyObject *sum = PyFloat_FromDouble(PyFloat_AS_DOUBLE(AT(line, A_LINE_quantity)) + PyFloat_AsDouble(AT(item, AN_ITEM_quantity)));
    if (!sum) return -1;
    Py_SETREF(AT(line, A_LINE_quantity), sum);
    return 0;
}

/* Copies what the item gives. */
static inline void take_looks(PyObject *cart, PyObject *line, PyObject *item) {
    const Py_ssize_t fields[][2] = {{A_LINE_name, AN_ITEM_name}, {A_LINE_category, AN_ITEM_category},
                                    {A_LINE_price, AN_ITEM_price}, {A_LINE_url, AN_ITEM_url},
                                    {A_LINE_image, AN_ITEM_image}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (AT(item, fields[i][1]) != unset) put_slot(line, fields[i][0], AT(item, fields[i][1]));
    if (has_text(AT(item, AN_ITEM_currency))) put_slot(line, A_LINE_currency, AT(item, AN_ITEM_currency));
    else if (!has_text(AT(line, A_LINE_currency))) put_slot(line, A_LINE_currency, AT(cart, A_CART_currency));
}

/* Gives a cart that was empty its id. */
static inline void name_cart(Visitor *v, PyObject *cart) {
    PyObject *given = AT(cart, A_CART_shop_id);
    put_slot(cart, A_CART_from_shop, given != Py_None ? Py_True : Py_False);
    put_slot(cart, A_CART_id, given != Py_None ? given : v->id);
}

static inline int note_times(PyObject *cart, PyObject *line, int64_t t) {
    PyObject *now = PyLong_FromLongLong(t);
    if (!now) return -1;
    put_slot(line, A_LINE_since, now);
    put_slot(line, A_LINE_added, Py_True);
    put_slot(cart, A_CART_changed_at, now);
    put_slot(cart, A_CART_added_at, now);
    Py_DECREF(now);
    return 0;
}

/* What the visitor keeps of an order or an emptied cart, once the cart is filled: as ordered.filled. */
static inline void note_filled(Visitor *v) {
    Py_CLEAR(v->objects[TAKEN]);
    if (is_a(v->objects[ORDERED], A_KEPT)) put_slot(v->objects[ORDERED], A_KEPT_empty, Py_False);
}

static inline int add_to_line(Visitor *v, PyObject *cart, PyObject *line, PyObject *event, int64_t t) {
    PyObject *item = AT(event, AN_ADDITION_item);
    int was_empty = PyDict_GET_SIZE(AT(cart, A_CART_lines)) == 1 && PyFloat_AsDouble(AT(line, A_LINE_quantity)) == 0;
    if (put_slot_number(cart, A_CART_size, number(cart, A_CART_size) + SIZE_OF(AN_ITEM, item)) < 0) return -1;
    if (add_quantity(line, item) < 0 || note_times(cart, line, t) < 0) return -1;
    take_looks(cart, line, item);
    if (was_empty) name_cart(v, cart);
    Py_XSETREF(v->cart_event, Py_NewRef(AT(event, AN_ADDITION_id)));
    note_filled(v);
    return 1;
}

/* Applies a cart.item_added. Returns 1; 0 if Python is to; -1 with an exception. */
static inline int add_item(Visitor *v, PyObject *event, int64_t t) {
    PyObject *cart = get_object(v, (void *)CART);
    if (!is_a(cart, A_CART) || !is_a(event, AN_ADDITION)) return Py_XDECREF(cart), PyErr_Occurred() ? -1 : 0;
    Py_DECREF(cart); /* the visitor holds it */
    PyObject *item = AT(event, AN_ADDITION_item), *lines = AT(cart, A_CART_lines);
    PyObject *variant = AT(item, AN_ITEM_variant_id) == unset ? empty_text : AT(item, AN_ITEM_variant_id);
    PyObject *product = AT(item, AN_ITEM_product_id);
    PyObject *key = PyUnicode_FromFormat("%zd:%U%U", PyUnicode_GET_LENGTH(product), product, variant);
    if (!key) return -1;
    int done = -1;
    PyObject *line = PyDict_GetItemWithError(lines, key);
    if (!PyErr_Occurred() && is_rare_item(cart, item, line)) done = 0;
    else if (!PyErr_Occurred() && (line || (line = new_line(lines, key, item, variant))))
        done = add_to_line(v, cart, line, event, t);
    Py_DECREF(key);
    return done;
}

#endif
