/* The ids of a visitor's last accepted events, each behind the letter of its type. Source: docs/semantics.md, 2.
 *
 * They stand as the changelog has them, one after another, so that a checkpoint copies them and an id takes only the bytes
 * that it has. A ring of hashes beside them is searched first.
 */
#ifndef STREAM_NATIVE_IDS_H
#define STREAM_NATIVE_IDS_H

#include "_constants.h"
#include "_msgpack.h"
#include "_text.h"

typedef struct {
    char *packed; /* in msgpack, each a text and nil, the oldest first */
    uint32_t start, end, room;
    uint32_t *hashes;
    uint16_t count, hashes_room;
    uint16_t first; /* the place of the oldest among the hashes; 0 until there are KEPT_IDS */
} Ids;

/* What an event is known by: its id and the letter of its type. */
typedef struct {
    Text id;
    uint32_t hash;
    char letter;
} EventName;

static inline EventName event_name(char letter, Text id) {
    return (EventName){id, hashed(id) ^ (uint32_t)(uint8_t)letter * 0x9E3779B1u, letter};
}

/* As Python writes it: letter and id in one. */
static inline EventName event_name_of(Text written) {
    char letter = written.size ? *written.at : 0;
    Text id = {written.at + (written.size > 0), written.size - (written.size > 0)};
    return event_name(letter, id);
}

static inline void clear_ids(Ids *ids) {
    PyMem_Free(ids->packed);
    PyMem_Free(ids->hashes);
    memset(ids, 0, sizeof *ids);
}

/* Reads the packed id at `*at` and goes to the next. */
static inline EventName next_id(const Ids *ids, uint32_t *at) {
    Reader r = {(const uint8_t *)ids->packed + *at, (const uint8_t *)ids->packed + ids->end, 0};
    Text written = take_text(&r);
    *at = (uint32_t)((const char *)r.at - ids->packed) + 1;
    Text id = {written.at + 1, written.size - 1};
    return (EventName){id, 0, *written.at};
}

static inline int is_at(const Ids *ids, int place, const EventName *name) {
    uint32_t at = ids->start;
    for (int older = (place - ids->first + KEPT_IDS) % KEPT_IDS; older > 0; older--) next_id(ids, &at);
    EventName found = next_id(ids, &at);
    return found.letter == name->letter && same_text(found.id, name->id);
}

static inline int has_id(const Ids *ids, const EventName *name) {
    const uint32_t *hashes = ids->hashes;
    int count = ids->count, equal = 0;
    for (int place = 0; place < count; place++) equal |= hashes[place] == name->hash;
    for (int place = 0; equal && place < count; place++)
        if (hashes[place] == name->hash && is_at(ids, place, name)) return 1;
    return 0;
}

/* Makes room for `more` bytes behind the last id. Moves the ids to the front if that frees a quarter of the room. */
static inline int make_room(Ids *ids, uint32_t more) {
    uint32_t size = ids->end - ids->start;
    if (more <= ids->room - ids->end) return 0;
    if (size) memmove(ids->packed, ids->packed + ids->start, size);
    ids->start = 0;
    ids->end = size;
    if (size + more <= ids->room / 4 * 3) return 0;
    uint32_t room = (size + more) * 2;
    char *packed = PyMem_Realloc(ids->packed, room);
    if (!packed) return PyErr_NoMemory(), -1;
    ids->packed = packed;
    ids->room = room;
    return 0;
}

/* The last KEPT_IDS stay. */
static inline int add_id(Ids *ids, const EventName *name) {
    if (ids->count == ids->hashes_room && ids->count < KEPT_IDS) {
        int room = ids->hashes_room ? ids->hashes_room * 2 : 8;
        uint32_t *hashes = PyMem_Realloc(ids->hashes, room * sizeof *hashes);
        if (!hashes) return PyErr_NoMemory(), -1;
        ids->hashes = hashes;
        ids->hashes_room = (uint16_t)room;
    }
    if (make_room(ids, (uint32_t)name->id.size + 8) < 0) return -1;
    int place = ids->count;
    if (place == KEPT_IDS) {
        next_id(ids, &ids->start);
        place = ids->first;
        ids->first = (uint16_t)((place + 1) % KEPT_IDS);
    } else {
        ids->count++;
    }
    ids->hashes[place] = name->hash;
    Buffer b = {ids->packed, ids->end, ids->room, 0};
    put_text_head(&b, name->id.size + 1);
    put_byte(&b, (uint8_t)name->letter);
    put(&b, name->id.at, name->id.size);
    put_byte(&b, NIL);
    ids->end = (uint32_t)b.size;
    return 0;
}

static inline void put_ids(Buffer *b, const Ids *ids) {
    put_map(b, ids->count);
    if (ids->count) put(b, ids->packed + ids->start, ids->end - ids->start);
}

static inline void take_ids(Reader *r, Ids *ids) {
    for (size_t count = take_map(r); count-- && !r->bad;) {
        Text written = take_text(r);
        EventName name = event_name_of(written);
        if (!take_nil(r) || r->bad || !written.size || written.size > UINT16_MAX || add_id(ids, &name) < 0) r->bad = 1;
    }
}

#endif
