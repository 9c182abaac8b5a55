/* Visitors packed as the changelog has them, and unpacked: as msgspec does it with those of visitor.py, to the byte. */
#define VIEW_FIELDS 10
#define HEADER 25 /* bytes before a packed state: format, applied, armed, version; see changelog.py */
#define ARMED 9

static Buffer packing;

/* A field that only Python knows; `absent`: how it is packed when new or empty. */
static int put_cold(Buffer *b, PyObject *value, uint8_t absent) {
    if (!value || value == Py_None || (PyList_Check(value) && !PyList_GET_SIZE(value)) ||
        (PyDict_Check(value) && !PyDict_GET_SIZE(value)))
        return put_byte(b, absent), 0;
    PyObject *packed = PyObject_CallOneArg(encode, value);
    if (!packed) return -1;
    if (PyBytes_Check(packed)) put(b, PyBytes_AS_STRING(packed), PyBytes_GET_SIZE(packed));
    else b->failed = 1;
    Py_DECREF(packed);
    return 0;
}

static int put_cart(Buffer *b, Visitor *v) {
    static const uint8_t rest[] = {0xC2, 0xC0, 0xC0, 0x80, 0xFF, 0xFF, 0xC0, 0xC0, 0x00};
    if (v->cold[CART]) return put_cold(b, v->cold[CART], 0xC0);
    put_array(b, 10);
    if (put_str(b, v->id, 0xA0) < 0) return -1;
    put(b, rest, sizeof rest);
    return 0;
}

static void put_views(Buffer *b, const Visitor *v) {
    put_map(b, v->views_count);
    for (int i = 0; i < v->views_count; i++) {
        const View *view = &v->views[v->order[i]];
        put(b, view->packed, view->id_size);
        put_array(b, VIEW_FIELDS);
        put(b, view->packed, view->id_size);
        put_int(b, view->count);
        put_int(b, view->dwell);
        put_int(b, view->at);
        put(b, view->packed + view->id_size, view->size - view->id_size);
    }
}

/* The fields of a packed visitor, in their order: both ways go by this. */
enum { NAME_OF, INT, FLAG, DOUBLE, TEXT_OR, IDS, SCREEN, VIEWS, LEFT };

typedef struct {
    int sort;
    size_t where;   /* offset in Visitor, or which of the cold */
    uint8_t absent; /* of a text or what is left to Python: how it is packed when new or empty */
} Field;

#define AT(field) offsetof(Visitor, field)

static const Field fields[] = {
    {NAME_OF, 0, 0}, {LEFT, CART, 0xC0}, {INT, AT(applied), 0}, {INT, AT(version), 0}, {INT, AT(armed), 0},
    {TEXT_OR, AT(customer), 0xC0}, {INT, AT(facts), 0}, {INT, AT(sent), 0}, {INT, AT(last_event), 0},
    {INT, AT(last_active), 0}, {FLAG, AT(idle_pending), 0}, {IDS, 0, 0}, {INT, AT(visits), 0},
    {INT, AT(visit_start), 0}, {INT, AT(last_look), 0}, {SCREEN, 0, 0}, {VIEWS, 0, 0}, {INT, AT(searches), 0},
    {TEXT_OR, AT(query), 0xA0}, {FLAG, AT(unanswered), 0}, {TEXT_OR, AT(search_event), 0xA0},
    {LEFT, SIGNALS, 0x80}, {LEFT, FIRED, 0x90}, {LEFT, REFUSED, 0x90}, {TEXT_OR, AT(cart_event), 0xA0},
    {LEFT, CHECKOUT, 0xC0}, {LEFT, ORDERS, 0x90}, {INT, AT(traits_orders), 0}, {DOUBLE, AT(traits_value), 0},
    {LEFT, CONSENT, 0x80}, {INT, AT(offered_at), 0}, {LEFT, EXITS, 0x80}, {LEFT, PUBLISHED, 0x90},
};

#define FIELDS (sizeof fields / sizeof *fields)

static void put_ids(Buffer *b, const Visitor *v) {
    put_map(b, v->ids_count);
    for (int i = 0; i < v->ids_count; i++) {
        const Id *id = &v->ids[(v->ids_first + i) % v->ids_room];
        put_text(b, text_of(id), id->size);
        put_byte(b, 0xC0);
    }
}

static void put_screen(Buffer *b, const Visitor *v) {
    if (v->screen < 0) put_byte(b, 0xA0);
    else put(b, v->views[v->screen].packed, v->views[v->screen].id_size);
}

static int put_field(Buffer *b, Visitor *v, const Field *field) {
    const void *at = (const char *)v + field->where;
    switch (field->sort) {
    case NAME_OF: return put_str(b, v->id, 0xA0);
    case INT: return put_int(b, *(const int64_t *)at), 0;
    case FLAG: return put_byte(b, *(const char *)at ? 0xC3 : 0xC2), 0;
    case DOUBLE: return put_double(b, *(const double *)at), 0;
    case TEXT_OR: return put_str(b, *(PyObject *const *)at, field->absent);
    case IDS: return put_ids(b, v), 0;
    case SCREEN: return put_screen(b, v), 0;
    case VIEWS: return put_views(b, v), 0;
    default: return field->where == CART ? put_cart(b, v) : put_cold(b, v->cold[field->where], field->absent);
    }
}

static int put_visitor(Buffer *b, Visitor *v) {
    put_array(b, FIELDS);
    for (size_t i = 0; i < FIELDS; i++)
        if (put_field(b, v, &fields[i]) < 0) return -1;
    return 0;
}

/* Header and state of each of the dirty visitors, of a version of its own, into the packed states and as records
 * of the changelog: as Keyed does it. How many bytes more are packed now. */
static PyObject *pack_all(PyObject *module, PyObject *args) {
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
        if (packing.failed) return PyErr_NoMemory();
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

static PyObject *pack(PyObject *module, PyObject *given) {
    if (Py_TYPE(given) != &VisitorType) return PyErr_Format(PyExc_TypeError, "not a visitor");
    Visitor *v = (Visitor *)given;
    packing.size = packing.failed = 0;
    if (put_visitor(&packing, v) < 0) return NULL;
    if (packing.failed) return PyErr_NoMemory();
    v->dirty = 0;
    return PyBytes_FromStringAndSize(packing.at, packing.size);
}

/* Reads one field into `cold`, by the decoder that Python has for it. */
static void take_cold(Reader *r, Visitor *v, int which, uint8_t absent) {
    if (r->at < r->end && *r->at == absent) {
        r->at++;
        return;
    }
    const uint8_t *start = r->at;
    skip(r, 0);
    if (r->bad) return;
    PyObject *packed = PyBytes_FromStringAndSize((const char *)start, r->at - start);
    PyObject *found =
        packed ? PyObject_CallOneArg(PyTuple_GET_ITEM(decoders, which), packed) : NULL;
    Py_XDECREF(packed);
    Py_XSETREF(v->cold[which], found);
    if (!found) r->bad = 1;
}

static void take_ids(Reader *r, Visitor *v) {
    for (size_t count = take_map(r); count-- && !r->bad;) {
        size_t size;
        const char *text = take_text(r, &size);
        if (!take_nil(r) || r->bad || size > UINT16_MAX || remember(v, text, size, hashed(text, size)) < 0)
            r->bad = 1;
    }
}

static void take_view(Reader *r, Visitor *v) {
    size_t size;
    skip(r, 0); /* its id, as a key */
    size_t fields = take_array(r);
    if (r->bad || fields < 5 || fields > VIEW_FIELDS) {
        r->bad = 1;
        return;
    }
    texts.size = texts.failed = 0;
    const char *text = take_text(r, &size);
    if (r->bad) return;
    put_text(&texts, text, size);
    uint32_t id_size = texts.size;
    int64_t count = take_int(r), dwell = take_int(r), at = take_int(r);
    const uint8_t *start = r->at;
    take_text(r, &size);
    for (size_t i = 5; i < fields && !r->bad; i++) {
        if (take_nil(r)) continue;
        if (i == 7 && r->at < r->end && *r->at == 0xCB) take_double(r);
        else if (i == 7) r->bad = 1;
        else take_text(r, &size);
    }
    if (r->bad) return;
    put(&texts, start, r->at - start);
    for (; fields < VIEW_FIELDS; fields++) put_byte(&texts, 0xC0);
    int place = texts.failed ? -1 : enter_view(v, &texts, id_size, at);
    if (place < 0) {
        r->bad = 1;
        return;
    }
    v->views[place].count = count;
    v->views[place].dwell = dwell;
}

static void take_screen(Reader *r, Visitor *v, const char *screen, size_t size) {
    if (!size) return;
    texts.size = texts.failed = 0;
    put_text(&texts, screen, size);
    int place = texts.failed ? -1 : find_view(v, texts.at, texts.size, hashed(texts.at, texts.size));
    if (place < 0) r->bad = 1;
    v->screen = place;
}

static void take_views(Reader *r, Visitor *v, Text screen) {
    for (size_t count = take_map(r); count-- && !r->bad;) take_view(r, v);
    if (!r->bad) take_screen(r, v, screen.at, screen.size);
}

/* `screen`: which view is on it, from its own field to that of the views. */
static void take_field(Reader *r, Visitor *v, const Field *field, Text *screen) {
    void *at = (char *)v + field->where;
    switch (field->sort) {
    case INT: *(int64_t *)at = take_int(r); break;
    case FLAG: *(char *)at = take_bool(r); break;
    case DOUBLE: *(double *)at = take_double(r); break;
    case TEXT_OR: *(PyObject **)at = take_str(r); break;
    case IDS: take_ids(r, v); break;
    case SCREEN: screen->at = take_text(r, &screen->size); break;
    case VIEWS: take_views(r, v, *screen); break;
    default: take_cold(r, v, field->where, field->absent);
    }
}

/* All but the id, of `count` fields: what an earlier release did not write is as new, what a later one wrote is left
 * out. */
static void take_visitor(Reader *r, Visitor *v, size_t count) {
    Text screen = {NULL, 0};
    for (size_t i = 1; i < count && !r->bad; i++) {
        if (i < FIELDS) take_field(r, v, &fields[i], &screen);
        else skip(r, 0);
    }
}

static Visitor *unpacked(const char *packed, Py_ssize_t size) {
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

static PyObject *unpack(PyObject *module, PyObject *packed) {
    Py_buffer given;
    if (PyObject_GetBuffer(packed, &given, PyBUF_SIMPLE) < 0) return NULL;
    Visitor *v = unpacked(given.buf, given.len);
    PyBuffer_Release(&given);
    return (PyObject *)v;
}
