/* A changelog, read back: as changelog.py does it. */
#ifndef STREAM_NATIVE_RESTORE_H
#define STREAM_NATIVE_RESTORE_H

#include "_constants.h"
#include "_msgpack.h"
#include "_records.h"
#include "_text.h"

/* (applied, version) of a header, by which the newer of two records is found. */
static inline void place_of(const char *header, int64_t *applied, int64_t *version) {
    Reader r = {(const uint8_t *)header + 1, (const uint8_t *)header + HEADER, 0};
    *applied = (int64_t)take_number(&r, 8);
    r.at += 8;
    *version = (int64_t)take_number(&r, 8);
}

static inline int put_newer(PyObject *packed, Text key, Text value) {
    PyObject *name = PyUnicode_DecodeUTF8(key.at, key.size, NULL);
    PyObject *state = name ? PyBytes_FromStringAndSize(value.at, value.size) : NULL;
    PyObject *old = state ? PyDict_SetDefault(packed, name, state) : NULL;
    int done = old ? 0 : -1;
    if (old && old != state) {
        int64_t applied, version, old_applied, old_version;
        place_of(value.at, &applied, &version);
        place_of(PyBytes_AS_STRING(old), &old_applied, &old_version);
        if (applied > old_applied || (applied == old_applied && version >= old_version))
            done = PyDict_SetItem(packed, name, state);
    }
    Py_XDECREF(name);
    Py_XDECREF(state);
    return done;
}

/* What reading back works on: its arguments. */
typedef struct {
    PyObject *packed, *buried, *take_one;
    int format;
} Restore;

static inline int read_one(void *given, const Record *record) {
    const Restore *restore = given;
    Text key = record->key, value = record->value;
    if (key.size && value.at && value.size >= HEADER && (uint8_t)*value.at == restore->format &&
        !PyDict_GET_SIZE(restore->buried))
        return put_newer(restore->packed, key, value);
    PyObject *name = PyBytes_FromStringAndSize(key.at ? key.at : "", key.size);
    PyObject *state = value.at ? PyBytes_FromStringAndSize(value.at, value.size) : Py_NewRef(Py_None);
    PyObject *answer = name && state ? PyObject_CallFunctionObjArgs(restore->take_one, name, state, NULL) : NULL;
    Py_XDECREF(name);
    Py_XDECREF(state);
    Py_XDECREF(answer);
    return answer ? 0 : -1;
}

/* None: absent. */
static inline int text_of_bytes(PyObject *given, Text *text) {
    if (given == Py_None) return 0;
    if (!PyBytes_Check(given)) return PyErr_SetString(PyExc_TypeError, "not bytes"), -1;
    text->at = PyBytes_AS_STRING(given);
    text->size = PyBytes_GET_SIZE(given);
    return 0;
}

/* (key, value) */
static inline int read_pair(Restore *restore, PyObject *pair) {
    Record record = {0};
    if (text_of_bytes(PyTuple_GET_ITEM(pair, 0), &record.key) < 0) return -1;
    if (text_of_bytes(PyTuple_GET_ITEM(pair, 1), &record.value) < 0) return -1;
    return read_one(restore, &record);
}

/* Takes records or blocks of a changelog into the packed states. `take_one` of changelog.Reader gets each that is not
 * plain: a clock, a tombstone, a newer format, any record once a key is buried. */
static inline PyObject *read_back(PyObject *module, PyObject *args) {
    PyObject *records, *item;
    Restore restore;
    if (!PyArg_ParseTuple(args, "OO!O!iO", &records, &PyDict_Type, &restore.packed, &PyDict_Type, &restore.buried,
                          &restore.format, &restore.take_one))
        return NULL;
    PyObject *each = PyObject_GetIter(records);
    if (!each) return NULL;
    while ((item = PyIter_Next(each))) {
        int done = -1;
        Py_ssize_t size = PyTuple_CheckExact(item) ? PyTuple_GET_SIZE(item) : 0;
        if (size == 2) done = read_pair(&restore, item);
        else if (size == 5) done = each_record(item, read_one, &restore);
        else PyErr_SetString(PyExc_TypeError, "neither a record nor a block");
        Py_DECREF(item);
        if (done < 0) break;
    }
    Py_DECREF(each);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

/* Puts the key into the list of a span. */
static inline int put_span(PyObject *spans, int64_t span, PyObject *key) {
    PyObject *number = PyLong_FromLongLong(span);
    PyObject *list = number ? PyDict_GetItemWithError(spans, number) : NULL;
    int done = -1;
    if (list) done = PyList_Append(list, key);
    else if (number && !PyErr_Occurred() && (list = PyList_New(0))) {
        done = PyList_Append(list, key) < 0 || PyDict_SetItem(spans, number, list) < 0 ? -1 : 0;
        Py_DECREF(list);
    }
    Py_XDECREF(number);
    return done;
}

/* As changelog.survey does it. */
static inline PyObject *survey(PyObject *module, PyObject *args) {
    PyObject *packed, *key, *value;
    long long span, size = 0;
    if (!PyArg_ParseTuple(args, "O!L", &PyDict_Type, &packed, &span)) return NULL;
    if (span < 1) return PyErr_Format(PyExc_ValueError, "no span");
    PyObject *graves = PyDict_New(), *spans = PyDict_New();
    int done = graves && spans ? 0 : -1;
    for (Py_ssize_t at = 0; done == 0 && PyDict_Next(packed, &at, &key, &value);) {
        Py_ssize_t length = PyBytes_CheckExact(value) ? PyBytes_GET_SIZE(value) : 0;
        if (length < HEADER) {
            done = -1;
            PyErr_Format(PyExc_ValueError, "no state: %R", key);
            break;
        }
        const uint8_t *header = (const uint8_t *)PyBytes_AS_STRING(value);
        Reader applied = {header + 1, header + HEADER, 0}, armed = {header + ARMED, header + HEADER, 0};
        int64_t deadline = (int64_t)take_number(&armed, 8);
        size += length;
        if (length == HEADER) {
            PyObject *number = PyLong_FromLongLong((int64_t)take_number(&applied, 8));
            done = number ? PyDict_SetItem(graves, key, number) : -1;
            Py_XDECREF(number);
        } else if (deadline != NEVER) {
            done = put_span(spans, deadline / span - (deadline % span < 0), key);
        }
    }
    PyObject *found = done == 0 ? Py_BuildValue("LOO", size, graves, spans) : NULL;
    Py_XDECREF(graves);
    Py_XDECREF(spans);
    return found;
}

#endif
