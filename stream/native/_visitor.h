/* A visitor as one block of memory, and what the frequent events do to it: as stream/state/visitor.py has it.
 * Source: docs/semantics.md, 2 and 3. */
#ifndef STREAM_NATIVE_VISITOR_H
#define STREAM_NATIVE_VISITOR_H

#include "_constants.h"
#include "_event.h"
#include "_ids.h"
#include "_msgpack.h"
#include "_settings.h"
#include "_text.h"
#include "_views.h"

/* The fields that are objects of Python; NULL is as new. The decoders stand in this order. */
enum {
    CART, CHECKOUT, ORDERS, SIGNALS_SEEN, FIRED, REFUSED, CONSENT, EXITS, PUBLISHED,
    TAKEN, ORDERED, GONE, TOLD, SUBSCRIPTION, IN_TIME, OBJECTS
};

typedef struct {
    PyObject_HEAD
    int64_t applied, armed, last_event, last_active, last_change, last_look, visit_start, visits, sent, searches, looks;
    PyObject *id, *customer, *email, *phone, *page, *query, *search_event; /* NULL: None or "" */
    char idle_pending, unanswered, dirty, shown, emptied, subscribed;
    Views views;
    Ids ids;
    int64_t version, facts, traits_orders, offered_at, customer_since, left_at;
    double traits_value;
    PyObject *cart_event, *former;
    PyObject *objects[OBJECTS];
} Visitor;

static PyTypeObject VisitorType;

/* As new, but for its id, its numbers, its last event and the ids of its events. */
static inline void begin_anew(Visitor *v) {
    PyObject **texts[] = {&v->customer, &v->email, &v->phone, &v->page, &v->query,
                          &v->search_event, &v->cart_event, &v->former};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) Py_CLEAR(*texts[i]);
    for (int i = 0; i < OBJECTS; i++) Py_CLEAR(v->objects[i]);
    clear_views(&v->views);
    v->last_active = v->last_change = v->last_look = v->visit_start = NEVER;
    v->offered_at = v->customer_since = v->left_at = NEVER;
    v->visits = v->searches = v->looks = v->traits_orders = 0;
    v->sent = NOTHING;
    v->traits_value = 0;
    v->idle_pending = v->unanswered = v->shown = v->emptied = v->subscribed = 0;
}

static inline PyObject *get_object(Visitor *v, void *which) {
    PyObject **object = &v->objects[(intptr_t)which];
    if (!*object) {
        switch ((intptr_t)which) {
        case CART: *object = PyObject_CallOneArg(cart_type, v->id); break;
        case CHECKOUT: case TAKEN: case ORDERED: case IN_TIME: Py_RETURN_NONE;
        case SIGNALS_SEEN: case CONSENT: case EXITS: case TOLD: *object = PyDict_New(); break;
        default: *object = PyList_New(0);
        }
    }
    return Py_XNewRef(*object);
}

static inline PyObject *person_of(const Visitor *v) {
    if (v->customer) return PyUnicode_FromFormat("customer:%U", v->customer);
    if (v->email) return PyUnicode_FromFormat("email:%U", v->email);
    return v->phone ? PyUnicode_FromFormat("phone:%U", v->phone) : PyUnicode_FromFormat("visitor:%U", v->id);
}

static inline int64_t last_sign(const Visitor *v) {
    return v->last_active > v->last_change ? v->last_active : v->last_change;
}

static inline int is_known(const Visitor *v) { return v->customer || v->email || v->phone; }

/* ---- what the events do ---- */

static inline void engage(Visitor *v, int64_t t) {
    Views *views = &v->views;
    if (v->last_active == NEVER || t - v->last_active >= visit_gap) {
        v->visits++;
        v->visit_start = t;
        clear_views(views);
        Py_CLEAR(v->page);
        v->searches = v->looks = 0;
        Py_CLEAR(v->query);
        v->unanswered = 0;
        Py_CLEAR(v->search_event);
        Py_CLEAR(v->objects[SIGNALS_SEEN]);
        Py_CLEAR(v->objects[FIRED]);
        Py_CLEAR(v->objects[REFUSED]);
        v->last_look = NEVER;
    } else if (views->on_screen >= 0) {
        views->all[views->on_screen].dwell += t - v->last_active;
    }
    v->last_active = t;
    v->idle_pending = 1;
}

static inline void look_away(Visitor *v, int64_t t) {
    v->views.on_screen = -1;
    Py_CLEAR(v->page);
    v->last_look = t;
    v->looks++;
}

/* `page`: the kind of the page, or NULL. */
static inline void turn(Visitor *v, PyObject *page, int64_t t) {
    look_away(v, t);
    v->page = Py_XNewRef(page);
}

static inline void put_part(Buffer *b, Text text) {
    if (text.at) put_text(b, text);
    else put_byte(b, NIL);
}

static inline int view(Visitor *v, const Event *event, int64_t t) {
    Buffer *b = &view_texts;
    b->size = b->failed = 0;
    put_part(b, event->product[PRODUCT_ID]);
    uint32_t id_size = (uint32_t)b->size;
    put_part(b, event->id);
    put_part(b, event->product[NAME]);
    put_part(b, event->product[IN_CATEGORY]);
    if (event->product[PRICE].at) put_double(b, event->price);
    else put_byte(b, NIL);
    put_part(b, event->product[URL]);
    put_part(b, event->product[IMAGE]);
    if (b->failed) return PyErr_NoMemory(), -1;
    int place = enter_view(&v->views, (Text){b->at, b->size}, id_size, t);
    if (place < 0) return -1;
    v->views.on_screen = (int8_t)place;
    Py_CLEAR(v->page);
    v->unanswered = 0;
    v->last_look = t;
    v->looks++;
    return 0;
}

static inline int search(Visitor *v, const Event *event, int64_t t) {
    PyObject *query = NULL, *id = PyUnicode_DecodeUTF8(event->id.at, event->id.size, NULL);
    if (id && event->query.size && !(query = PyUnicode_DecodeUTF8(event->query.at, event->query.size, NULL)))
        Py_CLEAR(id);
    if (!id) return -1;
    look_away(v, t);
    v->searches++;
    Py_XSETREF(v->query, query);
    v->unanswered = 1;
    Py_XSETREF(v->search_event, id);
    return 0;
}

/* ---- views and events as Python has them ---- */

static inline PyObject *str_or_none(Reader *r) {
    if (take_nil(r)) Py_RETURN_NONE;
    Text text = take_text(r);
    return PyUnicode_DecodeUTF8(text.at, text.size, NULL);
}

static inline PyObject *float_or_none(Reader *r) {
    if (take_nil(r)) Py_RETURN_NONE;
    return PyFloat_FromDouble(take_double(r));
}

/* A View; or a Glance, which has the category but nothing else of what the product looks like. */
static inline PyObject *view_as(const View *view, PyObject *type) {
    enum { ID, COUNT, DWELL, AT, EVENT, LOOKS };
    PyObject *args[VIEW_FIELDS] = {NULL}, *made = NULL;
    Reader r = {(const uint8_t *)view->packed, (const uint8_t *)view->packed + view->size, 0};
    int count = VIEW_FIELDS, fine = 1;
    args[ID] = str_or_none(&r);
    args[COUNT] = PyLong_FromLongLong(view->count);
    args[DWELL] = PyLong_FromLongLong(view->dwell);
    args[AT] = PyLong_FromLongLong(view->at);
    args[EVENT] = str_or_none(&r);
    if (type == view_summary_type) {
        skip(&r, 0);
        args[LOOKS] = str_or_none(&r);
        count = LOOKS + 1;
    } else {
        for (int part = NAME; part < PARTS; part++)
            args[LOOKS + part - NAME] = part == PRICE ? float_or_none(&r) : str_or_none(&r);
    }
    for (int i = 0; i < count; i++) fine = fine && args[i];
    if (fine) made = PyObject_Vectorcall(type, args, count, NULL);
    for (int i = 0; i < count; i++) Py_XDECREF(args[i]);
    return made;
}

/* The text of an attribute; none if it is UNSET. The object keeps it alive. */
static inline int text_of(PyObject *object, PyObject *name, Text *text) {
    PyObject *given = PyObject_GetAttr(object, name);
    Py_ssize_t size = 0;
    if (given && given != unset) text->at = PyUnicode_AsUTF8AndSize(given, &size);
    text->size = size;
    int found = given && (given == unset || text->at);
    Py_XDECREF(given);
    return found ? 0 : -1;
}

/* What a product.viewed says, from the Struct of its event. */
static inline int product_of(PyObject *given, Event *event) {
    memset(event, 0, sizeof *event);
    if (text_of(given, attr_id, &event->id) < 0) return -1;
    PyObject *product = PyObject_GetAttr(given, attr_product);
    int fine = product != NULL;
    for (int part = 0; fine && part < PARTS; part++) {
        if (part != PRICE) {
            fine = text_of(product, attr_parts[part], &event->product[part]) == 0;
            continue;
        }
        PyObject *price = PyObject_GetAttr(product, attr_parts[PRICE]);
        if (price && price != unset) {
            event->price = PyFloat_AsDouble(price);
            event->product[PRICE].at = "";
        }
        fine = price && !PyErr_Occurred();
        Py_XDECREF(price);
    }
    Py_XDECREF(product);
    return fine ? 0 : -1;
}

/* The kind of the page that a page.viewed shows. NULL: none, or raised. */
static inline PyObject *page_of(PyObject *given) {
    PyObject *page = PyObject_GetAttr(given, attr_page);
    PyObject *kind = page && page != unset ? PyObject_GetAttr(page, attr_kind) : NULL;
    Py_XDECREF(page);
    if (kind == unset) Py_CLEAR(kind);
    return kind;
}

#endif
