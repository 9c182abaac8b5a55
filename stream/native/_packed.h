/* Visitors packed as the changelog has them, and unpacked: as msgspec does it with those of visitor.py, to the byte. */
#ifndef STREAM_NATIVE_PACKED_H
#define STREAM_NATIVE_PACKED_H

#include "_visitor.h"

/* How a field is packed. */
enum { ITS_ID, INT, FLAG, DOUBLE, STR, ITS_IDS, ON_SCREEN, ITS_VIEWS, OBJECT };

typedef struct {
    const char *name;
    int sort;
    size_t where;   /* offset in Visitor, or which of the objects */
    uint8_t as_new; /* of a text or an object: how it is packed when it is new or empty */
} Field;

#define INT_AT(field) {#field, INT, offsetof(Visitor, field), 0}
#define FLAG_AT(field) {#field, FLAG, offsetof(Visitor, field), 0}
#define STR_AT(field, as_new) {#field, STR, offsetof(Visitor, field), as_new}

/* The fields of a packed visitor, in their order: both ways go by this. */
static const Field fields[] = {
    {"id", ITS_ID, 0, 0}, {"cart", OBJECT, CART, NIL},
    INT_AT(applied), INT_AT(version), INT_AT(armed), STR_AT(customer, NIL),
    INT_AT(facts), INT_AT(sent), INT_AT(last_event), INT_AT(last_active), FLAG_AT(idle_pending),
    {"ids", ITS_IDS, 0, 0}, INT_AT(visits), INT_AT(visit_start), INT_AT(last_look),
    {"screen", ON_SCREEN, 0, 0}, {"views", ITS_VIEWS, 0, 0},
    INT_AT(searches), STR_AT(query, NO_TEXT), FLAG_AT(unanswered), STR_AT(search_event, NO_TEXT),
    {"signals", OBJECT, SIGNALS_SEEN, NO_MAP}, {"fired", OBJECT, FIRED, NO_LIST}, {"refused", OBJECT, REFUSED, NO_LIST},
    STR_AT(cart_event, NO_TEXT), {"checkout", OBJECT, CHECKOUT, NIL}, {"orders", OBJECT, ORDERS, NO_LIST},
    INT_AT(traits_orders), {"traits_value", DOUBLE, offsetof(Visitor, traits_value), 0},
    {"consent", OBJECT, CONSENT, NO_MAP}, INT_AT(offered_at), {"exits", OBJECT, EXITS, NO_MAP},
    {"published", OBJECT, PUBLISHED, NO_LIST}, INT_AT(last_change), FLAG_AT(shown), FLAG_AT(emptied),
    {"taken", OBJECT, TAKEN, NIL}, {"ordered", OBJECT, ORDERED, NIL}, {"gone", OBJECT, GONE, NO_LIST},
    STR_AT(email, NIL), STR_AT(phone, NIL), INT_AT(customer_since), STR_AT(former, NIL), INT_AT(left_at),
    {"bound_pairs", OBJECT, TOLD, NO_MAP}, STR_AT(page, NO_TEXT),
    INT_AT(looks), FLAG_AT(subscribed), {"subscription", OBJECT, SUBSCRIPTION, NO_LIST},
    {"in_time", OBJECT, IN_TIME, NIL},
};

#define FIELDS (sizeof fields / sizeof *fields)

/* ---- packing ---- */

static Buffer packing;

/* A str; NULL is as new. */
static inline int put_str(Buffer *b, PyObject *str, uint8_t as_new) {
    if (!str) return put_byte(b, as_new), 0;
    Py_ssize_t size;
    const char *at = PyUnicode_AsUTF8AndSize(str, &size);
    if (!at) return -1;
    put_text(b, (Text){at, size});
    return 0;
}

static inline int put_object(Buffer *b, PyObject *value, uint8_t as_new) {
    if (!value || value == Py_None || (PyList_Check(value) && !PyList_GET_SIZE(value)) ||
        (PyDict_Check(value) && !PyDict_GET_SIZE(value)))
        return put_byte(b, as_new), 0;
    PyObject *packed = PyObject_CallOneArg(encode, value);
    if (!packed) return -1;
    if (PyBytes_Check(packed)) put(b, PyBytes_AS_STRING(packed), PyBytes_GET_SIZE(packed));
    else b->failed = 1;
    Py_DECREF(packed);
    return 0;
}

static inline int put_cart(Buffer *b, Visitor *v) {
    if (v->objects[CART]) return put_object(b, v->objects[CART], NIL);
    put(b, new_cart_head.at, new_cart_head.size);
    if (put_str(b, v->id, NO_TEXT) < 0) return -1;
    put(b, new_cart_rest.at, new_cart_rest.size);
    return 0;
}

static inline void put_on_screen(Buffer *b, const Views *views) {
    if (views->on_screen < 0) put_byte(b, NO_TEXT);
    else put(b, views->all[views->on_screen].packed, views->all[views->on_screen].id_size);
}

static inline int put_field(Buffer *b, Visitor *v, const Field *field) {
    const void *at = (const char *)v + field->where;
    switch (field->sort) {
    case ITS_ID: return put_str(b, v->id, NO_TEXT);
    case INT: return put_int(b, *(const int64_t *)at), 0;
    case FLAG: return put_byte(b, *(const char *)at ? TRUE_ : FALSE_), 0;
    case DOUBLE: return put_double(b, *(const double *)at), 0;
    case STR: return put_str(b, *(PyObject *const *)at, field->as_new);
    case ITS_IDS: return put_ids(b, &v->ids), 0;
    case ON_SCREEN: return put_on_screen(b, &v->views), 0;
    case ITS_VIEWS: return put_views(b, &v->views), 0;
    default: return field->where == CART ? put_cart(b, v) : put_object(b, v->objects[field->where], field->as_new);
    }
}

static inline int put_visitor(Buffer *b, Visitor *v) {
    PyObject *last = v->objects[IN_TIME]; /* of most visitors there is none, and it is not written down */
    size_t count = last && last != Py_None ? FIELDS : FIELDS - 1;
    put_array(b, count);
    for (size_t i = 0; i < count; i++)
        if (put_field(b, v, &fields[i]) < 0) return -1;
    if (b->failed) return PyErr_NoMemory(), -1;
    return 0;
}

/* ---- unpacking ---- */

/* A str; NULL for nil and "". */
static inline PyObject *take_str(Reader *r) {
    if (take_nil(r)) return NULL;
    Text text = take_text(r);
    if (r->bad || !text.size) return NULL;
    PyObject *found = PyUnicode_DecodeUTF8(text.at, text.size, NULL);
    if (!found) r->bad = 1;
    return found;
}

static inline void take_object(Reader *r, Visitor *v, int which, uint8_t as_new) {
    if (r->at < r->end && *r->at == as_new) {
        r->at++;
        return;
    }
    const uint8_t *start = r->at;
    skip(r, 0);
    if (r->bad) return;
    PyObject *packed = PyBytes_FromStringAndSize((const char *)start, r->at - start);
    PyObject *found = packed ? PyObject_CallOneArg(PyTuple_GET_ITEM(decoders, which), packed) : NULL;
    Py_XDECREF(packed);
    Py_XSETREF(v->objects[which], found);
    if (!found) r->bad = 1;
}

/* `on_screen`: the id of the product on screen, from its own field to that of the views. */
static inline void take_views(Reader *r, Views *views, Text on_screen) {
    for (size_t count = take_map(r); count-- && !r->bad;) take_view(r, views);
    if (r->bad || !on_screen.size) return;
    view_texts.size = view_texts.failed = 0;
    put_text(&view_texts, on_screen);
    Text id = {view_texts.at, view_texts.size};
    int place = view_texts.failed ? -1 : find_view(views, id, hashed(id));
    if (place < 0) r->bad = 1;
    views->on_screen = (int8_t)place;
}

static inline void take_field(Reader *r, Visitor *v, const Field *field, Text *on_screen) {
    void *at = (char *)v + field->where;
    switch (field->sort) {
    case INT: *(int64_t *)at = take_int(r); break;
    case FLAG: *(char *)at = (char)take_bool(r); break;
    case DOUBLE: *(double *)at = take_double(r); break;
    case STR: Py_XSETREF(*(PyObject **)at, take_str(r)); break;
    case ITS_IDS: take_ids(r, &v->ids); break;
    case ON_SCREEN: *on_screen = take_text(r); break;
    case ITS_VIEWS: take_views(r, &v->views, *on_screen); break;
    default: take_object(r, v, (int)field->where, field->as_new);
    }
}

/* Reads all but the id of a visitor of `count` fields. A field that an earlier release did not write is as new; one that
 * a later release wrote is left out. */
static inline void take_visitor(Reader *r, Visitor *v, size_t count) {
    Text on_screen = {NULL, 0};
    for (size_t i = 1; i < count && !r->bad; i++) {
        if (i < FIELDS) take_field(r, v, &fields[i], &on_screen);
        else skip(r, 0);
    }
}

static inline Visitor *unpacked(const char *packed, Py_ssize_t size) {
    Reader r = {(const uint8_t *)packed, (const uint8_t *)packed + size, 0};
    Visitor *v = NULL;
    size_t count = take_array(&r);
    PyObject *id = r.bad || !count ? NULL : take_str(&r);
    if (id) v = (Visitor *)PyObject_CallOneArg((PyObject *)&VisitorType, id);
    Py_XDECREF(id);
    if (v) take_visitor(&r, v, count);
    if (v && (r.bad || r.at != r.end)) Py_CLEAR(v);
    if (!v && !PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "no visitor's state, from byte %zd on", (const char *)r.at - packed);
    return v;
}

/* ---- what Python calls ---- */

/* As Keyed._pack_each: (format, dirty, packed, records). Packs header and state of each dirty visitor, of a version of
 * its own, into the packed states and as a record of the changelog. Gives how many bytes more are packed now. */
static inline PyObject *pack_all(PyObject *module, PyObject *args) {
    PyObject *dirty, *packed, *records, *key, *given;
    int format;
    Py_ssize_t at = 0;
    long long grown = 0;
    if (!PyArg_ParseTuple(args, "iO!O!O!", &format, &PyDict_Type, &dirty, &PyDict_Type, &packed, &PyList_Type,
                          &records))
        return NULL;
    while (PyDict_Next(dirty, &at, &key, &given)) {
        if (Py_TYPE(given) != &VisitorType) return PyErr_Format(PyExc_TypeError, "not a visitor");
        Visitor *v = (Visitor *)given;
        v->version++;
        packing.size = packing.failed = 0;
        put_number(&packing, (uint8_t)format, v->applied, 8);
        for (int i = 7; i >= 0; i--) put_byte(&packing, (uint8_t)((uint64_t)v->armed >> 8 * i));
        for (int i = 7; i >= 0; i--) put_byte(&packing, (uint8_t)((uint64_t)v->version >> 8 * i));
        if (put_visitor(&packing, v) < 0) return NULL;
        PyObject *old = PyDict_GetItemWithError(packed, key);
        grown += (long long)packing.size - (old ? PyBytes_GET_SIZE(old) : 0);
        PyObject *value = PyBytes_FromStringAndSize(packing.at, packing.size);
        PyObject *name = PyUnicode_AsUTF8String(key);
        PyObject *record = value && name && !PyErr_Occurred() ? PyTuple_Pack(2, name, value) : NULL;
        int failed = !record || PyDict_SetItem(packed, key, value) < 0 || PyList_Append(records, record) < 0;
        Py_XDECREF(value);
        Py_XDECREF(name);
        Py_XDECREF(record);
        if (failed) return NULL;
        v->dirty = 0;
    }
    return PyLong_FromLongLong(grown);
}

static inline PyObject *pack(PyObject *module, PyObject *given) {
    if (Py_TYPE(given) != &VisitorType) return PyErr_Format(PyExc_TypeError, "not a visitor");
    Visitor *v = (Visitor *)given;
    packing.size = packing.failed = 0;
    if (put_visitor(&packing, v) < 0) return NULL;
    v->dirty = 0;
    return PyBytes_FromStringAndSize(packing.at, packing.size);
}

static inline PyObject *unpack(PyObject *module, PyObject *packed) {
    Py_buffer given;
    if (PyObject_GetBuffer(packed, &given, PyBUF_SIMPLE) < 0) return NULL;
    Visitor *v = unpacked(given.buf, given.len);
    PyBuffer_Release(&given);
    return (PyObject *)v;
}

#endif
