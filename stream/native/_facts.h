/* The facts about a visitor's presence, in JSON: byte for byte those that announce_facts.py makes and facts.py encodes. Source: docs/semantics.md, 4. */
#ifndef STREAM_NATIVE_FACTS_H
#define STREAM_NATIVE_FACTS_H

#include <math.h>

#include "_json.h"
#include "_visitor.h"

static Buffer fact; /* the one at work; its memory is kept for the next */

/* ---- JSON ---- */

#define put_words(b, words) put(b, words, sizeof words - 1)

static inline void put_escaped(Buffer *b, char c) {
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (const char *each = named; *each; each += 2)
        if (*each == c) {
            put_byte(b, '\\');
            put_byte(b, (uint8_t)each[1]);
            return;
        }
    static const char digits[] = "0123456789abcdef";
    put_words(b, "\\u00");
    put_byte(b, (uint8_t)digits[c >> 4]);
    put_byte(b, (uint8_t)digits[c & 15]);
}

static inline void put_quoted(Buffer *b, Text text) {
    const char *end = text.at + text.size;
    put_byte(b, '"');
    for (const char *at = text.at; at < end;) {
        const char *stop = next_special(at, end);
        put(b, at, stop - at);
        if (stop < end) put_escaped(b, *stop++);
        at = stop;
    }
    put_byte(b, '"');
}

static inline void put_whole(Buffer *b, int64_t number) {
    char digits[20], *at = digits + sizeof digits;
    uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do *--at = (char)('0' + left % 10);
    while (left /= 10);
    if (number < 0) *--at = '-';
    put(b, at, digits + sizeof digits - at);
}

/* An object as msgspec writes it. */
static inline int put_encoded(Buffer *b, PyObject *object) {
    PyObject *written = object ? PyObject_CallOneArg(encode_json, object) : NULL;
    if (!written) return -1;
    if (PyBytes_Check(written)) put(b, PyBytes_AS_STRING(written), PyBytes_GET_SIZE(written));
    else b->failed = 1;
    Py_DECREF(written);
    return 0;
}

/* The shortest decimal that means this double. One of at most two places and fifteen digits is the shortest. */
static inline int put_decimal(Buffer *b, double number) {
    double scaled = number * 100;
    int64_t cents = scaled >= 1 && scaled < 1e15 ? llround(scaled) : 0;
    if (!cents || (double)cents / 100 != number) {
        PyObject *object = PyFloat_FromDouble(number);
        int done = put_encoded(b, object);
        Py_XDECREF(object);
        return done;
    }
    put_whole(b, cents / 100);
    put_byte(b, '.');
    put_byte(b, (uint8_t)('0' + cents / 10 % 10));
    if (cents % 10) put_byte(b, (uint8_t)('0' + cents % 10));
    return 0;
}

static inline int put_str_quoted(Buffer *b, PyObject *str) {
    Py_ssize_t size;
    const char *at = str ? PyUnicode_AsUTF8AndSize(str, &size) : NULL;
    if (!at) return -1;
    put_quoted(b, (Text){at, size});
    return 0;
}

static inline int put_whole_of(Buffer *b, PyObject *object, PyObject *name) {
    PyObject *number = PyObject_GetAttr(object, name);
    long long found = number ? PyLong_AsLongLong(number) : -1;
    Py_XDECREF(number);
    if (PyErr_Occurred()) return -1;
    put_whole(b, found);
    return 0;
}

/* A member with a text; none if it is None. */
static inline int put_member_of(Buffer *b, const char *words, PyObject *object, PyObject *name) {
    PyObject *str = PyObject_GetAttr(object, name);
    int done = str ? 0 : -1;
    if (str && str != Py_None) {
        put(b, words, strlen(words));
        done = put_str_quoted(b, str);
    }
    Py_XDECREF(str);
    return done;
}

/* ---- the summary ---- */

/* The lines of the cart, borrowed; NULL: it is as new, or raised. */
static inline PyObject *lines_of(const Visitor *v) {
    PyObject *cart = v->objects[CART], *lines = cart ? PyObject_GetAttr(cart, attr_lines) : NULL;
    if (lines && !PyDict_Check(lines)) PyErr_SetString(PyExc_TypeError, "not a dict");
    Py_XDECREF(lines); /* the cart holds it */
    return PyErr_Occurred() ? NULL : lines;
}

/* The checkout if it is open at `t`, borrowed; NULL: none is, or raised. One that is too old closes. */
static inline PyObject *open_checkout(Visitor *v, int64_t t) {
    PyObject *checkout = v->objects[CHECKOUT];
    if (!checkout || checkout == Py_None) return NULL;
    PyObject *number = PyObject_GetAttr(checkout, attr_started_at);
    long long started = number ? PyLong_AsLongLong(number) : -1;
    Py_XDECREF(number);
    if (PyErr_Occurred()) return NULL;
    if (t - started >= checkout_lasts) Py_CLEAR(v->objects[CHECKOUT]);
    return v->objects[CHECKOUT];
}

static inline int put_cart_summary(Buffer *b, const Visitor *v, PyObject *lines) {
    PyObject *cart = v->objects[CART];
    if (!cart) {
        put_words(b, "{\"id\":");
        if (put_str_quoted(b, v->id) < 0) return -1;
        put_words(b, ",\"changed_at\":-1,\"added_at\":-1}");
        return 0;
    }
    if (put_member_of(b, "{\"id\":", cart, attr_id) < 0) return -1;
    put_words(b, ",\"changed_at\":");
    if (put_whole_of(b, cart, attr_changed_at) < 0) return -1;
    put_words(b, ",\"added_at\":");
    if (put_whole_of(b, cart, attr_added_at) < 0) return -1;
    if (PyDict_GET_SIZE(lines)) {
        put_words(b, ",\"lines\":");
        PyObject *values = PyDict_Values(lines);
        int done = put_encoded(b, values);
        Py_XDECREF(values);
        if (done < 0) return -1;
    }
    if (put_member_of(b, ",\"currency\":", cart, attr_currency) < 0) return -1;
    if (put_member_of(b, ",\"url\":", cart, attr_url) < 0) return -1;
    put_byte(b, '}');
    return 0;
}

static inline void put_text_or_null(Buffer *b, Reader *r) {
    if (take_nil(r)) put_words(b, "null");
    else put_quoted(b, take_text(r));
}

/* A View, if `whole`; else a Glance, see `view_as`. */
static inline int put_view(Buffer *b, const View *view, int whole) {
    Reader r = {(const uint8_t *)view->packed, (const uint8_t *)view->packed + view->size, 0};
    put_byte(b, '[');
    put_quoted(b, take_text(&r));
    for (int i = 0; i < 3; i++) {
        put_byte(b, ',');
        put_whole(b, i == 0 ? view->count : i == 1 ? view->dwell : view->at);
    }
    put_byte(b, ',');
    put_quoted(b, take_text(&r));
    for (int part = NAME; part < PARTS; part++) {
        if (!whole && part != IN_CATEGORY) {
            skip(&r, 0);
            continue;
        }
        put_byte(b, ',');
        if (part != PRICE || (r.at < r.end && *r.at == NIL)) put_text_or_null(b, &r);
        else if (put_decimal(b, take_double(&r)) < 0) return -1;
    }
    put_byte(b, ']');
    return 0;
}

/* The view with most dwell in the visit, ties to the latest; NULL without views. */
static inline const View *subject_of(const Visitor *v) {
    const View *best = NULL;
    for (int i = 0; i < v->views.count; i++) {
        const View *each = &v->views.all[v->views.order[i]];
        if (!best || each->dwell >= best->dwell) best = each;
    }
    return best;
}

static inline int put_all_views(Buffer *b, const Visitor *v) {
    const Views *views = &v->views;
    if (!views->count) return 0;
    for (int i = 0; i < views->count; i++) {
        if (i) put_byte(b, ',');
        else put_words(b, ",\"views\":[");
        if (put_view(b, &views->all[views->order[i]], 0) < 0) return -1;
    }
    put_words(b, "],\"subject\":");
    if (put_view(b, subject_of(v), 1) < 0) return -1;
    if (views->on_screen >= 0) {
        put_words(b, ",\"on_screen\":");
        put_quoted(b, id_of_view(&views->all[views->on_screen]));
    }
    return 0;
}

/* A member of the evidence, the id of an event; none if it is NULL. */
static inline int put_evidence(Buffer *b, PyObject *event, int *any) {
    if (!event) return 0;
    if ((*any)++) put_byte(b, ',');
    else put_words(b, ",\"evidence\":[");
    return put_str_quoted(b, event);
}

static inline int put_all_evidence(Buffer *b, const Visitor *v, PyObject *checkout) {
    int any = 0;
    if (put_evidence(b, v->search_event, &any) < 0 || put_evidence(b, v->cart_event, &any) < 0) return -1;
    if (checkout) {
        PyObject *event = PyObject_GetAttr(checkout, attr_event);
        int done = event ? put_evidence(b, event, &any) : -1;
        Py_XDECREF(event);
        if (done < 0) return -1;
    }
    if (any) put_byte(b, ']');
    return 0;
}

static inline int put_summary(Buffer *b, const Visitor *v, PyObject *lines, PyObject *checkout) {
    PyObject *orders = v->objects[ORDERS];
    put_words(b, "{\"visit_start\":");
    put_whole(b, v->visit_start);
    put_words(b, ",\"last_active\":");
    put_whole(b, last_sign(v));
    put_words(b, ",\"visits\":");
    put_whole(b, v->visits);
    put_words(b, ",\"orders\":");
    put_whole(b, orders && PyList_Check(orders) ? PyList_GET_SIZE(orders) : 0);
    put_words(b, ",\"cart\":");
    if (put_cart_summary(b, v, lines) < 0) return -1;
    if (checkout) {
        put_words(b, ",\"checkout\":");
        if (put_encoded(b, checkout) < 0) return -1;
    }
    if (put_all_views(b, v) < 0) return -1;
    if (v->searches) {
        put_words(b, ",\"searches\":");
        put_whole(b, v->searches);
    }
    if (v->query) {
        put_words(b, ",\"query\":");
        if (put_str_quoted(b, v->query) < 0) return -1;
    }
    if (v->unanswered) put_words(b, ",\"unanswered\":true");
    if (put_all_evidence(b, v, checkout) < 0) return -1;
    put_byte(b, '}');
    return 0;
}

/* ---- the facts ---- */

/* Ends the fact with what all have, and appends it to `facts`. */
static inline int end_fact(Buffer *b, Visitor *v, int64_t t, PyObject *facts) {
    PyObject *person = person_of(v), *written = NULL, *row = NULL;
    int done = -1;
    put_words(b, ",\"at\":");
    put_whole(b, t);
    put_words(b, ",\"visitor\":");
    if (person && put_str_quoted(b, v->id) == 0) {
        put_words(b, ",\"n\":");
        put_whole(b, v->facts);
        put_words(b, ",\"person\":");
        done = put_str_quoted(b, person);
        put_byte(b, '}');
    }
    if (done == 0 && b->failed) PyErr_NoMemory();
    else if (done == 0) written = PyBytes_FromStringAndSize(b->at, b->size);
    if (written) row = PyTuple_Pack(2, person, written);
    done = row ? PyList_Append(facts, row) : -1;
    v->facts += done == 0;
    Py_XDECREF(person);
    Py_XDECREF(written);
    Py_XDECREF(row);
    return done;
}

static inline int tell_active(Visitor *v, int64_t t, PyObject *facts) {
    fact.size = fact.failed = 0;
    put_words(&fact, "{\"type\":\"visitor.active\",\"last_active\":");
    put_whole(&fact, v->last_active);
    v->sent = ACTIVE;
    return end_fact(&fact, v, t, facts);
}

static inline int tell_idle(Visitor *v, int64_t t, PyObject *lines, PyObject *checkout, PyObject *facts) {
    fact.size = fact.failed = 0;
    put_words(&fact, "{\"type\":\"visitor.idle\",\"summary\":");
    if (put_summary(&fact, v, lines, checkout) < 0) return -1;
    v->sent = IDLE;
    v->shown = checkout || (lines && PyDict_GET_SIZE(lines));
    return end_fact(&fact, v, t, facts);
}

/* The visitor's idle deadline. */
static inline int fell_idle(Visitor *v, PyObject *facts) {
    int64_t deadline = last_sign(v) + idle_after;
    v->idle_pending = 0;
    PyObject *lines = lines_of(v);
    if (PyErr_Occurred()) return -1;
    PyObject *checkout = open_checkout(v, deadline);
    if (PyErr_Occurred()) return -1;
    int filled = lines && PyDict_GET_SIZE(lines);
    if (v->sent != ACTIVE && !v->shown && !v->views.count && !v->searches && !filled && !checkout) return 0;
    if (checkout && !filled) {
        PyObject *settled = PyObject_CallFunction(settle, "OL", (PyObject *)v, (long long)deadline);
        if (!settled) return -1;
        Py_DECREF(settled);
        checkout = open_checkout(v, deadline);
        lines = lines_of(v);
    }
    return tell_idle(v, deadline, lines, checkout, facts);
}

/* (visitor, list of facts): as announce_facts.fell_idle. */
static inline PyObject *tell_fallen_idle(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    if (count != 2 || Py_TYPE(args[0]) != &VisitorType || !PyList_Check(args[1]))
        return PyErr_SetString(PyExc_TypeError, "expected a visitor and a list"), NULL;
    if (fell_idle((Visitor *)args[0], args[1]) < 0) return NULL;
    Py_RETURN_NONE;
}

#endif
