/* The records of a record batch of message format 2, unpacked. Source: the Kafka protocol, "Record Batch". */
#ifndef STREAM_NATIVE_RECORDS_H
#define STREAM_NATIVE_RECORDS_H

#include "_text.h"

typedef struct {
    const uint8_t *at, *end;
    int bad;
} Bytes;

typedef struct {
    int64_t time_delta, offset_delta;
    Text key, value; /* `at` NULL: null */
} Record;

static inline int64_t take_varint(Bytes *b) {
    uint64_t number = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        if (b->at >= b->end) break;
        uint8_t byte = *b->at++;
        number |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) return (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
    }
    b->bad = 1;
    return 0;
}

static inline Text take_sized(Bytes *b) {
    Text text = {NULL, 0};
    int64_t size = take_varint(b);
    if (b->bad || size < 0) return text;
    if (size > b->end - b->at) return b->bad = 1, text;
    text.at = (const char *)b->at;
    text.size = size;
    b->at += size;
    return text;
}

/* The next record, without its headers. */
static inline void take_record(Bytes *b, Record *record) {
    int64_t size = take_varint(b);
    if (b->bad || size < 1 || size > b->end - b->at) {
        b->bad = 1;
        return;
    }
    Bytes own = {b->at + 1, b->at + size, 0}; /* without its attributes */
    b->at += size;
    record->time_delta = take_varint(&own);
    record->offset_delta = take_varint(&own);
    record->key = take_sized(&own);
    record->value = take_sized(&own);
    b->bad = own.bad;
}

/* Calls `take` with each record of a block until it gives -1. A block is (base offset, first time, time of all or
 * None, how many, their bytes). */
static inline int each_record(PyObject *block, int (*take)(void *, const Record *), void *with) {
    int64_t count = PyLong_AsLongLong(PyTuple_GET_ITEM(block, 3));
    Py_buffer given;
    if (PyErr_Occurred() || PyObject_GetBuffer(PyTuple_GET_ITEM(block, 4), &given, PyBUF_SIMPLE) < 0) return -1;
    Bytes bytes = {given.buf, (const uint8_t *)given.buf + given.len, 0};
    int done = 0;
    while (count-- > 0 && done == 0) {
        Record record;
        take_record(&bytes, &record);
        if (bytes.bad) {
            PyErr_Format(PyExc_ValueError, "no record in the batch at offset %S", PyTuple_GET_ITEM(block, 0));
            done = -1;
        } else {
            done = take(with, &record);
        }
    }
    PyBuffer_Release(&given);
    return done;
}

#endif
