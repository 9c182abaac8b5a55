/* A piece of text in memory that somebody else owns, and what can be asked of it. */
#ifndef STREAM_NATIVE_TEXT_H
#define STREAM_NATIVE_TEXT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const char *at; /* NULL: absent */
    size_t size;    /* bytes */
} Text;

#define EACH_BYTE 0x0101010101010101u
#define TOP_BITS 0x8080808080808080u

static inline int is_text(Text text, const char *other) {
    return text.size == strlen(other) && memcmp(text.at, other, text.size) == 0;
}

static inline int same_text(Text text, Text other) {
    return text.size == other.size && memcmp(text.at, other.at, text.size) == 0;
}

/* The place of a text among `count` names; `count` if it is none of them. */
static inline int one_of(Text text, const char *const *names, int count) {
    int which = 0;
    while (which < count && !is_text(text, names[which])) which++;
    return which;
}

static inline uint32_t hashed(Text text) {
    uint64_t h = 0x9E3779B97F4A7C15u ^ text.size, part;
    for (; text.size >= 8; text.at += 8, text.size -= 8) {
        memcpy(&part, text.at, 8);
        h = (h ^ part) * 0xFF51AFD7ED558CCDu;
        h ^= h >> 32;
    }
    part = 0;
    memcpy(&part, text.at, text.size);
    h = (h ^ part) * 0xFF51AFD7ED558CCDu;
    return (uint32_t)(h ^ h >> 32);
}

/* A bit for each of 8 bytes that is a quote, a backslash or a control character. The lowest bit is right. Bits
 * above it may be too many, because a borrow goes upwards. */
static inline uint64_t special(uint64_t part) {
    uint64_t quote = part ^ EACH_BYTE * '"', slash = part ^ EACH_BYTE * '\\';
    return (((quote - EACH_BYTE) & ~quote) | ((slash - EACH_BYTE) & ~slash) |
            ((part - EACH_BYTE * 0x20) & ~part)) & TOP_BITS;
}

/* The next quote, backslash or control character, or the end. */
static inline const char *next_special(const char *at, const char *end) {
    while (end - at >= 8) {
        uint64_t part, found;
        memcpy(&part, at, 8);
        if ((found = special(part))) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            return at + (__builtin_ctzll(found) >> 3);
#else
            break;
#endif
        }
        at += 8;
    }
    while (at < end && *at != '"' && *at != '\\' && (uint8_t)*at >= 0x20) at++;
    return at;
}

static inline int is_utf8(Text text) {
    uint64_t seen = 0, part;
    size_t at = 0;
    for (; at + 8 <= text.size; at += 8) {
        memcpy(&part, text.at + at, 8);
        seen |= part;
    }
    for (; at < text.size; at++) seen |= (uint64_t)(uint8_t)text.at[at];
    if (!(seen & TOP_BITS)) return 1;
    PyObject *valid = PyUnicode_DecodeUTF8(text.at, text.size, NULL);
    if (!valid) return PyErr_Clear(), 0;
    Py_DECREF(valid);
    return 1;
}

#endif
