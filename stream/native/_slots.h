/* The fields of Structs of msgspec, read and written where they lie. `configure` asks each type for its offsets. */
#ifndef STREAM_NATIVE_SLOTS_H
#define STREAM_NATIVE_SLOTS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <descrobject.h>
#include <stdint.h>
#include <string.h>
#include <structmember.h>

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

typedef struct {
    int type; /* which of the types that Python passes in */
    const char *name;
    Py_ssize_t *offset;
} Slot;

/* What a list of fields, as a macro of a macro, is made into: a variable for the offset of each, and a table of them. */
#define SLOT_OFFSET(type, name) static Py_ssize_t type##_##name;
#define SLOT_ROW(type, name) {type, #name, &type##_##name},

static int find_all_slots(PyObject *const *types, const Slot *slots, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (find_slot(types[slots[i].type], slots[i].name, slots[i].offset) < 0) return -1;
    return 0;
}

/* A field of an object, borrowed. */
#define AT(object, field) (*(PyObject **)((char *)(object) + (field)))

static inline void put_slot(PyObject *object, Py_ssize_t field, PyObject *value) {
    Py_INCREF(value);
    Py_XSETREF(AT(object, field), value);
}

static inline int is(PyObject *object, Py_ssize_t field) { return AT(object, field) == Py_True; }

/* A whole number. All that is read here was read as a number of at most 64 bits. */
static inline int64_t number(PyObject *object, Py_ssize_t field) { return PyLong_AsLongLong(AT(object, field)); }

static inline int put_slot_number(PyObject *object, Py_ssize_t field, int64_t value) {
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
