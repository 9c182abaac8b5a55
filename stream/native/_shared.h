/* What the modules share: answers of Python, and constants that C repeats, which `configure` compares at import. */
#ifndef STREAM_NATIVE_SHARED_H
#define STREAM_NATIVE_SHARED_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

/* Drops what a call of Python returned. -1 if it raised. */
static inline int checked(PyObject *answer) {
    Py_XDECREF(answer);
    return answer ? 0 : -1;
}

typedef struct {
    const char *name;
    int64_t value;
} SharedConstant;

/* Compares the constants that Python gives, by name, with those that are compiled in. */
static inline int compare_constants(PyObject *given, const SharedConstant *own, int count) {
    if (PyDict_GET_SIZE(given) != count)
        return PyErr_SetString(PyExc_ValueError, "compiled for another release: other constants"), -1;
    for (int i = 0; i < count; i++) {
        PyObject *value = PyDict_GetItemString(given, own[i].name);
        long long number = value ? PyLong_AsLongLong(value) : 0;
        if (PyErr_Occurred()) return -1;
        if (!value || number != own[i].value)
            return PyErr_Format(PyExc_ValueError, "compiled for another release: %s is %lld here", own[i].name,
                                (long long)own[i].value), -1;
    }
    return 0;
}

#endif
