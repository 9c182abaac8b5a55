/* The compiled part of the visitors stage: it takes the frequent events of a visitor who looks around.
 *
 * It is equal to stream/state/visitor.py and stream/stages/visitors.py, to the byte of the changelog. These define the
 * behaviour and run where nothing could be compiled. `run` applies an event of six types if the event is plain and
 * changes nothing but the visit of its visitor. Of six more it does what is the same for all events, a plain item that is
 * added and a plain order, and calls Python for what else a cart, a checkout or an order says. Python applies any other event, one at a time, in its place: keys of identity,
 * another customer, a late or repeated event, a signal that may be a trigger, anything that is not plainly written.
 *
 * Each header stands for itself: _constants.h what is shared with Python, _settings.h what Python passes in; _text.h,
 * _json.h, _msgpack.h, _records.h the formats; _event.h and _nobody.h an event; _ids.h, _views.h, _visitor.h a visitor;
 * _packed.h its packed state; _facts.h its facts; _slots.h and _visitor_slots.h the fields of Structs; _filling.h its cart;
 * _placing.h its orders; _run.h the loop over a batch; _restore.h a changelog read back; _murmur2.h the
 * partition of a key. This file is what Python sees of it.
 *
 * Source: docs/semantics.md, 2, 3 and 5.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <structmember.h>

#include "_constants.h"
#include "_murmur2.h"
#include "_nobody.h"
#include "_packed.h"
#include "_restore.h"
#include "_run.h"
#include "_settings.h"
#include "_facts.h"
#include "_visitor.h"

/* ---- the visitor as Python sees it ---- */

static PyObject *visitor_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"id", NULL};
    PyObject *id;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "U", names, &id)) return NULL;
    Visitor *v = (Visitor *)type->tp_alloc(type, 0);
    if (!v) return NULL;
    v->id = Py_NewRef(id);
    v->applied = v->armed = v->last_event = NEVER;
    begin_anew(v);
    return (PyObject *)v;
}

static void visitor_dealloc(Visitor *v) {
    begin_anew(v);
    clear_ids(&v->ids);
    PyMem_Free(v->views.all);
    Py_XDECREF(v->id);
    Py_TYPE(v)->tp_free(v);
}

static int set_object(Visitor *v, PyObject *value, void *which) {
    if (!value) return PyErr_SetString(PyExc_AttributeError, "cannot be deleted"), -1;
    Py_XSETREF(v->objects[(intptr_t)which], Py_NewRef(value));
    return 0;
}

static PyObject *get_str(Visitor *v, void *offset) {
    PyObject *str = *(PyObject **)((char *)v + (intptr_t)offset);
    return Py_NewRef(str ? str : empty_text);
}

static int set_str(Visitor *v, PyObject *value, void *offset) {
    if (!value || !PyUnicode_Check(value)) return PyErr_SetString(PyExc_TypeError, "not a str"), -1;
    PyObject **str = (PyObject **)((char *)v + (intptr_t)offset);
    Py_XSETREF(*str, PyUnicode_GET_LENGTH(value) ? Py_NewRef(value) : NULL);
    return 0;
}

static PyObject *get_str_or_none(Visitor *v, void *offset) {
    PyObject *str = *(PyObject **)((char *)v + (intptr_t)offset);
    return Py_NewRef(str ? str : Py_None);
}

static int set_str_or_none(Visitor *v, PyObject *value, void *offset) {
    return set_str(v, value == Py_None ? empty_text : value, offset);
}

static PyObject *get_person(Visitor *v, void *unused) { return person_of(v); }

static PyObject *get_is_known(Visitor *v, void *unused) { return PyBool_FromLong(is_known(v)); }

static PyObject *get_last_sign(Visitor *v, void *unused) { return PyLong_FromLongLong(last_sign(v)); }

static PyObject *get_products(Visitor *v, void *unused) { return PyLong_FromLong(v->views.count); }

static PyObject *get_screen(Visitor *v, void *unused) {
    if (v->views.on_screen < 0) return Py_NewRef(empty_text);
    Text id = id_of_view(&v->views.all[v->views.on_screen]);
    return PyUnicode_DecodeUTF8(id.at, id.size, NULL);
}

#define OBJECT_FIELD(name, which) {name, (getter)get_object, (setter)set_object, NULL, (void *)which}
#define STR_FIELD(name) {#name, (getter)get_str, (setter)set_str, NULL, (void *)offsetof(Visitor, name)}
#define STR_OR_NONE(name) \
    {#name, (getter)get_str_or_none, (setter)set_str_or_none, NULL, (void *)offsetof(Visitor, name)}
#define READ_ONLY(name) {#name, (getter)get_##name, NULL, NULL, NULL}

static PyGetSetDef visitor_getset[] = {
    OBJECT_FIELD("cart", CART), OBJECT_FIELD("checkout", CHECKOUT), OBJECT_FIELD("orders", ORDERS),
    OBJECT_FIELD("signals", SIGNALS_SEEN), OBJECT_FIELD("fired", FIRED), OBJECT_FIELD("refused", REFUSED),
    OBJECT_FIELD("consent", CONSENT), OBJECT_FIELD("exits", EXITS), OBJECT_FIELD("published", PUBLISHED),
    OBJECT_FIELD("taken", TAKEN), OBJECT_FIELD("ordered", ORDERED), OBJECT_FIELD("gone", GONE),
    OBJECT_FIELD("bound_pairs", TOLD), OBJECT_FIELD("subscription", SUBSCRIPTION),
    OBJECT_FIELD("in_time", IN_TIME),
    STR_OR_NONE(customer), STR_OR_NONE(email), STR_OR_NONE(phone), STR_OR_NONE(former),
    STR_FIELD(page), STR_FIELD(query), STR_FIELD(search_event), STR_FIELD(cart_event),
    READ_ONLY(person), READ_ONLY(is_known), READ_ONLY(last_sign), READ_ONLY(products), READ_ONLY(screen),
    {NULL}};

#define INT_FIELD(name) {#name, T_LONGLONG, offsetof(Visitor, name), 0, NULL}
#define BOOL_FIELD(name) {#name, T_BOOL, offsetof(Visitor, name), 0, NULL}

static PyMemberDef visitor_members[] = {
    {"id", T_OBJECT_EX, offsetof(Visitor, id), READONLY, NULL},
    INT_FIELD(applied), INT_FIELD(version), INT_FIELD(armed), INT_FIELD(facts), INT_FIELD(sent),
    INT_FIELD(last_event), INT_FIELD(last_active), INT_FIELD(last_change), INT_FIELD(visits), INT_FIELD(visit_start),
    INT_FIELD(last_look), INT_FIELD(searches), INT_FIELD(looks), INT_FIELD(traits_orders), INT_FIELD(offered_at),
    INT_FIELD(customer_since), INT_FIELD(left_at),
    {"traits_value", T_DOUBLE, offsetof(Visitor, traits_value), 0, NULL},
    BOOL_FIELD(idle_pending), BOOL_FIELD(unanswered), BOOL_FIELD(shown), BOOL_FIELD(emptied), BOOL_FIELD(subscribed),
    {NULL}};

static PyObject *visitor_begin_anew(Visitor *v, PyObject *unused) {
    begin_anew(v);
    Py_RETURN_NONE;
}

static int time_of(PyObject *given, int64_t *t) {
    *t = PyLong_AsLongLong(given);
    return *t == -1 && PyErr_Occurred() ? -1 : 0;
}

static PyObject *visitor_engage(Visitor *v, PyObject *time) {
    int64_t t;
    if (time_of(time, &t) < 0) return NULL;
    engage(v, t);
    Py_RETURN_NONE;
}

static PyObject *visitor_look_away(Visitor *v, PyObject *time) {
    int64_t t;
    if (time_of(time, &t) < 0) return NULL;
    look_away(v, t);
    Py_RETURN_NONE;
}

static int event_and_time(PyObject *const *args, Py_ssize_t count, int64_t *t) {
    if (count != 2) return PyErr_SetString(PyExc_TypeError, "expected an event and a time"), -1;
    return time_of(args[1], t);
}

static PyObject *visitor_turn(Visitor *v, PyObject *const *args, Py_ssize_t count) {
    int64_t t;
    if (event_and_time(args, count, &t) < 0) return NULL;
    PyObject *page = page_of(args[0]);
    if (PyErr_Occurred()) return NULL;
    turn(v, page, t);
    Py_XDECREF(page);
    Py_RETURN_NONE;
}

static PyObject *visitor_view(Visitor *v, PyObject *const *args, Py_ssize_t count) {
    int64_t t;
    Event event;
    if (event_and_time(args, count, &t) < 0 || product_of(args[0], &event) < 0 || view(v, &event, t) < 0) return NULL;
    Py_RETURN_NONE;
}

static PyObject *visitor_search(Visitor *v, PyObject *const *args, Py_ssize_t count) {
    int64_t t;
    Event event = {0};
    if (event_and_time(args, count, &t) < 0 || text_of(args[0], attr_id, &event.id) < 0 ||
        text_of(args[0], attr_query, &event.query) < 0 || search(v, &event, t) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static int given_name(PyObject *given, EventName *name) {
    Py_ssize_t size;
    const char *at = PyUnicode_AsUTF8AndSize(given, &size);
    if (at) *name = event_name_of((Text){at, size});
    return at ? 0 : -1;
}

static PyObject *visitor_knows(Visitor *v, PyObject *given) {
    EventName name;
    return given_name(given, &name) < 0 ? NULL : PyBool_FromLong(has_id(&v->ids, &name));
}

static PyObject *visitor_remember(Visitor *v, PyObject *given) {
    EventName name;
    if (given_name(given, &name) < 0 || add_id(&v->ids, &name) < 0) return NULL;
    Py_RETURN_NONE;
}

static PyObject *visitor_subject(Visitor *v, PyObject *unused) {
    const View *best = subject_of(v);
    if (!best) Py_RETURN_NONE;
    return view_as(best, view_type);
}

static PyObject *visitor_view_summaries(Visitor *v, PyObject *unused) {
    PyObject *found = PyList_New(v->views.count);
    for (int i = 0; found && i < v->views.count; i++) {
        PyObject *summary = view_as(&v->views.all[v->views.order[i]], view_summary_type);
        if (!summary) Py_CLEAR(found);
        else PyList_SET_ITEM(found, i, summary);
    }
    return found;
}

#define METHOD(name, flags) {#name, (PyCFunction)(void (*)(void))visitor_##name, flags, NULL}

static PyMethodDef visitor_methods[] = {
    METHOD(begin_anew, METH_NOARGS), METHOD(engage, METH_O), METHOD(look_away, METH_O),
    METHOD(turn, METH_FASTCALL), METHOD(view, METH_FASTCALL), METHOD(search, METH_FASTCALL),
    METHOD(knows, METH_O), METHOD(remember, METH_O),
    METHOD(subject, METH_NOARGS), METHOD(view_summaries, METH_NOARGS), {NULL}};

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

/* ---- configure ---- */

/* Compares a tuple of words with those that are compiled in. */
static int check_words(PyObject *all, const char *name, const char *const *words, int count) {
    PyObject *given = PyDict_GetItemString(all, name);
    int same = given && PyTuple_Check(given) && PyTuple_GET_SIZE(given) == count;
    for (int i = 0; same && i < count; i++) {
        PyObject *word = PyTuple_GET_ITEM(given, i);
        same = PyUnicode_Check(word) && PyUnicode_CompareWithASCIIString(word, words[i]) == 0;
    }
    if (!same) PyErr_Format(PyExc_ValueError, "compiled for another release: other %s", name);
    return same ? 0 : -1;
}

static int check_all_words(PyObject *given) {
    const char *field_words[FIELDS];
    for (size_t i = 0; i < FIELDS; i++) field_words[i] = fields[i].name;
    if (check_words(given, "types", type_words, KINDS) < 0) return -1;
    if (check_words(given, "page kinds", page_words, PAGE_KINDS) < 0) return -1;
    if (check_words(given, "signals", signal_words, SIGNALS) < 0) return -1;
    if (check_words(given, "parts of a product", part_words, PARTS) < 0) return -1;
    if (check_words(given, "fields of a view", view_words, VIEW_FIELDS) < 0) return -1;
    return check_words(given, "fields of a visitor", field_words, FIELDS);
}

/* (name, weight, half-life, least held) of each sort of signal, in the order of the words. */
static int know_sorts(PyObject *given) {
    if (PyTuple_GET_SIZE(given) != SIGNALS) return PyErr_SetString(PyExc_ValueError, "other signals"), -1;
    for (int i = 0; i < SIGNALS; i++) {
        Sort *sort = &sorts[i];
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(given, i), "Uddd", &sort->name, &sort->weight, &sort->half_life,
                              &sort->least_held))
            return -1;
        if (PyUnicode_CompareWithASCIIString(sort->name, signal_words[i]) != 0)
            return PyErr_Format(PyExc_ValueError, "no signal: %U", sort->name), -1;
    }
    return 0;
}

/* Keeps what is given for as long as the process lives, and for each word a str that is shared. */
static int keep_words(PyObject **kept, const char *const *words, int count) {
    for (int i = 0; i < count; i++)
        if (!(kept[i] = PyUnicode_InternFromString(words[i]))) return -1;
    return 0;
}

static PyObject *configure(PyObject *module, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"constants", "words", "letters", "nobody", "sorts", "weights", "times",
                            "unset", "types", "slots", "encode", "settle", "placing", "typed", "folds", "decoders",
                            "new_cart", NULL};
    PyObject *constants, *words, *nobody_names, *sorts_given, *slot_types;
    const char *given_letters;
    Py_ssize_t letters_count, head_size, rest_size;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$O!O!y#O!O!(ddd)(LLLLL)O(OOOO)O!(OO)O(OOOOO)OO!O!(y#y#)", names, &PyDict_Type,
                                     &constants, &PyDict_Type, &words, &given_letters, &letters_count, &PyTuple_Type,
                                     &nobody_names, &PyTuple_Type, &sorts_given, &cart_weight, &products_weight,
                                     &certain_below, &visit_gap, &idle_after, &late_after, &forget_after,
                                     &checkout_lasts, &unset, &view_type, &view_summary_type, &signal_type, &cart_type,
                                     &PyTuple_Type, &slot_types, &encode, &encode_json, &settle, &given_lines, &worth,
                                     &bound_lines, &count_order, &hand_order, &typed, &PyTuple_Type, &folds, &PyTuple_Type, &decoders,
                                     &new_cart_head.at, &head_size, &new_cart_rest.at, &rest_size))
        return NULL;
    Py_INCREF(kwargs); /* what it holds is used for as long as the process lives */
    new_cart_head.size = head_size;
    new_cart_rest.size = rest_size;
    if (PyTuple_GET_SIZE(slot_types) != TYPES || letters_count != KINDS || PyTuple_GET_SIZE(decoders) != OBJECTS || PyTuple_GET_SIZE(folds) != KINDS - SHOWN)
        return PyErr_Format(PyExc_ValueError, "compiled for another release: other letters, types or decoders");
    for (int i = 0; i < TYPES; i++) types[i] = PyTuple_GET_ITEM(slot_types, i);
    memcpy(letters, given_letters, KINDS);
    if (compare_constants(constants, shared_constants, CONSTANTS) < 0 || check_all_words(words) < 0 || know_sorts(sorts_given) < 0 ||
        know_nobody(nobody_names) < 0 || keep_words(page_names, page_words, PAGE_KINDS) < 0 || find_slots() < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* ---- the module ---- */

/* What `read_event` makes of a value, for the tests; None if it leaves the value to Python. */
static PyObject *read_value(PyObject *module, PyObject *value) {
    Event e;
    if (!PyBytes_Check(value)) return PyErr_Format(PyExc_TypeError, "not bytes");
    Text all = {PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value)};
    if (!is_utf8(all) || !read_event(all, 0, &e) || e.kind >= SHOWN) Py_RETURN_NONE;
    PyObject *sent = e.sent ? PyLong_FromLongLong(e.client_time) : Py_NewRef(Py_None);
    PyObject *price = e.product[PRICE].at ? PyFloat_FromDouble(e.price) : Py_NewRef(Py_None);
    PyObject *held = e.is_held ? PyFloat_FromDouble(e.held) : Py_NewRef(Py_None);
    if (!sent || !price || !held) return Py_XDECREF(sent), Py_XDECREF(price), Py_XDECREF(held), NULL;
#define PART(text) (text).at, (Py_ssize_t)(text).size
    return Py_BuildValue("is#s#s#Nss#(s#s#s#Ns#s#)sNii", e.kind, PART(e.id), PART(e.visitor), PART(e.customer), sent,
                         e.page < PAGE_KINDS ? page_words[e.page] : NULL, PART(e.query),
                         PART(e.product[PRODUCT_ID]), PART(e.product[NAME]), PART(e.product[IN_CATEGORY]), price,
                         PART(e.product[URL]), PART(e.product[IMAGE]),
                         e.kind == EXIT_SIGNAL ? signal_words[e.signal] : NULL, held, e.in_form, names_somebody(e.id));
}

static PyObject *hash_key(PyObject *self, PyObject *key) {
    if (!PyBytes_Check(key)) return PyErr_SetString(PyExc_TypeError, "expected bytes"), NULL;
    return PyLong_FromUnsignedLong(murmur2((Text){PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key)}));
}

static PyMethodDef functions[] = {
    {"configure", (PyCFunction)(void (*)(void))configure, METH_VARARGS | METH_KEYWORDS, NULL},
    {"read", read_back, METH_VARARGS, NULL},
    {"run", run, METH_VARARGS, NULL},
    {"fire_all", fire_all, METH_VARARGS, NULL},
    {"survey", survey, METH_VARARGS, NULL},
    {"fell_idle", (PyCFunction)(void (*)(void))tell_fallen_idle, METH_FASTCALL, NULL},
    {"read_value", read_value, METH_O, NULL},
    {"pack", pack, METH_O, NULL},
    {"pack_all", pack_all, METH_VARARGS, NULL},
    {"unpack", unpack, METH_O, NULL},
    {"murmur2", hash_key, METH_O, NULL},
    {NULL}};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "stream.native._visitors", "See stream/stages/backend.py.", -1, functions,
};

static int know_attributes(void) {
    static const struct {
        PyObject **kept;
        const char *name;
    } attributes[] = {{&empty_text, ""},        {&attr_id, "id"},       {&attr_at, "at"},
                      {&attr_kind, "kind"},     {&attr_lines, "lines"}, {&attr_page, "page"},
                      {&attr_product, "product"}, {&attr_query, "query"},
                      {&attr_event, "event"},   {&attr_started_at, "started_at"}, {&attr_changed_at, "changed_at"},
                      {&attr_added_at, "added_at"}, {&attr_currency, "currency"}, {&attr_url, "url"},
                      {&attr_aside, "aside"}};
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
        if (keep_words(attributes[i].kept, &attributes[i].name, 1) < 0) return -1;
    return keep_words(attr_parts, part_words, PARTS);
}

PyMODINIT_FUNC PyInit__visitors(void) {
    PyObject *module = PyModule_Create(&definition);
    if (!module || know_attributes() < 0 || PyType_Ready(&VisitorType) < 0 ||
        PyModule_AddObjectRef(module, "Visitor", (PyObject *)&VisitorType) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
