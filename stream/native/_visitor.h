/* A visitor as one block of memory, and what the events do to it that are compiled. Source: docs/semantics.md, 2 and 3;
 * visitor.py. */
#define NEVER (-1)
#define KEPT_IDS 16
#define KEPT_VIEWS 20
#define NOTHING 0
#define IDLE 2
#define TEXT 37 /* bytes of an id that is kept in its place; a UUID has 36 */
#define FOLDED KINDS      /* in place of a kind: an engaged event that Python folds */
#define NOTED (KINDS + 1) /* any other event, of which Python does what is to be done */

/* ---- what Python hands in once (configure) ---- */

typedef struct {
    PyTypeObject *type;
    Py_ssize_t id, visitor, customer, client_time, own; /* own: product or query */
} Kind;

typedef struct {
    PyObject *name;
    double weight, half_life, least_held; /* ms */
} Sort;

static Kind any_event, kinds[LEAVING]; /* a signal of leaving is not taken from a Struct */
static PyObject *folds, *notes; /* what Python does at events of other types, by type: engaged ones and others */
static Sort sorts[SIGNALS_KNOWN];
static Py_ssize_t product_fields[PARTS], cart_lines, signal_at;
static int64_t visit_gap, idle_after, late_after;
static double cart_weight, products_weight, unclear_from;
static PyObject *unset, *view_type, *glance_type, *signal_type, *cart_type, *encode, *decoders, *empty_text;

/* ---- the visitor ---- */

typedef struct {
    uint16_t size;
    char text[TEXT + 1]; /* longer ones stand elsewhere, and here is where */
} Id;

typedef struct {
    int64_t count, dwell, at;
    char *packed; /* id, event, name, category, price, url, image in msgpack */
    uint32_t id_size, size;
} View;

/* Fields that only Python reads and writes. NULL: as new. */
enum { CART, CHECKOUT, ORDERS, SIGNALS, FIRED, REFUSED, CONSENT, EXITS, PUBLISHED, COLD };

typedef struct {
    PyObject_HEAD
    int64_t applied, armed, last_event, last_active, last_look, visit_start, visits, sent, searches;
    PyObject *id, *customer, *query, *search_event; /* NULL: None or "" */
    char idle_pending, unanswered, dirty;
    int8_t screen; /* the view on screen, or -1 */
    uint8_t ids_count, ids_first, ids_room, views_count, views_room;
    uint8_t order[KEPT_VIEWS]; /* the views, by their last look */
    uint32_t id_hashes[KEPT_IDS], view_hashes[KEPT_VIEWS];
    Id *ids; /* a ring */
    View *views;
    int64_t version, facts, traits_orders, offered_at;
    double traits_value;
    PyObject *cart_event;
    PyObject *cold[COLD];
} Visitor;

static PyTypeObject VisitorType;

static PyObject *slot(PyObject *of, Py_ssize_t offset) { return *(PyObject **)((char *)of + offset); }

static uint32_t hashed(const char *text, size_t size) {
    uint64_t h = 0x9E3779B97F4A7C15u ^ size, part;
    for (; size >= 8; text += 8, size -= 8) {
        memcpy(&part, text, 8);
        h = (h ^ part) * 0xFF51AFD7ED558CCDu;
        h ^= h >> 32;
    }
    part = 0;
    memcpy(&part, text, size);
    h = (h ^ part) * 0xFF51AFD7ED558CCDu;
    return (uint32_t)(h ^ h >> 32);
}

static const char *text_of(const Id *id) {
    if (id->size <= TEXT) return id->text;
    char *elsewhere;
    memcpy(&elsewhere, id->text, sizeof elsewhere);
    return elsewhere;
}

static void drop_id(Id *id) {
    if (id->size > TEXT) PyMem_Free((char *)text_of(id));
    id->size = 0;
}

static void clear_ids(Visitor *v) {
    for (int i = 0; i < v->ids_count; i++) drop_id(&v->ids[(v->ids_first + i) % v->ids_room]);
    v->ids_count = v->ids_first = 0;
}

static void clear_views(Visitor *v) {
    for (int i = 0; i < v->views_count; i++) PyMem_Free(v->views[i].packed);
    v->views_count = 0;
    v->screen = -1;
}

static int has_id(const Visitor *v, const char *text, size_t size, uint32_t hash) {
    for (int i = 0; i < v->ids_count; i++) {
        int place = (v->ids_first + i) % v->ids_room;
        if (v->id_hashes[place] == hash && v->ids[place].size == size &&
            memcmp(text_of(&v->ids[place]), text, size) == 0)
            return 1;
    }
    return 0;
}

/* The last KEPT_IDS stay. The room grows only before the ring has gone round. */
static int remember(Visitor *v, const char *text, size_t size, uint32_t hash) {
    if (v->ids_count == v->ids_room && v->ids_room < KEPT_IDS) {
        int room = v->ids_room ? v->ids_room * 2 : 4;
        Id *more = PyMem_Realloc(v->ids, room * sizeof(Id));
        if (!more) return PyErr_NoMemory(), -1;
        v->ids = more;
        v->ids_room = room;
    }
    char *elsewhere = NULL;
    if (size > TEXT) {
        elsewhere = PyMem_Malloc(size);
        if (!elsewhere) return PyErr_NoMemory(), -1;
        memcpy(elsewhere, text, size);
    }
    int place = (v->ids_first + v->ids_count) % v->ids_room;
    Id *id = &v->ids[place];
    if (v->ids_count == KEPT_IDS) {
        drop_id(id);
        v->ids_first = (v->ids_first + 1) % KEPT_IDS;
    } else {
        v->ids_count++;
    }
    id->size = (uint16_t)size;
    if (elsewhere)
        memcpy(id->text, &elsewhere, sizeof elsewhere);
    else
        memcpy(id->text, text, size);
    v->id_hashes[place] = hash;
    return 0;
}

static PyObject *get_cold(Visitor *v, void *which) {
    PyObject **cold = &v->cold[(intptr_t)which];
    if (!*cold) {
        switch ((intptr_t)which) {
        case CART: *cold = PyObject_CallOneArg(cart_type, v->id); break;
        case CHECKOUT: Py_RETURN_NONE;
        case SIGNALS: case CONSENT: case EXITS: *cold = PyDict_New(); break;
        default: *cold = PyList_New(0);
        }
    }
    return Py_XNewRef(*cold);
}

/* ---- str as msgpack ---- */

/* A str; NULL: `absent`. */
static int put_str(Buffer *b, PyObject *text, uint8_t absent) {
    if (!text) return put_byte(b, absent), 0;
    Py_ssize_t size;
    const char *from = PyUnicode_AsUTF8AndSize(text, &size);
    if (!from) return -1;
    put_text(b, from, size);
    return 0;
}

/* A str, kept; for nil and "" NULL. */
static PyObject *take_str(Reader *r) {
    size_t size;
    if (take_nil(r)) return NULL;
    const char *text = take_text(r, &size);
    if (r->bad || !size) return NULL;
    PyObject *found = PyUnicode_DecodeUTF8(text, size, NULL);
    if (!found) r->bad = 1;
    return found;
}

/* ---- views ---- */

static int find_view(const Visitor *v, const char *packed, uint32_t size, uint32_t hash) {
    for (int i = 0; i < v->views_count; i++)
        if (v->view_hashes[i] == hash && v->views[i].id_size == size &&
            memcmp(v->views[i].packed, packed, size) == 0)
            return i;
    return -1;
}

/* The view becomes the newest; the oldest makes room. `texts`: as View.packed has them, copied. Its place or -1. */
static int enter_view(Visitor *v, const Buffer *texts, uint32_t id_size, int64_t t) {
    uint32_t hash = hashed(texts->at, id_size);
    int place = find_view(v, texts->at, id_size, hash), rank = v->views_count;
    if (place < 0 && v->views_count == v->views_room && v->views_room < KEPT_VIEWS) {
        int room = v->views_room ? v->views_room * 2 : 4;
        room = room > KEPT_VIEWS ? KEPT_VIEWS : room;
        View *views = PyMem_Realloc(v->views, room * sizeof(View));
        if (!views) return PyErr_NoMemory(), -1;
        v->views = views;
        v->views_room = room;
    }
    char *packed = PyMem_Malloc(texts->size);
    if (!packed) return PyErr_NoMemory(), -1;
    memcpy(packed, texts->at, texts->size);
    View *view;
    if (place >= 0) {
        view = &v->views[place];
        PyMem_Free(view->packed);
        for (rank = 0; v->order[rank] != place; rank++);
    } else {
        if (v->views_count < KEPT_VIEWS) {
            place = v->views_count++;
        } else {
            place = v->order[rank = 0];
            PyMem_Free(v->views[place].packed);
        }
        view = &v->views[place];
        view->count = view->dwell = 0;
    }
    memmove(v->order + rank, v->order + rank + 1, v->views_count - 1 - rank);
    v->order[v->views_count - 1] = place;
    v->view_hashes[place] = hash;
    view->count++;
    view->at = t;
    view->packed = packed;
    view->id_size = id_size;
    view->size = texts->size;
    return place;
}

static Buffer texts; /* of the view at work; its memory is kept for the next */

static void put_part(Buffer *b, Text text) {
    if (text.at) put_text(b, text.at, text.size);
    else put_byte(b, 0xC0);
}

static int look_at(Visitor *v, const Event *event, int64_t t) {
    texts.size = texts.failed = 0;
    put_part(&texts, event->product[PRODUCT_ID]);
    uint32_t id_size = texts.size;
    put_part(&texts, event->id);
    put_part(&texts, event->product[NAME]);
    put_part(&texts, event->product[IN_CATEGORY]);
    if (event->product[PRICE].at) put_double(&texts, event->price);
    else put_byte(&texts, 0xC0);
    put_part(&texts, event->product[URL]);
    put_part(&texts, event->product[IMAGE]);
    if (texts.failed) return PyErr_NoMemory(), -1;
    int place = enter_view(v, &texts, id_size, t);
    if (place < 0) return -1;
    v->screen = place;
    v->unanswered = 0;
    v->last_look = t;
    return 0;
}

static PyObject *str_or_none(Reader *r) {
    size_t size;
    if (take_nil(r)) Py_RETURN_NONE;
    const char *text = take_text(r, &size);
    return PyUnicode_DecodeUTF8(text, size, NULL);
}

static PyObject *float_or_none(Reader *r) {
    if (take_nil(r)) Py_RETURN_NONE;
    return PyFloat_FromDouble(take_double(r));
}

/* View, or Glance: all of a view but what it looks like, and its category. */
static PyObject *as_struct(const View *view, PyObject *type) {
    enum { ID, COUNT, DWELL, WHEN, EVENT, CALLED, KIND, WORTH, PAGE_OF, PICTURE, ALL };
    PyObject *args[ALL] = {NULL}, *made = NULL;
    Reader r = {(const uint8_t *)view->packed, (const uint8_t *)view->packed + view->size, 0};
    int count = ALL, fine = 1;
    args[ID] = str_or_none(&r);
    args[COUNT] = PyLong_FromLongLong(view->count);
    args[DWELL] = PyLong_FromLongLong(view->dwell);
    args[WHEN] = PyLong_FromLongLong(view->at);
    args[EVENT] = str_or_none(&r);
    if (type == glance_type) {
        skip(&r, 0);
        args[CALLED] = str_or_none(&r);
        count = CALLED + 1;
    } else {
        args[CALLED] = str_or_none(&r);
        args[KIND] = str_or_none(&r);
        args[WORTH] = float_or_none(&r);
        args[PAGE_OF] = str_or_none(&r);
        args[PICTURE] = str_or_none(&r);
    }
    for (int i = 0; i < count; i++) fine = fine && args[i];
    if (fine) made = PyObject_Vectorcall(type, args, count, NULL);
    for (int i = 0; i < count; i++) Py_XDECREF(args[i]);
    return made;
}

/* ---- what events do ---- */

static void engage(Visitor *v, int64_t t) {
    if (v->last_active == NEVER || t - v->last_active >= visit_gap) {
        v->visits++;
        v->visit_start = t;
        clear_ids(v);
        clear_views(v);
        v->searches = 0;
        Py_CLEAR(v->query);
        v->unanswered = 0;
        Py_CLEAR(v->search_event);
        Py_CLEAR(v->cold[SIGNALS]);
        Py_CLEAR(v->cold[FIRED]);
        Py_CLEAR(v->cold[REFUSED]);
        v->last_look = NEVER;
    } else if (v->screen >= 0) {
        v->views[v->screen].dwell += t - v->last_active;
    }
    v->last_active = t;
    v->idle_pending = 1;
}

static void look_away(Visitor *v, int64_t t) {
    v->screen = -1;
    v->last_look = t;
}

static int search(Visitor *v, const Event *event, int64_t t) {
    PyObject *query = NULL, *id = PyUnicode_DecodeUTF8(event->id.at, event->id.size, NULL);
    if (event->query.size) query = PyUnicode_DecodeUTF8(event->query.at, event->query.size, NULL);
    if (!id || PyErr_Occurred()) return Py_XDECREF(id), -1;
    look_away(v, t);
    v->searches++;
    Py_XSETREF(v->query, query);
    v->unanswered = 1;
    Py_XSETREF(v->search_event, id);
    return 0;
}

static int text_in(PyObject *given, Text *text) {
    Py_ssize_t size;
    if (given == unset) return 1;
    if (!given || !PyUnicode_Check(given) || !(text->at = PyUnicode_AsUTF8AndSize(given, &size))) return 0;
    text->size = size;
    return 1;
}

/* What a Struct says: all of it, or what every event has if Python has to `act` on it. 0: it is of no known type; -1: no
 * Struct as they should be. */
static int from_struct(PyObject *given, Event *event, PyObject **act) {
    int which = 0, fine;
    while (which < LEAVING && kinds[which].type != Py_TYPE(given)) which++;
    if (which == LEAVING) {
        *act = PyDict_GetItemWithError(folds, (PyObject *)Py_TYPE(given));
        which = *act ? FOLDED : NOTED;
        if (!*act && !PyErr_Occurred()) *act = PyDict_GetItemWithError(notes, (PyObject *)Py_TYPE(given));
        if (!*act) return PyErr_Occurred() ? -1 : 0;
    }
    const Kind *kind = which < LEAVING ? &kinds[which] : &any_event;
    memset(event, 0, sizeof *event);
    event->kind = which;
    PyObject *sent = slot(given, kind->client_time), *own = kind->own ? slot(given, kind->own) : unset;
    fine = text_in(slot(given, kind->id), &event->id) && text_in(slot(given, kind->visitor), &event->visitor) &&
           text_in(slot(given, kind->customer), &event->customer) && sent && own;
    if (fine && sent != unset) {
        event->sent = 1;
        event->client_time = PyLong_AsLongLong(sent);
        fine = !PyErr_Occurred();
    }
    if (fine && which == SEARCH) fine = text_in(own, &event->query);
    for (int i = 0; fine && which == PRODUCT && i < PARTS; i++) {
        PyObject *part = slot(own, product_fields[i]);
        if (i != PRICE) fine = text_in(part, &event->product[i]);
        else if ((fine = part != NULL) && part != unset) {
            event->price = PyFloat_AsDouble(part);
            event->product[PRICE].at = "";
            fine = !PyErr_Occurred();
        }
    }
    if (fine) return 1;
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "not an event");
    return -1;
}
