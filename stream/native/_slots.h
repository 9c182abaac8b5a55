/* The fields of Structs of msgspec, read and written where they lie. `configure` asks each type for its offsets. */
#ifndef STREAM_NATIVE_SLOTS_H
#define STREAM_NATIVE_SLOTS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <descrobject.h>
#include <stdint.h>
#include <string.h>
#include <structmember.h>

/* The types, in the order in which Python passes them in. */
enum {
    PERSON, PERSON_VISITOR, EPISODE, COURSE, LIFE, KNOWN_CART, BOUGHT_LINE, ORDER,
    IDLE_FACT, ACTIVE_FACT, SUMMARY, CART, LINE, CHECKOUT, VIEW, SUBJECT, RECIPE, SEEN, WATERMARK, INTEREST,
    ORDERED_FACT, WHOLE_ORDER, ENTERED,
    TYPES
};
static PyObject *types[TYPES];

#define EACH_FIELD(F)                                                                                                  \
    F(PERSON, applied) F(PERSON, armed) F(PERSON, last_visitor) F(PERSON, last_n)                   \
    F(PERSON, visitors) F(PERSON, carts) F(PERSON, episodes) F(PERSON, orders) F(PERSON, cancelled)                    \
    F(PERSON, unpaid) F(PERSON, bought) F(PERSON, left) F(PERSON, remembered) F(PERSON, life) F(PERSON, in_time)       \
    F(PERSON_VISITOR, active) F(PERSON_VISITOR, last_active) F(PERSON_VISITOR, visits)                                 \
    F(EPISODE, recipe) F(EPISODE, kind) F(EPISODE, origin) F(EPISODE, key_time) F(EPISODE, visitor)                    \
    F(EPISODE, fed_at) F(EPISODE, contents) F(EPISODE, open) F(EPISODE, step) F(EPISODE, due)                          \
    F(EPISODE, fired_step) F(EPISODE, cart) F(EPISODE, product) F(EPISODE, sub_kind) F(EPISODE, evidence) F(EPISODE, cart_id)              \
    F(EPISODE, emptied) F(EPISODE, checkout) F(EPISODE, looked_at) F(EPISODE, course)                                  \
    F(PERSON, id) F(PERSON, fired) F(PERSON, contacts) F(PERSON, consent) F(PERSON, traits_orders) F(PERSON, traits_value) \
    F(EPISODE, opened_at) F(EPISODE, fired_at) F(EPISODE, published)                                                   \
    F(COURSE, ends) F(LIFE, bound) F(LIFE, purchases) F(LIFE, audiences) F(LIFE, interests) F(LIFE, spent)             \
    F(INTEREST, viewed) F(INTEREST, bought)                                                                            \
    F(KNOWN_CART, changed_at) F(KNOWN_CART, contents) F(KNOWN_CART, lines)                                             \
    F(BOUGHT_LINE, product_id) F(BOUGHT_LINE, variant_id) F(BOUGHT_LINE, quantity) F(BOUGHT_LINE, until)               \
    F(ORDER, id) F(ORDER, at) F(ORDER, recurring) F(ORDER, value) F(ORDER, day)                                                         \
    F(IDLE_FACT, at) F(IDLE_FACT, visitor) F(IDLE_FACT, n) F(IDLE_FACT, person) F(IDLE_FACT, summary)                  \
    F(ORDERED_FACT, order_id) F(ORDERED_FACT, cart_id) F(ORDERED_FACT, contents) F(ORDERED_FACT, recurring)            \
    F(ORDERED_FACT, whole)                                                                                             \
    F(WHOLE_ORDER, value) F(WHOLE_ORDER, currency) F(WHOLE_ORDER, lines) F(WHOLE_ORDER, old) F(WHOLE_ORDER, day)       \
    F(WHOLE_ORDER, whose) F(WHOLE_ORDER, withheld)                                                                     \
    F(ACTIVE_FACT, last_active)                                                                                        \
    F(SUMMARY, visit_start) F(SUMMARY, last_active) F(SUMMARY, visits) F(SUMMARY, cart) F(SUMMARY, checkout) F(SUMMARY, views)                 \
    F(SUMMARY, subject) F(SUMMARY, on_screen) F(SUMMARY, unanswered) F(SUMMARY, evidence)                              \
    F(CART, id) F(CART, changed_at) F(CART, added_at) F(CART, lines)                                                   \
    F(LINE, product_id) F(LINE, variant_id) F(LINE, quantity) F(LINE, name) F(LINE, category) F(LINE, url)             \
    F(LINE, image) F(LINE, since) F(LINE, added)                                                                       \
    F(CHECKOUT, started_at) F(CHECKOUT, failed)                                                                        \
    F(VIEW, id) F(VIEW, count) F(VIEW, dwell) F(VIEW, event) F(VIEW, at) F(VIEW, category) F(SUBJECT, category)                                                       \
    F(RECIPE, steps)                                                                                   \
    F(SEEN, _summary) F(SEEN, _evidence) F(SEEN, cart) F(SEEN, checkout) F(SEEN, contents) F(SEEN, given_contents)     \
    F(SEEN, held) F(SEEN, last) F(SEEN, lines) F(SEEN, old) F(SEEN, stale)

#define OFFSET(type, name) static Py_ssize_t type##_##name;
EACH_FIELD(OFFSET)
#undef OFFSET

static const struct {
    int type;
    const char *name;
    Py_ssize_t *offset;
} all_fields[] = {
#define ROW(type, name) {type, #name, &type##_##name},
    EACH_FIELD(ROW)
#undef ROW
};

/* Finds the offset of a field. A type whose field is no slot is of another release. */
static int find_slot(PyObject *type, const char *name, Py_ssize_t *offset) {
    PyObject *found = PyObject_GetAttrString(type, name);
    if (!found) return -1;
    PyMemberDef *member = Py_IS_TYPE(found, &PyMemberDescr_Type) ? ((PyMemberDescrObject *)found)->d_member : NULL;
    int is_object = member && (member->type == T_OBJECT_EX || member->type == T_OBJECT);
    if (is_object) *offset = member->offset;
    else PyErr_Format(PyExc_ValueError, "compiled for another release: %s is no slot", name);
    Py_DECREF(found);
    return is_object ? 0 : -1;
}

static int find_slots(void) {
    for (size_t i = 0; i < sizeof all_fields / sizeof *all_fields; i++)
        if (find_slot(types[all_fields[i].type], all_fields[i].name, all_fields[i].offset) < 0) return -1;
    return 0;
}

/* A field of an object, borrowed. */
#define AT(object, field) (*(PyObject **)((char *)(object) + (field)))

static inline void put(PyObject *object, Py_ssize_t field, PyObject *value) {
    Py_INCREF(value);
    Py_XSETREF(AT(object, field), value);
}

static inline int is(PyObject *object, Py_ssize_t field) { return AT(object, field) == Py_True; }

/* A whole number. All that is read here was read as a number of at most 64 bits. */
static inline int64_t number(PyObject *object, Py_ssize_t field) { return PyLong_AsLongLong(AT(object, field)); }

static inline int put_number(PyObject *object, Py_ssize_t field, int64_t value) {
    PyObject *found = PyLong_FromLongLong(value);
    if (!found) return -1;
    Py_XSETREF(AT(object, field), found);
    return 0;
}

static inline int same_str(PyObject *one, PyObject *other) {
    if (one == other) return 1;
    Py_ssize_t size = PyUnicode_GET_LENGTH(one);
    return size == PyUnicode_GET_LENGTH(other) && PyUnicode_KIND(one) == PyUnicode_KIND(other) &&
           memcmp(PyUnicode_DATA(one), PyUnicode_DATA(other), size * PyUnicode_KIND(one)) == 0;
}

static inline int begins_with(PyObject *text, Py_UCS4 letter, Py_ssize_t times) {
    if (PyUnicode_GET_LENGTH(text) < times) return 0;
    for (Py_ssize_t i = 0; i < times; i++)
        if (PyUnicode_READ_CHAR(text, i) != letter) return 0;
    return 1;
}

#endif
