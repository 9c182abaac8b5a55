/* Names of nobody, as schemas/nobody.py has them. Source: docs/semantics.md, 2, "Names of nobody". */
#ifndef STREAM_NATIVE_NOBODY_H
#define STREAM_NATIVE_NOBODY_H

#include "_text.h"

#define MOST_NOBODY 64
#define LONGEST_NOBODY 63

static Text nobody[MOST_NOBODY]; /* in lower case */
static int nobody_count;
static uint64_t nobody_sizes; /* a bit for each size that one of them has */

/* A bit for bytes below 0x26 (space, $, %) and above 0x7A ({, all that is not ASCII); perhaps for others beside
 * these, because a borrow or a carry goes upwards. */
static inline uint64_t odd_bytes(uint64_t part) {
    return (((part - EACH_BYTE * 0x26) & ~part) | (part + EACH_BYTE * 5) | part) & TOP_BITS;
}

static inline int has_odd_bytes(Text text) {
    uint64_t odd = 0, part;
    for (; text.size >= 8; text.at += 8, text.size -= 8) {
        memcpy(&part, text.at, 8);
        odd |= odd_bytes(part);
    }
    part = EACH_BYTE * '0';
    memcpy(&part, text.at, text.size);
    return (odd | odd_bytes(part)) != 0;
}

static inline int same_letters(const char *lower, const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        char c = text[i] >= 'A' && text[i] <= 'Z' ? text[i] | 0x20 : text[i];
        if (c != lower[i]) return 0;
    }
    return 1;
}

/* Whether an id of at least one character plainly names somebody. 0: perhaps, which Python is to decide. */
static inline int names_somebody(Text id) {
    size_t size = id.size;
    if (has_odd_bytes(id) || *id.at == '[') return 0;
    if (size >= 5 && id.at[size - 5] == '/') return 0;  /* perhaps /null */
    if (size >= 10 && id.at[size - 10] == '/') return 0; /* perhaps /undefined */
    if (size >= 6 && id.at[5] == ':' && (*id.at | 0x20) == 'e') return 0; /* perhaps event: */
    if (size > LONGEST_NOBODY || !(nobody_sizes >> size & 1)) return 1;
    for (int i = 0; i < nobody_count; i++)
        if (nobody[i].size == size && same_letters(nobody[i].at, id.at, size)) return 0;
    return 1;
}

/* Takes over the names, a tuple that lives as long as the process. */
static inline int know_nobody(PyObject *names) {
    nobody_count = (int)PyTuple_GET_SIZE(names);
    if (nobody_count > MOST_NOBODY) return PyErr_SetString(PyExc_ValueError, "too many names of nobody"), -1;
    for (int i = 0; i < nobody_count; i++) {
        Py_ssize_t size;
        nobody[i].at = PyUnicode_AsUTF8AndSize(PyTuple_GET_ITEM(names, i), &size);
        if (!nobody[i].at) return -1;
        nobody[i].size = size;
        if (size > LONGEST_NOBODY) return PyErr_SetString(PyExc_ValueError, "too long a name of nobody"), -1;
        nobody_sizes |= (uint64_t)1 << size;
    }
    return 0;
}

#endif
