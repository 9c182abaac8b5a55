/* MessagePack, as much of it as states need, written as msgspec writes it. Source: github.com/msgpack/msgpack/spec.md */
#ifndef STREAM_NATIVE_MSGPACK_H
#define STREAM_NATIVE_MSGPACK_H

#include "_text.h"

#define DEEPEST_PACKED 64 /* levels of a packed state that are read */
#define NIL 0xC0
#define FALSE_ 0xC2
#define TRUE_ 0xC3
#define NO_TEXT 0xA0
#define NO_MAP 0x80
#define NO_LIST 0x90

typedef struct {
    char *at;
    size_t size, room;
    int failed; /* there was no memory, which is raised at the end */
} Buffer;

static inline char *more(Buffer *b, size_t size) {
    if (b->size + size > b->room) {
        size_t room = (b->size + size) * 2;
        char *at = b->failed ? NULL : PyMem_Realloc(b->at, room);
        if (!at) {
            static char nowhere[16]; /* nothing is read of what is written here */
            b->failed = 1;
            return size <= sizeof nowhere ? nowhere : NULL;
        }
        b->at = at;
        b->room = room;
    }
    char *start = b->at + b->size;
    b->size += size;
    return start;
}

static inline void put(Buffer *b, const void *from, size_t size) {
    char *to = more(b, size);
    if (to) memcpy(to, from, size);
}

static inline void put_byte(Buffer *b, uint8_t byte) { *more(b, 1) = (char)byte; }

/* A byte and then `size` bytes of a number, the highest first. */
static inline void put_number(Buffer *b, uint8_t byte, uint64_t number, int size) {
    char *to = more(b, 1 + size);
    *to++ = (char)byte;
    for (int i = size - 1; i >= 0; i--) *to++ = (char)(number >> 8 * i);
}

static inline void put_int(Buffer *b, int64_t n) {
    if (n >= -32 && n < 128) put_byte(b, (uint8_t)n);
    else if (n >= 0) {
        if (n <= 0xFF) put_number(b, 0xCC, n, 1);
        else if (n <= 0xFFFF) put_number(b, 0xCD, n, 2);
        else if (n <= 0xFFFFFFFF) put_number(b, 0xCE, n, 4);
        else put_number(b, 0xCF, n, 8);
    }
    else if (n >= INT8_MIN) put_number(b, 0xD0, n, 1);
    else if (n >= INT16_MIN) put_number(b, 0xD1, n, 2);
    else if (n >= INT32_MIN) put_number(b, 0xD2, n, 4);
    else put_number(b, 0xD3, n, 8);
}

static inline void put_double(Buffer *b, double number) {
    uint64_t bits;
    memcpy(&bits, &number, 8);
    put_number(b, 0xCB, bits, 8);
}

static inline void put_text_head(Buffer *b, size_t size) {
    if (size < 32) put_byte(b, (uint8_t)(0xA0 | size));
    else if (size <= 0xFF) put_number(b, 0xD9, size, 1);
    else if (size <= 0xFFFF) put_number(b, 0xDA, size, 2);
    else put_number(b, 0xDB, size, 4);
}

static inline void put_text(Buffer *b, Text text) {
    put_text_head(b, text.size);
    put(b, text.at, text.size);
}

static inline void put_head(Buffer *b, uint8_t few, uint8_t many, size_t count) {
    if (count < 16) put_byte(b, few | count);
    else put_number(b, many, count, 2);
}

#define put_array(b, count) put_head(b, 0x90, 0xDC, count)
#define put_map(b, count) put_head(b, 0x80, 0xDE, count)

typedef struct {
    const uint8_t *at, *end;
    int bad;
} Reader;

static inline uint64_t take_number(Reader *r, int size) {
    uint64_t number = 0;
    if (r->end - r->at < size) return r->bad = 1, 0;
    while (size--) number = number << 8 | *r->at++;
    return number;
}

static inline int64_t take_int(Reader *r) {
    uint8_t head = (uint8_t)take_number(r, 1);
    if (head < 0x80) return head;
    if (head >= 0xE0) return (int8_t)head;
    switch (head) {
    case 0xCC: return take_number(r, 1);
    case 0xCD: return take_number(r, 2);
    case 0xCE: return take_number(r, 4);
    case 0xCF: return take_number(r, 8);
    case 0xD0: return (int8_t)take_number(r, 1);
    case 0xD1: return (int16_t)take_number(r, 2);
    case 0xD2: return (int32_t)take_number(r, 4);
    case 0xD3: return take_number(r, 8);
    }
    return r->bad = 1, 0;
}

static inline int take_bool(Reader *r) {
    uint8_t head = (uint8_t)take_number(r, 1);
    if (head != FALSE_ && head != TRUE_) r->bad = 1;
    return head == TRUE_;
}

static inline double take_double(Reader *r) {
    if (r->at < r->end && *r->at == 0xCB) {
        double number;
        r->at++;
        uint64_t bits = take_number(r, 8);
        memcpy(&number, &bits, 8);
        return number;
    }
    return (double)take_int(r);
}

static inline const char *take_bytes(Reader *r, size_t size) {
    if ((size_t)(r->end - r->at) < size) return r->bad = 1, (const char *)r->at;
    r->at += size;
    return (const char *)r->at - size;
}

static inline Text take_text(Reader *r) {
    uint8_t head = (uint8_t)take_number(r, 1);
    size_t size = 0;
    if ((head & 0xE0) == 0xA0) size = head & 0x1F;
    else if (head == 0xD9) size = take_number(r, 1);
    else if (head == 0xDA) size = take_number(r, 2);
    else if (head == 0xDB) size = take_number(r, 4);
    else r->bad = 1;
    const char *at = take_bytes(r, size);
    return (Text){at, r->bad ? 0 : size};
}

static inline int take_nil(Reader *r) {
    if (r->at < r->end && *r->at == NIL) return r->at++, 1;
    return 0;
}

static inline size_t take_head(Reader *r, uint8_t few, uint8_t many) {
    uint8_t head = (uint8_t)take_number(r, 1);
    if ((head & 0xF0) == few) return head & 0x0F;
    if (head == many) return take_number(r, 2);
    if (head == many + 1) return take_number(r, 4);
    return r->bad = 1, 0;
}

#define take_array(r) take_head(r, 0x90, 0xDC)
#define take_map(r) take_head(r, 0x80, 0xDE)

/* Goes behind the next value. */
static inline void skip(Reader *r, int depth) {
    if (r->at >= r->end || depth > DEEPEST_PACKED) {
        r->bad = 1;
        return;
    }
    uint8_t head = *r->at;
    size_t count = 0;
    if (head < 0x80 || head >= 0xE0 || (head >= 0xCC && head <= 0xD3)) take_int(r);
    else if (head == NIL || head == FALSE_ || head == TRUE_) r->at++;
    else if (head == 0xCB) take_double(r);
    else if ((head & 0xE0) == 0xA0 || (head >= 0xD9 && head <= 0xDB)) take_text(r);
    else if ((head & 0xF0) == 0x90 || head == 0xDC || head == 0xDD) count = take_array(r);
    else if ((head & 0xF0) == 0x80 || head == 0xDE || head == 0xDF) count = 2 * take_map(r);
    else r->bad = 1;
    while (count-- && !r->bad) skip(r, depth + 1);
}

#endif
