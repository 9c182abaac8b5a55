/* The visitors stage's most frequent events, compiled: a visitor that looks around.
 *
 * It does what visitor.py and visitors.py do, to the byte of the changelog; they are the meaning, and what runs
 * where nothing could be compiled. Here a visitor is one block of memory, its ids and views beside it, each view
 * with its texts packed as the changelog has them. `run` takes an event by itself if it is one of six types and
 * leads to nothing but a change of its visit. Of other events (a cart, a signal that may be a trigger, an order) it does
 * what is the same for all, and Python what is their own. Whatever is out of the way (a deadline that is over, a change
 * of person, a repeated or late event, rubbish) goes to Python, one event at a time, in its place.
 *
 * Source: docs/semantics.md, 2, 3 and 5.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <structmember.h>

#define FOLDED KINDS /* in place of a kind: an engaged event that Python folds */
#define NOTED (KINDS + 1) /* any other event, of which Python does what is to be done */
#define NEVER (-1)
#define KEPT_IDS 16
#define KEPT_VIEWS 20
#define NOTHING 0
#define IDLE 2
#define TEXT 37        /* bytes of an id that is kept in its place; a UUID has 36 */
#define VIEW_FIELDS 10
#define HEADER 25 /* bytes before a packed state: format, applied, armed, version */
#define ARMED 9

#include "_event.h"
#include "_msgpack.h"
#include "_records.h"

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

/* ---- a visitor ---- */

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

/* ---- the visitor as Python sees it ---- */

static PyObject *visitor_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"id", NULL};
    PyObject *id;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "U", names, &id)) return NULL;
    Visitor *v = (Visitor *)type->tp_alloc(type, 0);
    if (!v) return NULL;
    v->id = Py_NewRef(id);
    v->applied = v->armed = v->last_event = v->last_active = v->last_look = v->visit_start = NEVER;
    v->offered_at = NEVER;
    v->screen = -1;
    return (PyObject *)v;
}

static void visitor_dealloc(Visitor *v) {
    clear_ids(v);
    clear_views(v);
    PyMem_Free(v->ids);
    PyMem_Free(v->views);
    Py_XDECREF(v->id);
    Py_XDECREF(v->customer);
    Py_XDECREF(v->query);
    Py_XDECREF(v->search_event);
    Py_XDECREF(v->cart_event);
    for (int i = 0; i < COLD; i++) Py_XDECREF(v->cold[i]);
    Py_TYPE(v)->tp_free(v);
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

static int set_cold(Visitor *v, PyObject *value, void *which) {
    if (!value) return PyErr_SetString(PyExc_AttributeError, "cannot be deleted"), -1;
    Py_XSETREF(v->cold[(intptr_t)which], Py_NewRef(value));
    return 0;
}

static PyObject *get_text(Visitor *v, void *offset) {
    PyObject *text = slot((PyObject *)v, (Py_ssize_t)(intptr_t)offset);
    return Py_NewRef(text ? text : empty_text);
}

static int set_text(Visitor *v, PyObject *value, void *offset) {
    if (!value || !PyUnicode_Check(value)) return PyErr_SetString(PyExc_TypeError, "not a str"), -1;
    PyObject **text = (PyObject **)((char *)v + (intptr_t)offset);
    Py_XSETREF(*text, PyUnicode_GET_LENGTH(value) ? Py_NewRef(value) : NULL);
    return 0;
}

static PyObject *get_person(Visitor *v, void *unused) {
    return v->customer ? PyUnicode_FromFormat("customer:%U", v->customer)
                       : PyUnicode_FromFormat("visitor:%U", v->id);
}

static PyObject *get_products(Visitor *v, void *unused) { return PyLong_FromLong(v->views_count); }

#define COLD_FIELD(name, which) {name, (getter)get_cold, (setter)set_cold, NULL, (void *)which}
#define TEXT_FIELD(name) \
    {#name, (getter)get_text, (setter)set_text, NULL, (void *)offsetof(Visitor, name)}

static PyGetSetDef visitor_getset[] = {
    COLD_FIELD("cart", CART), COLD_FIELD("checkout", CHECKOUT), COLD_FIELD("orders", ORDERS),
    COLD_FIELD("signals", SIGNALS), COLD_FIELD("fired", FIRED), COLD_FIELD("refused", REFUSED),
    COLD_FIELD("consent", CONSENT), COLD_FIELD("exits", EXITS), COLD_FIELD("published", PUBLISHED),
    TEXT_FIELD(query), TEXT_FIELD(search_event), TEXT_FIELD(cart_event),
    {"person", (getter)get_person, NULL, NULL, NULL},
    {"products", (getter)get_products, NULL, NULL, NULL},
    {NULL}};

#define INT_FIELD(name) {#name, T_LONGLONG, offsetof(Visitor, name), 0, NULL}

static PyMemberDef visitor_members[] = {
    {"id", T_OBJECT_EX, offsetof(Visitor, id), READONLY, NULL},
    {"customer", T_OBJECT, offsetof(Visitor, customer), 0, NULL},
    INT_FIELD(applied), INT_FIELD(version), INT_FIELD(armed), INT_FIELD(facts), INT_FIELD(sent),
    INT_FIELD(last_event), INT_FIELD(last_active), INT_FIELD(visits), INT_FIELD(visit_start),
    INT_FIELD(last_look), INT_FIELD(searches), INT_FIELD(traits_orders), INT_FIELD(offered_at),
    {"traits_value", T_DOUBLE, offsetof(Visitor, traits_value), 0, NULL},
    {"idle_pending", T_BOOL, offsetof(Visitor, idle_pending), 0, NULL},
    {"unanswered", T_BOOL, offsetof(Visitor, unanswered), 0, NULL},
    {NULL}};

static int event_and_time(PyObject *const *args, Py_ssize_t count, int64_t *t) {
    if (count != 2) return PyErr_SetString(PyExc_TypeError, "an event and a time"), -1;
    *t = PyLong_AsLongLong(args[1]);
    return *t == -1 && PyErr_Occurred() ? -1 : 0;
}

static PyObject *visitor_engage(Visitor *v, PyObject *time) {
    int64_t t = PyLong_AsLongLong(time);
    if (t == -1 && PyErr_Occurred()) return NULL;
    engage(v, t);
    Py_RETURN_NONE;
}

/* The event that a method is given, which has to be of one kind. */
static int given_event(PyObject *const *args, Py_ssize_t count, int kind, Event *event, int64_t *t) {
    if (event_and_time(args, count, t) < 0) return -1;
    PyObject *act;
    int found = from_struct(args[0], event, &act);
    if (found < 0 || (found > 0 && event->kind == kind)) return found;
    return PyErr_SetString(PyExc_TypeError, "an event of another type"), -1;
}

static PyObject *visitor_view(Visitor *v, PyObject *const *args, Py_ssize_t count) {
    int64_t t;
    Event event;
    if (given_event(args, count, PRODUCT, &event, &t) < 0 || look_at(v, &event, t) < 0) return NULL;
    Py_RETURN_NONE;
}

static PyObject *visitor_look_away(Visitor *v, PyObject *const *args, Py_ssize_t count) {
    int64_t t;
    if (event_and_time(args, count, &t) < 0) return NULL;
    look_away(v, t);
    Py_RETURN_NONE;
}

static PyObject *visitor_search(Visitor *v, PyObject *const *args, Py_ssize_t count) {
    int64_t t;
    Event event;
    if (given_event(args, count, SEARCH, &event, &t) < 0 || search(v, &event, t) < 0) return NULL;
    Py_RETURN_NONE;
}

static PyObject *visitor_knows(Visitor *v, PyObject *id) {
    Py_ssize_t size;
    const char *text = PyUnicode_AsUTF8AndSize(id, &size);
    return text ? PyBool_FromLong(has_id(v, text, size, hashed(text, size))) : NULL;
}

static PyObject *visitor_remember(Visitor *v, PyObject *id) {
    Py_ssize_t size;
    const char *text = PyUnicode_AsUTF8AndSize(id, &size);
    if (!text || remember(v, text, size, hashed(text, size)) < 0) return NULL;
    Py_RETURN_NONE;
}

static PyObject *visitor_subject(Visitor *v, PyObject *unused) {
    const View *best = NULL;
    for (int i = 0; i < v->views_count; i++) {
        const View *each = &v->views[v->order[i]];
        if (!best || each->dwell >= best->dwell) best = each;
    }
    if (!best) Py_RETURN_NONE;
    return as_struct(best, view_type);
}

static PyObject *visitor_glances(Visitor *v, PyObject *unused) {
    PyObject *found = PyList_New(v->views_count);
    for (int i = 0; found && i < v->views_count; i++) {
        PyObject *glance = as_struct(&v->views[v->order[i]], glance_type);
        if (!glance) Py_CLEAR(found);
        else PyList_SET_ITEM(found, i, glance);
    }
    return found;
}

/* ---- packed ---- */

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

static PyMethodDef visitor_methods[] = {
    {"engage", (PyCFunction)visitor_engage, METH_O, NULL},
    {"view", (PyCFunction)(void (*)(void))visitor_view, METH_FASTCALL, NULL},
    {"look_away", (PyCFunction)(void (*)(void))visitor_look_away, METH_FASTCALL, NULL},
    {"search", (PyCFunction)(void (*)(void))visitor_search, METH_FASTCALL, NULL},
    {"knows", (PyCFunction)visitor_knows, METH_O, NULL},
    {"remember", (PyCFunction)visitor_remember, METH_O, NULL},
    {"subject", (PyCFunction)visitor_subject, METH_NOARGS, NULL},
    {"glances", (PyCFunction)visitor_glances, METH_NOARGS, NULL},
    {NULL}};

static PyTypeObject VisitorType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "stream._visitors.Visitor",
    .tp_doc = "A visitor as stream.visitor.Visitor, with the same fields and methods.",
    .tp_basicsize = sizeof(Visitor),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = visitor_new,
    .tp_dealloc = (destructor)visitor_dealloc,
    .tp_getset = visitor_getset,
    .tp_members = visitor_members,
    .tp_methods = visitor_methods,
};

/* ---- the loop ---- */

/* What a run works on: the arguments of `run`, and what it has come to. */
typedef struct {
    PyObject *live, *older, *packed, *dirty;      /* the states, as Keyed has them */
    PyObject *parse, *record, *otherwise;         /* of a value, of a line; what takes all else */
    PyObject *fresh, *active, *arm, *recipes, *out, *acted; /* see Hands in compiled.py */
    int64_t position, reached, applied[KINDS];
} Run;

static int is_utf8(Text text) {
    uint64_t seen = 0, part;
    size_t at = 0;
    for (; at + 8 <= text.size; at += 8) {
        memcpy(&part, text.at + at, 8);
        seen |= part;
    }
    for (; at < text.size; at++) seen |= (uint64_t)(uint8_t)text.at[at];
    if (!(seen & 0x8080808080808080u)) return 1;
    PyObject *valid = PyUnicode_DecodeUTF8(text.at, text.size, NULL);
    if (!valid) return PyErr_Clear(), 0;
    Py_DECREF(valid);
    return 1;
}

static int equal(Text text, PyObject *other) {
    Py_ssize_t size;
    const char *at = PyUnicode_AsUTF8AndSize(other, &size);
    return at && (size_t)size == text.size && memcmp(at, text.at, size) == 0;
}

/* The visitor of a name, at hand from now on, as Keyed.get does it. NULL: there is none, if nothing is raised. */
static Visitor *find(const Run *run, PyObject *name) {
    PyObject *found = PyDict_GetItemWithError(run->live, name);
    if (found || PyErr_Occurred()) return (Visitor *)found;
    found = PyDict_GetItemWithError(run->older, name);
    if (found) {
        if (PyDict_SetItem(run->live, name, found) < 0 || PyDict_DelItem(run->older, name) < 0) return NULL;
        return (Visitor *)found;
    }
    PyObject *packed = PyErr_Occurred() ? NULL : PyDict_GetItemWithError(run->packed, name);
    if (!packed || !PyBytes_CheckExact(packed) || PyBytes_GET_SIZE(packed) <= HEADER) return NULL;
    const uint8_t *bytes = (const uint8_t *)PyBytes_AS_STRING(packed);
    Visitor *v = unpacked((const char *)bytes + HEADER, PyBytes_GET_SIZE(packed) - HEADER);
    if (!v) return NULL;
    Reader armed = {bytes + ARMED, bytes + HEADER, 0};
    v->armed = (int64_t)take_number(&armed, 8);
    int failed = PyDict_SetItem(run->live, name, (PyObject *)v) < 0;
    Py_DECREF(v);
    return failed ? NULL : v;
}

/* A visitor that there was none of, at hand from now on. NULL: Python is to see to it, if nothing is raised. */
static Visitor *fresh(const Run *run, PyObject *name) {
    PyObject *made = PyObject_CallOneArg(run->fresh, name);
    if (!made || Py_TYPE(made) != &VisitorType) return Py_XDECREF(made), NULL;
    Py_DECREF(made); /* the states hold it */
    return (Visitor *)made;
}

/* The visitor of an event which may be applied here; NULL: Python takes it, if nothing is raised. */
static Visitor *plain(const Run *run, const Event *event, int64_t offset, int64_t t, Text key, uint32_t hash) {
    if (!key.at || key.size != event->visitor.size || memcmp(key.at, event->visitor.at, key.size) != 0) return NULL;
    if (event->sent && event->client_time < t - late_after) return NULL;
    PyObject *name = PyUnicode_DecodeUTF8(key.at, key.size, NULL);
    if (!name) return NULL;
    Visitor *v = find(run, name);
    if (!v && !PyErr_Occurred() && !event->customer.at) {
        v = fresh(run, name);
        Py_DECREF(name);
        return v;
    }
    Py_DECREF(name);
    if (!v || Py_TYPE(v) != &VisitorType) return NULL;
    if (event->customer.at && !(v->customer && equal(event->customer, v->customer))) return NULL;
    if (offset <= v->applied || (v->armed <= t && v->armed != NEVER)) return NULL;
    return has_id(v, event->id.at, event->id.size, hash) ? NULL : v;
}

static int told(PyObject *answer) {
    Py_XDECREF(answer);
    return answer ? 0 : -1;
}

/* How likely it is that the visitor leaves, with one more signal at `t`: nearly what exit_score.py tells, for the
 * order in which it multiplies is another. -1: raised. */
static double leaves(Visitor *v, int signal, int64_t t) {
    double stays = 1 - sorts[signal].weight;
    PyObject *before = v->cold[SIGNALS], *cart = v->cold[CART];
    for (int i = 0; before && PyDict_Check(before) && PyDict_GET_SIZE(before) && i < SIGNALS_KNOWN; i++) {
        PyObject *found = i == signal ? NULL : PyDict_GetItemWithError(before, sorts[i].name);
        if (!found && PyErr_Occurred()) return -1;
        if (!found || (PyObject *)Py_TYPE(found) != signal_type) continue;
        int64_t at = PyLong_AsLongLong(slot(found, signal_at));
        if (at == -1 && PyErr_Occurred()) return -1;
        stays *= 1 - sorts[i].weight * pow(2, (double)(at - t) / sorts[i].half_life);
    }
    PyObject *lines = cart && (PyObject *)Py_TYPE(cart) == cart_type ? slot(cart, cart_lines) : NULL;
    if (lines && PyDict_Check(lines) && PyDict_GET_SIZE(lines)) stays *= 1 - cart_weight;
    return v->views_count >= 2 ? 1 - stays * (1 - products_weight) : 1 - stays;
}

/* A signal of leaving: noted if it is accepted. 0: it may be a trigger; -1: raised. */
static int leave(Visitor *v, const Event *event, int64_t t) {
    const Sort *sort = &sorts[event->signal];
    int accepted = !event->in_form && !(event->is_held && event->held < sort->least_held) &&
                   v->last_active != NEVER && t - v->last_active < visit_gap;
    if (!accepted) return 1;
    double reached = leaves(v, event->signal, t);
    if (reached < 0 || reached >= unclear_from) return reached < 0 ? -1 : 0;
    PyObject *made = PyObject_CallFunction(signal_type, "Ls#", (long long)t, event->id.at, (Py_ssize_t)event->id.size);
    PyObject *held = made ? get_cold(v, (void *)SIGNALS) : NULL;
    int done = held && PyDict_SetItem(held, sort->name, made) == 0 ? 1 : -1;
    Py_XDECREF(held);
    Py_XDECREF(made);
    return done;
}

/* An engaged event: the visit goes on with it, and what it shows. `act`, `given`: of one that Python folds. */
static int fold_in(Visitor *v, const Event *event, int64_t t, PyObject *act, PyObject *given) {
    engage(v, t);
    switch (event->kind) {
    case PRODUCT: return look_at(v, event, t);
    case SEARCH: return search(v, event, t);
    case FOLDED: return told(PyObject_CallFunction(act, "OOL", (PyObject *)v, given, (long long)t));
    case PING: return 0;
    default: return look_away(v, t), 0;
    }
}

/* What follows on any event: the next deadline, where an earlier one than is armed may be due. */
static int arm(const Run *run, Visitor *v, int64_t t) {
    if (v->armed <= t) v->armed = NEVER;
    else if (t + idle_after >= v->armed || !v->idle_pending) return 0;
    return told(PyObject_CallOneArg(run->arm, (PyObject *)v));
}

/* `act`, `given`: of an event that Python acts on. 1: applied. 0: Python takes it. -1: raised. */
static int apply(Run *run, const Event *event, int64_t offset, int64_t t, Text key, PyObject *act, PyObject *given) {
    uint32_t hash = hashed(event->id.at, event->id.size);
    Visitor *v = plain(run, event, offset, t, key, hash);
    if (!v) return PyErr_Occurred() ? -1 : 0;
    int done = event->kind == LEAVING ? leave(v, event, t) : 1;
    if (done < 1) return done;
    if (!v->dirty && PyDict_SetItem(run->dirty, v->id, (PyObject *)v) < 0) return -1;
    v->dirty = 1;
    if (event->kind == NOTED) {
        PyObject *answer = PyObject_CallFunction(act, "OOOLOO", (PyObject *)v, given, Py_False, (long long)t,
                                                 run->recipes, run->out);
        if (told(answer) < 0) return -1;
    } else if (event->kind != LEAVING) {
        if (fold_in(v, event, t, act, given) < 0) return -1;
        if ((v->sent == IDLE || (v->sent == NOTHING && v->customer)) &&
            told(PyObject_CallFunction(run->active, "OLO", (PyObject *)v, (long long)t, run->out)) < 0)
            return -1;
    }
    if (remember(v, event->id.at, event->id.size, hash) < 0) return -1;
    v->applied = offset;
    v->last_event = t;
    if (event->kind >= FOLDED) done = PyList_Append(run->acted, (PyObject *)Py_TYPE(given)) < 0 ? -1 : 1;
    else run->applied[event->kind]++;
    return done < 0 || arm(run, v, t) < 0 ? -1 : 1;
}

static int otherwise(Run *run, int64_t offset, PyObject *key, PyObject *value, PyObject *event) {
    return told(PyObject_CallFunction(run->otherwise, "LLOOO", (long long)offset, (long long)run->reached, key, value,
                                      event ? event : Py_None));
}

/* Whether the record is new; then position and time have come to it. */
static int reach(Run *run, int64_t offset, int64_t time) {
    if (offset < run->position) return 0;
    run->position = offset + 1;
    if (time > run->reached) run->reached = time;
    return 1;
}

/* A record whose event only the typed decoding can read. `name`: its key. */
static int take_parsed(Run *run, int64_t offset, Text name, PyObject *key, PyObject *value) {
    Event event;
    PyObject *act = NULL, *parsed = PyObject_CallOneArg(run->parse, value);
    if (!parsed) {
        if (!PyErr_ExceptionMatches(PyExc_Exception)) return -1;
        PyErr_Clear(); /* it is raised again where it is judged */
    }
    int done = parsed ? from_struct(parsed, &event, &act) : 0;
    if (done > 0) done = apply(run, &event, offset, run->reached, name, act, parsed);
    if (done == 0) done = otherwise(run, offset, key, value, parsed);
    Py_XDECREF(parsed);
    return done < 0 ? -1 : 0;
}

/* (offset, time, key, value) */
static int take_tuple(Run *run, PyObject *record) {
    PyObject *key = PyTuple_GET_ITEM(record, 2), *value = PyTuple_GET_ITEM(record, 3);
    int64_t offset = PyLong_AsLongLong(PyTuple_GET_ITEM(record, 0));
    int64_t time = PyLong_AsLongLong(PyTuple_GET_ITEM(record, 1));
    if ((offset == -1 || time == -1) && PyErr_Occurred()) return -1;
    if (!reach(run, offset, time)) return 0;
    Text name = {NULL, 0};
    if (PyBytes_CheckExact(key)) {
        name.at = PyBytes_AS_STRING(key);
        name.size = PyBytes_GET_SIZE(key);
    }
    return take_parsed(run, offset, name, key, value);
}

static PyObject *bytes_of(Text text) {
    return text.at ? PyBytes_FromStringAndSize(text.at, text.size) : Py_NewRef(Py_None);
}

static int take_stored(Run *run, int64_t offset, int64_t time, const Record *record) {
    if (!reach(run, offset, time)) return 0;
    Event event;
    int read = record->value.at && is_utf8(record->value) &&
               read_event(record->value.at, record->value.size, 0, &event);
    int done = read ? apply(run, &event, offset, run->reached, record->key, NULL, NULL) : 0;
    if (done) return done < 0 ? -1 : 0;
    PyObject *key = bytes_of(record->key), *value = bytes_of(record->value);
    if (!key || !value) done = -1;
    else if (read && event.kind != LEAVING) done = otherwise(run, offset, key, value, NULL);
    else done = take_parsed(run, offset, record->key, key, value);
    Py_XDECREF(key);
    Py_XDECREF(value);
    return done;
}

/* Hands the records of a block (base offset, first time, time of all or None, how many, their bytes) to `take`, one
 * after another, until it tells -1. */
static int each_record(PyObject *block, int (*take)(void *, const Record *), void *with) {
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

typedef struct {
    Run *run;
    int64_t base, first, all;
    int apart; /* each has a time of its own */
} Input;

static int take_input(void *given, const Record *record) {
    const Input *input = given;
    int64_t time = input->apart ? input->first + record->time_delta : input->all;
    return take_stored(input->run, input->base + record->offset_delta, time, record);
}

static int take_block(Run *run, PyObject *block) {
    PyObject *all = PyTuple_GET_ITEM(block, 2);
    Input input = {run, PyLong_AsLongLong(PyTuple_GET_ITEM(block, 0)), PyLong_AsLongLong(PyTuple_GET_ITEM(block, 1)),
                   all == Py_None ? 0 : PyLong_AsLongLong(all), all == Py_None};
    return PyErr_Occurred() ? -1 : each_record(block, take_input, &input);
}

/* (number, line) of a backtest's file. What is not plain, or goes back in time, is for `record` to judge. */
static int take_line(Run *run, PyObject *item) {
    PyObject *line = PyTuple_GET_ITEM(item, 1);
    int64_t offset = PyLong_AsLongLong(PyTuple_GET_ITEM(item, 0));
    if (offset == -1 && PyErr_Occurred()) return -1;
    if (!PyBytes_CheckExact(line)) return PyErr_SetString(PyExc_TypeError, "not bytes"), -1;
    Text text = {PyBytes_AS_STRING(line), PyBytes_GET_SIZE(line)};
    Event event;
    if (is_utf8(text) && read_event(text.at, text.size, 1, &event) && event.timed && event.t >= run->reached) {
        if (!reach(run, offset, event.t)) return 0;
        int done = apply(run, &event, offset, run->reached, event.visitor, NULL, NULL);
        if (done) return done < 0 ? -1 : 0;
        PyObject *key = bytes_of(event.visitor);
        if (!key) done = -1;
        else if (event.kind != LEAVING) done = otherwise(run, offset, key, line, NULL);
        else done = take_parsed(run, offset, event.visitor, key, line);
        Py_XDECREF(key);
        return done;
    }
    long long reached = run->reached > 0 ? run->reached : 0;
    PyObject *record = PyObject_CallFunction(run->record, "LOL", (long long)offset, line, reached);
    int done = -1;
    if (record && PyTuple_CheckExact(record) && PyTuple_GET_SIZE(record) == 4) done = take_tuple(run, record);
    else if (record) PyErr_SetString(PyExc_TypeError, "not a record");
    Py_XDECREF(record);
    return done;
}

static PyObject *run(PyObject *module, PyObject *args) {
    PyObject *records, *record;
    long long position, reached;
    Run run = {0};
    if (!PyArg_ParseTuple(args, "OLL(O!O!O!O!)(OOOOOOOOO!)", &records, &position, &reached, &PyDict_Type, &run.live,
                          &PyDict_Type, &run.older, &PyDict_Type, &run.packed, &PyDict_Type, &run.dirty,
                          &run.parse, &run.record, &run.otherwise, &run.fresh, &run.active, &run.arm,
                          &run.recipes, &run.out, &PyList_Type, &run.acted))
        return NULL;
    run.position = position;
    run.reached = reached;
    PyObject *each = PyObject_GetIter(records);
    if (!each) return NULL;
    while ((record = PyIter_Next(each))) {
        int done = -1;
        Py_ssize_t size = PyTuple_CheckExact(record) ? PyTuple_GET_SIZE(record) : 0;
        if (size == 4) done = take_tuple(&run, record);
        else if (size == 5) done = take_block(&run, record);
        else if (size == 2) done = take_line(&run, record);
        else PyErr_SetString(PyExc_TypeError, "neither a record, a block nor a line");
        Py_DECREF(record);
        if (done < 0) break;
    }
    Py_DECREF(each);
    if (PyErr_Occurred()) return NULL;
    const int64_t *n = run.applied;
    return Py_BuildValue("LL(LLLLLL)", (long long)run.position, (long long)run.reached, (long long)n[0],
                         (long long)n[1], (long long)n[2], (long long)n[3], (long long)n[4], (long long)n[5]);
}

/* What `read_event` makes of a value, to be held against the typed decoding; None: nothing. */
static PyObject *read_value(PyObject *module, PyObject *value) {
    Event e;
    if (!PyBytes_Check(value)) return PyErr_Format(PyExc_TypeError, "not bytes");
    Text all = {PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value)};
    if (!is_utf8(all) || !read_event(all.at, all.size, 0, &e)) Py_RETURN_NONE;
    PyObject *sent = e.sent ? PyLong_FromLongLong(e.client_time) : Py_NewRef(Py_None);
    PyObject *price = e.product[PRICE].at ? PyFloat_FromDouble(e.price) : Py_NewRef(Py_None);
    PyObject *held = e.is_held ? PyFloat_FromDouble(e.held) : Py_NewRef(Py_None);
    if (!sent || !price || !held) return Py_XDECREF(sent), Py_XDECREF(price), Py_XDECREF(held), NULL;
#define PART(text) (text).at, (Py_ssize_t)(text).size
    return Py_BuildValue("is#s#s#Ns#(s#s#s#Ns#s#)sNi", e.kind, PART(e.id), PART(e.visitor), PART(e.customer), sent,
                         PART(e.query), PART(e.product[PRODUCT_ID]), PART(e.product[NAME]),
                         PART(e.product[IN_CATEGORY]), price, PART(e.product[URL]), PART(e.product[IMAGE]),
                         e.kind == LEAVING ? signals[e.signal] : NULL, held, e.in_form);
}

/* ---- a changelog, read back ---- */

/* (applied, version) of a header, as one can be held against the other. */
static void place_of(const char *header, int64_t *applied, int64_t *version) {
    Reader r = {(const uint8_t *)header + 1, (const uint8_t *)header + HEADER, 0};
    *applied = (int64_t)take_number(&r, 8);
    r.at += 8;
    *version = (int64_t)take_number(&r, 8);
}

static int put_newer(PyObject *packed, Text key, Text value) {
    PyObject *name = PyUnicode_DecodeUTF8(key.at, key.size, NULL);
    PyObject *state = name ? PyBytes_FromStringAndSize(value.at, value.size) : NULL;
    PyObject *old = state ? PyDict_SetDefault(packed, name, state) : NULL;
    int done = old ? 0 : -1;
    if (old && old != state) {
        int64_t applied, version, old_applied, old_version;
        place_of(value.at, &applied, &version);
        place_of(PyBytes_AS_STRING(old), &old_applied, &old_version);
        if (applied > old_applied || (applied == old_applied && version >= old_version))
            done = PyDict_SetItem(packed, name, state);
    }
    Py_XDECREF(name);
    Py_XDECREF(state);
    return done;
}

/* What a reading back works on: its arguments. */
typedef struct {
    PyObject *packed, *buried, *take_one;
    int format;
} Back;

static int read_one(void *given, const Record *record) {
    const Back *back = given;
    Text key = record->key, value = record->value;
    if (key.size && value.at && value.size >= HEADER && (int8_t)*value.at <= back->format &&
        !PyDict_GET_SIZE(back->buried))
        return put_newer(back->packed, key, value);
    PyObject *name = PyBytes_FromStringAndSize(key.at ? key.at : "", key.size), *state = bytes_of(value);
    PyObject *told = name && state ? PyObject_CallFunctionObjArgs(back->take_one, name, state, NULL) : NULL;
    Py_XDECREF(name);
    Py_XDECREF(state);
    Py_XDECREF(told);
    return told ? 0 : -1;
}

static int text_of_bytes(PyObject *given, Text *text) {
    if (given == Py_None) return 0;
    if (!PyBytes_Check(given)) return PyErr_SetString(PyExc_TypeError, "not bytes"), -1;
    text->at = PyBytes_AS_STRING(given);
    text->size = PyBytes_GET_SIZE(given);
    return 0;
}

/* (key, value) */
static int read_pair(Back *back, PyObject *pair) {
    Record record = {0};
    if (text_of_bytes(PyTuple_GET_ITEM(pair, 0), &record.key) < 0) return -1;
    if (text_of_bytes(PyTuple_GET_ITEM(pair, 1), &record.value) < 0) return -1;
    return read_one(back, &record);
}

/* Of records or blocks of a changelog, what is plain goes into the packed states, as Reader.take_one does it. */
static PyObject *read_back(PyObject *module, PyObject *args) {
    PyObject *records, *item;
    Back back;
    if (!PyArg_ParseTuple(args, "OO!O!iO", &records, &PyDict_Type, &back.packed, &PyDict_Type, &back.buried,
                          &back.format, &back.take_one))
        return NULL;
    PyObject *each = PyObject_GetIter(records);
    if (!each) return NULL;
    while ((item = PyIter_Next(each))) {
        int done = -1;
        Py_ssize_t size = PyTuple_CheckExact(item) ? PyTuple_GET_SIZE(item) : 0;
        if (size == 2) done = read_pair(&back, item);
        else if (size == 5) done = each_record(item, read_one, &back);
        else PyErr_SetString(PyExc_TypeError, "neither a record nor a block");
        Py_DECREF(item);
        if (done < 0) break;
    }
    Py_DECREF(each);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

/* The key goes into the list of a tick. */
static int put_tick(PyObject *ticks, int64_t tick, PyObject *key) {
    PyObject *number = PyLong_FromLongLong(tick);
    PyObject *list = number ? PyDict_GetItemWithError(ticks, number) : NULL;
    int done = -1;
    if (list) done = PyList_Append(list, key);
    else if (number && !PyErr_Occurred() && (list = PyList_New(0))) {
        done = PyList_Append(list, key) < 0 || PyDict_SetItem(ticks, number, list) < 0 ? -1 : 0;
        Py_DECREF(list);
    }
    Py_XDECREF(number);
    return done;
}

/* As changelog.survey does it. */
static PyObject *survey(PyObject *module, PyObject *args) {
    PyObject *packed, *key, *value;
    long long tick, size = 0;
    if (!PyArg_ParseTuple(args, "O!L", &PyDict_Type, &packed, &tick)) return NULL;
    if (tick < 1) return PyErr_Format(PyExc_ValueError, "no tick");
    PyObject *graves = PyDict_New(), *ticks = PyDict_New();
    int done = graves && ticks ? 0 : -1;
    for (Py_ssize_t at = 0; done == 0 && PyDict_Next(packed, &at, &key, &value);) {
        Py_ssize_t length = PyBytes_CheckExact(value) ? PyBytes_GET_SIZE(value) : 0;
        if (length < HEADER) {
            done = -1;
            PyErr_Format(PyExc_ValueError, "no state: %R", key);
            break;
        }
        const uint8_t *header = (const uint8_t *)PyBytes_AS_STRING(value);
        Reader applied = {header + 1, header + HEADER, 0}, armed = {header + ARMED, header + HEADER, 0};
        int64_t deadline = (int64_t)take_number(&armed, 8);
        size += length;
        if (length == HEADER) {
            PyObject *number = PyLong_FromLongLong((int64_t)take_number(&applied, 8));
            done = number ? PyDict_SetItem(graves, key, number) : -1;
            Py_XDECREF(number);
        } else if (deadline != NEVER) {
            done = put_tick(ticks, deadline / tick - (deadline % tick < 0), key);
        }
    }
    PyObject *found = done == 0 ? Py_BuildValue("LOO", size, graves, ticks) : NULL;
    Py_XDECREF(graves);
    Py_XDECREF(ticks);
    return found;
}

/* ---- set up ---- */

/* Where a Struct keeps a field. */
static Py_ssize_t offset_of(PyObject *type, const char *name) {
    PyObject *found = PyObject_GetAttrString(type, name);
    if (!found) return -1;
    Py_ssize_t offset = -1;
    if (Py_TYPE(found) == &PyMemberDescr_Type && ((PyMemberDescrObject *)found)->d_member->type == T_OBJECT_EX)
        offset = ((PyMemberDescrObject *)found)->d_member->offset;
    else
        PyErr_Format(PyExc_TypeError, "%s is no field of its own", name);
    Py_DECREF(found);
    return offset;
}

/* Where a type of events has what every event has, and what is its `own`. */
static int know_kind(Kind *kind, PyObject *type, const char *own) {
    if (!PyType_Check(type)) return PyErr_SetString(PyExc_TypeError, "not a type"), -1;
    kind->type = (PyTypeObject *)type;
    if ((kind->id = offset_of(type, "id")) < 0 || (kind->visitor = offset_of(type, "visitor")) < 0 ||
        (kind->customer = offset_of(type, "customer")) < 0 || (kind->client_time = offset_of(type, "client_time")) < 0)
        return -1;
    return own && (kind->own = offset_of(type, own)) < 0 ? -1 : 0;
}

/* The types that Python acts on: each has what every event has where all have it. */
static int know_acts(PyObject *acts) {
    PyObject *type, *act;
    for (Py_ssize_t at = 0; PyDict_Next(acts, &at, &type, &act);) {
        Kind kind = any_event;
        if (know_kind(&kind, type, NULL) < 0) return -1;
        kind.type = any_event.type;
        if (memcmp(&kind, &any_event, sizeof kind) != 0) return PyErr_Format(PyExc_TypeError, "no event: %R", type), -1;
    }
    return 0;
}

/* (name, weight, half-life, least held) of each sort of signal. */
static int know_sorts(PyObject *given) {
    if (PyTuple_GET_SIZE(given) != SIGNALS_KNOWN) return PyErr_SetString(PyExc_ValueError, "other signals"), -1;
    for (int i = 0; i < SIGNALS_KNOWN; i++) {
        PyObject *name;
        double weight, half_life, least_held;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(given, i), "Uddd", &name, &weight, &half_life, &least_held)) return -1;
        const char *text = PyUnicode_AsUTF8(name);
        if (!text) return -1;
        int which = one_of((Text){text, strlen(text)}, signals, SIGNALS_KNOWN);
        if (which == SIGNALS_KNOWN) return PyErr_Format(PyExc_ValueError, "no signal: %U", name), -1;
        sorts[which] = (Sort){Py_NewRef(name), weight, half_life, least_held};
    }
    return 0;
}

static PyObject *configure(PyObject *module, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"kinds", "event", "folds", "notes", "product", "unset", "view", "glance", "signal", "cart", "encode", "decoders",
                            "sorts", "cart_weight", "products_weight", "unclear_from", "visit_gap", "idle_after",
                            "late_after", "kept_ids", "kept_views", "fields", NULL};
    static const char *parts[] = {"id", "name", "category", "price", "url", "image"};
    static const char *own[LEAVING] = {NULL, "product", NULL, "query", NULL};
    PyObject *types, *event, *product, *sorts_given;
    int kept_ids, kept_views, count;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$O!OO!O!OOOOOOOO!O!dddLLLiii", names, &PyTuple_Type, &types, &event,
                                     &PyDict_Type, &folds, &PyDict_Type, &notes, &product,
                                     &unset, &view_type, &glance_type, &signal_type, &cart_type, &encode,
                                     &PyTuple_Type, &decoders, &PyTuple_Type, &sorts_given, &cart_weight,
                                     &products_weight, &unclear_from, &visit_gap, &idle_after, &late_after,
                                     &kept_ids, &kept_views, &count))
        return NULL;
    if (PyTuple_GET_SIZE(types) != KINDS || PyTuple_GET_SIZE(decoders) != COLD || kept_ids != KEPT_IDS ||
        kept_views != KEPT_VIEWS || count != (int)FIELDS)
        return PyErr_Format(PyExc_ValueError, "compiled for another release");
    if (know_sorts(sorts_given) < 0 || (cart_lines = offset_of(cart_type, "lines")) < 0 ||
        (signal_at = offset_of(signal_type, "at")) < 0)
        return NULL;
    if (know_kind(&any_event, event, NULL) < 0) return NULL;
    for (int i = 0; i < LEAVING; i++)
        if (know_kind(&kinds[i], PyTuple_GET_ITEM(types, i), own[i]) < 0) return NULL;
    if (know_acts(folds) < 0 || know_acts(notes) < 0) return NULL;
    for (int i = 0; i < PARTS; i++)
        if ((product_fields[i] = offset_of(product, parts[i])) < 0) return NULL;
    /* Held for as long as the process is. */
    Py_INCREF(types), Py_INCREF(event), Py_INCREF(folds), Py_INCREF(notes), Py_INCREF(product), Py_INCREF(unset), Py_INCREF(view_type), Py_INCREF(glance_type);
    Py_INCREF(signal_type), Py_INCREF(cart_type), Py_INCREF(encode), Py_INCREF(decoders);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"configure", (PyCFunction)(void (*)(void))configure, METH_VARARGS | METH_KEYWORDS, NULL},
    {"read", read_back, METH_VARARGS, NULL},
    {"run", run, METH_VARARGS, NULL},
    {"survey", survey, METH_VARARGS, NULL},
    {"read_value", read_value, METH_O, NULL},
    {"pack", pack, METH_O, NULL},
    {"pack_all", pack_all, METH_VARARGS, NULL},
    {"unpack", unpack, METH_O, NULL},
    {NULL}};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "stream._visitors", "See stream/compiled.py.", -1, functions,
};

PyMODINIT_FUNC PyInit__visitors(void) {
    PyObject *module = PyModule_Create(&definition);
    empty_text = PyUnicode_FromString("");
    if (!module || !empty_text || PyType_Ready(&VisitorType) < 0 ||
        PyModule_AddObjectRef(module, "Visitor", (PyObject *)&VisitorType) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
