/* Constants that C repeats from Python. `configure` of each module compares them at import. */
#ifndef STREAM_NATIVE_SHARED_H
#define STREAM_NATIVE_SHARED_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

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
