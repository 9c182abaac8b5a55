/* The products that a visitor looked at in the visit. Source: docs/semantics.md, 3, "Views". */
#ifndef STREAM_NATIVE_VIEWS_H
#define STREAM_NATIVE_VIEWS_H

#include "_constants.h"
#include "_msgpack.h"
#include "_text.h"

typedef struct {
    int64_t count, dwell, at; /* dwell, at: ms */
    char *packed;             /* id, event, name, category, price, url, image in msgpack */
    uint32_t id_size, size;   /* bytes of the packed id, and of all */
} View;

typedef struct {
    View *all;
    uint8_t count, room;
    int8_t on_screen;          /* the place of the product on screen; -1: none */
    uint8_t order[KEPT_VIEWS]; /* places, by the last look */
    uint32_t hashes[KEPT_VIEWS];
} Views;

static inline void clear_views(Views *views) {
    for (int i = 0; i < views->count; i++) PyMem_Free(views->all[i].packed);
    views->count = 0;
    views->on_screen = -1;
}

static inline int find_view(const Views *views, Text packed_id, uint32_t hash) {
    for (int i = 0; i < views->count; i++)
        if (views->hashes[i] == hash && same_text((Text){views->all[i].packed, views->all[i].id_size}, packed_id))
            return i;
    return -1;
}

static inline int grow_views(Views *views) {
    int room = views->room ? views->room * 2 : 4;
    room = room > KEPT_VIEWS ? KEPT_VIEWS : room;
    View *all = PyMem_Realloc(views->all, room * sizeof(View));
    if (!all) return PyErr_NoMemory(), -1;
    views->all = all;
    views->room = (uint8_t)room;
    return 0;
}

/* Counts a look at a product and makes its view the newest; the oldest makes room. `texts`: as View.packed has them;
 * they are copied. Its place, or -1. */
static inline int enter_view(Views *views, Text texts, uint32_t id_size, int64_t t) {
    Text id = {texts.at, id_size};
    uint32_t hash = hashed(id);
    int place = find_view(views, id, hash), rank = views->count;
    if (place < 0 && views->count == views->room && views->room < KEPT_VIEWS && grow_views(views) < 0) return -1;
    char *packed = PyMem_Malloc(texts.size);
    if (!packed) return PyErr_NoMemory(), -1;
    memcpy(packed, texts.at, texts.size);
    if (place >= 0) {
        for (rank = 0; views->order[rank] != place; rank++);
        PyMem_Free(views->all[place].packed);
    } else {
        if (views->count < KEPT_VIEWS) {
            place = views->count++;
        } else {
            place = views->order[rank = 0];
            PyMem_Free(views->all[place].packed);
        }
        views->all[place].count = views->all[place].dwell = 0;
    }
    memmove(views->order + rank, views->order + rank + 1, views->count - 1 - rank);
    views->order[views->count - 1] = (uint8_t)place;
    views->hashes[place] = hash;
    View *view = &views->all[place];
    view->count++;
    view->at = t;
    view->packed = packed;
    view->id_size = id_size;
    view->size = (uint32_t)texts.size;
    return place;
}

static inline Text id_of_view(const View *view) {
    Reader r = {(const uint8_t *)view->packed, (const uint8_t *)view->packed + view->size, 0};
    return take_text(&r);
}

static inline void put_views(Buffer *b, const Views *views) {
    put_map(b, views->count);
    for (int i = 0; i < views->count; i++) {
        const View *view = &views->all[views->order[i]];
        put(b, view->packed, view->id_size);
        put_array(b, VIEW_FIELDS);
        put(b, view->packed, view->id_size);
        put_int(b, view->count);
        put_int(b, view->dwell);
        put_int(b, view->at);
        put(b, view->packed + view->id_size, view->size - view->id_size);
    }
}

static Buffer view_texts; /* of the view at work; its memory is kept for the next */

/* A view as it is packed; what an earlier release did not write is nil. */
static inline void take_view(Reader *r, Views *views) {
    skip(r, 0); /* its id, as a key */
    size_t fields = take_array(r);
    if (r->bad || fields < 5 || fields > VIEW_FIELDS) {
        r->bad = 1;
        return;
    }
    view_texts.size = view_texts.failed = 0;
    Text id = take_text(r);
    if (r->bad) return;
    put_text(&view_texts, id);
    uint32_t id_size = (uint32_t)view_texts.size;
    int64_t count = take_int(r), dwell = take_int(r), at = take_int(r);
    const uint8_t *start = r->at;
    take_text(r); /* the event */
    for (size_t i = 5; i < fields && !r->bad; i++) {
        if (take_nil(r)) continue;
        if (i != 7) take_text(r);
        else if (r->at < r->end && *r->at == 0xCB) take_double(r); /* the price */
        else r->bad = 1;
    }
    if (r->bad) return;
    put(&view_texts, start, r->at - start);
    for (; fields < VIEW_FIELDS; fields++) put_byte(&view_texts, NIL);
    Text texts = {view_texts.at, view_texts.size};
    int place = view_texts.failed ? -1 : enter_view(views, texts, id_size, at);
    if (place < 0) {
        r->bad = 1;
        return;
    }
    views->all[place].count = count;
    views->all[place].dwell = dwell;
}

#endif
