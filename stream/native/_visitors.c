/* The visitors stage's most frequent events, compiled: a visitor that looks around.
 *
 * It does what visitor.py and visitors.py do, to the byte of the changelog; they are the meaning, and what runs
 * where nothing could be compiled. Here a visitor is one block of memory, its ids and views beside it, each view
 * with its texts packed as the changelog has them. `run` takes an event by itself if it is one of six types and
 * leads to nothing but a change of its visit. Of other events (a cart, a signal that may be a trigger, an order) it does
 * what is the same for all, and Python what is their own. Whatever is out of the way (a deadline that is over, a change
 * of person, a repeated or late event, rubbish) goes to Python, one event at a time, in its place.
 *
 * The rooms: `_event.h` reads events, `_records.h` record batches, `_msgpack.h` packs; `_visitor.h` is a visitor,
 * `_packed.h` its packed state, `_run.h` the loop over a batch, `_restore.h` a changelog read back. Here is what Python
 * sees of it.
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

#include "_event.h"
#include "_msgpack.h"
#include "_records.h"
#include "_visitor.h"
#include "_packed.h"
#include "_run.h"
#include "_restore.h"

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
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "stream.native._visitors.Visitor",
    .tp_doc = "A visitor as stream.state.visitor.Visitor, with the same fields and methods.",
    .tp_basicsize = sizeof(Visitor),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = visitor_new,
    .tp_dealloc = (destructor)visitor_dealloc,
    .tp_getset = visitor_getset,
    .tp_members = visitor_members,
    .tp_methods = visitor_methods,
};

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
    static char *names[] = {"kinds", "event", "folds", "notes", "product", "unset", "view", "glance", "signal",
                            "cart", "encode", "decoders", "sorts", "cart_weight", "products_weight", "unclear_from", "visit_gap", "idle_after",
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
    Py_INCREF(types), Py_INCREF(event), Py_INCREF(folds), Py_INCREF(notes), Py_INCREF(product), Py_INCREF(unset);
    Py_INCREF(view_type), Py_INCREF(glance_type), Py_INCREF(signal_type), Py_INCREF(cart_type), Py_INCREF(encode), Py_INCREF(decoders);
    Py_RETURN_NONE;
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
    PyModuleDef_HEAD_INIT, "stream.native._visitors", "See stream/stages/backend.py.", -1, functions,
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
