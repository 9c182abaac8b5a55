/* The compiled timer wheel: it finds the keys that may be due, as stream/store/timer_wheel.py does, in the same order.
 *
 * stream/store/timer_wheel.py says how the two rings work, and runs where nothing could be compiled. Here a bucket is an
 * array of keys, found by its place through a table, and the places are in a heap.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>
#include <structmember.h>

/* The constants that this code shares with Python, which compares each of them at import. */
#define TICK 100
#define SPAN 3600000
#define LOOKED_AT 32
#define HEADER 25
#define ARMED 9
#define NEVER (-1)

/* ---- buckets ---- */

typedef struct {
    int64_t place;
    PyObject **keys;               /* owned, from `first` to `end` */
    Py_ssize_t first, end, room;
} Bucket;

static int put(Bucket *b, PyObject *key) {
    if (b->end == b->room) {
        if (b->first > b->room / 2) {
            memmove(b->keys, b->keys + b->first, (b->end - b->first) * sizeof *b->keys);
            b->end -= b->first;
            b->first = 0;
        } else {
            Py_ssize_t room = b->room ? b->room + b->room / 2 + 1 : 2;
            PyObject **keys = PyMem_Realloc(b->keys, room * sizeof *keys);
            if (!keys) return PyErr_NoMemory(), -1;
            b->keys = keys;
            b->room = room;
        }
    }
    b->keys[b->end++] = Py_NewRef(key);
    return 0;
}

/* Takes the first key. The caller owns it. */
static inline PyObject *take_key(Bucket *b) { return b->keys[b->first++]; }

static inline Py_ssize_t count_of(const Bucket *b) { return b->end - b->first; }

static void free_bucket(Bucket *b) {
    if (!b) return;
    while (count_of(b)) Py_DECREF(take_key(b));
    PyMem_Free(b->keys);
    PyMem_Free(b);
}

/* ---- a ring: buckets by place, and a heap of their places ---- */

typedef struct {
    Bucket **table; /* open addressing; its size is a power of two */
    int64_t *heap;
    Py_ssize_t size, count, room; /* of the table; of the buckets; of the heap */
} Ring;

static inline size_t slot_of(const Ring *r, int64_t place) {
    return ((uint64_t)place * 0x9E3779B97F4A7C15u >> 20) & (r->size - 1);
}

static Bucket *find(const Ring *r, int64_t place) {
    if (!r->size) return NULL;
    for (size_t i = slot_of(r, place);; i = (i + 1) & (r->size - 1))
        if (!r->table[i] || r->table[i]->place == place) return r->table[i];
}

static void enter(Ring *r, Bucket *b) {
    size_t i = slot_of(r, b->place);
    while (r->table[i]) i = (i + 1) & (r->size - 1);
    r->table[i] = b;
}

static int grow(Ring *r) {
    Py_ssize_t size = r->size, room = size ? 2 * size : 64;
    Bucket **old = r->table, **table = PyMem_Calloc(room, sizeof *table);
    int64_t *heap = table ? PyMem_Realloc(r->heap, room * sizeof *heap) : NULL;
    if (!heap) return PyMem_Free(table), PyErr_NoMemory(), -1;
    r->table = table;
    r->heap = heap;
    r->size = room;
    for (Py_ssize_t i = 0; i < size; i++)
        if (old[i]) enter(r, old[i]);
    PyMem_Free(old);
    return 0;
}

/* Removes a bucket from the table, and closes the gap behind it. */
static void leave(Ring *r, int64_t place) {
    size_t mask = r->size - 1, gap = slot_of(r, place);
    while (r->table[gap]->place != place) gap = (gap + 1) & mask;
    for (size_t i = (gap + 1) & mask; r->table[i]; i = (i + 1) & mask)
        if (((i - slot_of(r, r->table[i]->place)) & mask) >= ((i - gap) & mask)) {
            r->table[gap] = r->table[i];
            gap = i;
        }
    r->table[gap] = NULL;
}

/* The bucket at a place, made if it is not there. NULL with an exception. */
static Bucket *bucket_at(Ring *r, int64_t place) {
    Bucket *b = find(r, place);
    if (b) return b;
    if (2 * (r->count + 1) > r->size && grow(r) < 0) return NULL;
    if (!(b = PyMem_Calloc(1, sizeof *b))) return (Bucket *)PyErr_NoMemory();
    b->place = place;
    enter(r, b);
    Py_ssize_t i = r->count++;
    for (; i && r->heap[(i - 1) / 2] > place; i = (i - 1) / 2) r->heap[i] = r->heap[(i - 1) / 2];
    r->heap[i] = place;
    return b;
}

static int put_at(Ring *r, PyObject *key, int64_t place) {
    Bucket *b = bucket_at(r, place);
    return b ? put(b, key) : -1;
}

/* Removes and returns the first bucket. */
static Bucket *pop(Ring *r) {
    Bucket *first = find(r, r->heap[0]);
    leave(r, first->place);
    int64_t last = r->heap[--r->count];
    Py_ssize_t i = 0, child;
    while ((child = 2 * i + 1) < r->count) {
        child += child + 1 < r->count && r->heap[child + 1] < r->heap[child];
        if (r->heap[child] >= last) break;
        r->heap[i] = r->heap[child];
        i = child;
    }
    r->heap[i] = last;
    return first;
}

static void free_ring(Ring *r) {
    for (Py_ssize_t i = 0; i < r->size; i++) free_bucket(r->table[i]);
    PyMem_Free(r->table);
    PyMem_Free(r->heap);
}

static Py_ssize_t keys_of(const Ring *r) {
    Py_ssize_t keys = 0;
    for (Py_ssize_t i = 0; i < r->size; i++) keys += r->table[i] ? count_of(r->table[i]) : 0;
    return keys;
}

/* ---- the wheel ---- */

typedef struct {
    PyObject_HEAD
    Ring soon, later;
    Bucket *spreading; /* a span that is being spread over ticks, or NULL */
    int64_t spread;
    int64_t pass_tick, pass_time;
    Py_ssize_t pass_left;
    char behind;
} Wheel;

/* Where the armed times are: states, states of the older generation, packed states, by key. All borrowed. */
typedef struct {
    PyObject *live, *older, *packed;
} Held;

static PyObject *attr_armed;

static int read_held(PyObject *given, Held *held) {
    if (PyTuple_Check(given) && PyArg_ParseTuple(given, "O!O!O!", &PyDict_Type, &held->live, &PyDict_Type, &held->older,
                                                 &PyDict_Type, &held->packed))
        return 0;
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "expected (live, older, packed)");
    return -1;
}

/* The armed time (ms) of a key, NEVER for none. */
static int64_t armed_at(const Held *held, PyObject *key) {
    PyObject *state = PyDict_GetItemWithError(held->live, key);
    if (!state && !PyErr_Occurred()) state = PyDict_GetItemWithError(held->older, key);
    if (state) {
        PyObject *armed = PyObject_GetAttr(state, attr_armed);
        int64_t time = armed ? PyLong_AsLongLong(armed) : NEVER;
        Py_XDECREF(armed);
        return time;
    }
    PyObject *packed = PyErr_Occurred() ? NULL : PyDict_GetItemWithError(held->packed, key);
    if (!packed || !PyBytes_Check(packed) || PyBytes_GET_SIZE(packed) < HEADER) return NEVER;
    const uint8_t *bytes = (const uint8_t *)PyBytes_AS_STRING(packed) + ARMED;
    uint64_t time = 0;
    for (int i = 0; i < 8; i++) time = time << 8 | bytes[i];
    return (int64_t)time;
}

static inline int64_t tick_of(int64_t time) { return time < 0 ? -1 : time / TICK; }

static inline int64_t span_of(int64_t time) { return time < 0 ? -1 : time / SPAN; }

/* Spreads at most `most` keys of spans up to `last`. Returns how many, -1 with an exception. */
static Py_ssize_t spread_until(Wheel *w, int64_t last, const Held *held, Py_ssize_t most) {
    if (last > w->spread) w->spread = last;
    Py_ssize_t done = 0;
    while (done < most && (w->spreading || (w->later.count && w->later.heap[0] <= w->spread))) {
        if (!w->spreading) w->spreading = pop(&w->later);
        Bucket *b = w->spreading;
        while (done < most && count_of(b)) {
            PyObject *key = take_key(b);
            done++;
            int64_t at = armed_at(held, key);
            int failed = PyErr_Occurred() || (span_of(at) == b->place && put_at(&w->soon, key, at / TICK) < 0);
            Py_DECREF(key);
            if (failed) return -1;
        }
        if (!count_of(b)) {
            free_bucket(b);
            w->spreading = NULL;
        }
    }
    return done;
}

/* Looks at some keys of a tick, and adds those that are due to `found`. Keys that are armed later in the tick stay in it.
 * Returns how many were looked at, -1 with an exception. */
static Py_ssize_t look(Wheel *w, int64_t tick, int64_t time, const Held *held, PyObject *found, Py_ssize_t wanted,
                       Py_ssize_t left) {
    Bucket *b = find(&w->soon, tick);
    int is_same = w->pass_tick == tick && w->pass_time == time;
    Py_ssize_t last = is_same ? w->pass_left : count_of(b), looked = 0;
    PyObject *waiting = PyDict_New();
    if (!waiting) return -1;
    for (Py_ssize_t most = last < left ? last : left; looked < most;) {
        PyObject *key = take_key(b);
        looked++;
        int64_t at = armed_at(held, key);
        int failed = PyErr_Occurred() != NULL;
        if (!failed && tick_of(at) == tick) failed = PyDict_SetItem(at <= time ? found : waiting, key, Py_None) < 0;
        Py_DECREF(key);
        if (failed) return Py_DECREF(waiting), -1;
        if (PyDict_GET_SIZE(found) >= wanted) break;
    }
    Py_ssize_t at = 0;
    PyObject *key, *none;
    while (PyDict_Next(waiting, &at, &key, &none))
        if (put(b, key) < 0) return Py_DECREF(waiting), -1;
    Py_DECREF(waiting);
    w->pass_tick = tick;
    w->pass_time = time;
    w->pass_left = last - looked;
    if (!count_of(b)) free_bucket(pop(&w->soon));
    return looked;
}

static int find_due(Wheel *w, int64_t time, const Held *held, PyObject *found, Py_ssize_t most) {
    Py_ssize_t wanted = most ? most : PY_SSIZE_T_MAX, left = most ? most * LOOKED_AT : PY_SSIZE_T_MAX, done;
    if ((done = spread_until(w, span_of(time) + 1, held, left)) < 0) return -1;
    left -= done;
    w->behind = 1;
    while (left > 0 && PyDict_GET_SIZE(found) < wanted) {
        if (!w->soon.count || w->soon.heap[0] * TICK > time) {
            w->behind = 0;
            break;
        }
        int64_t tick = w->soon.heap[0];
        int whole = (tick + 1) * TICK <= time;
        if (!whole && (w->pass_tick != tick || w->pass_time != time)) {
            w->pass_tick = tick;
            w->pass_time = time;
            w->pass_left = count_of(find(&w->soon, tick));
        }
        if ((done = look(w, tick, time, held, found, wanted, left)) < 0) return -1;
        left -= done;
        if (!whole && !w->pass_left) {
            w->behind = 0;
            break;
        }
    }
    return 0;
}

/* ---- the wheel as Python sees it ---- */

static PyObject *wheel_arm(Wheel *w, PyObject *const *args, Py_ssize_t count) {
    if (count != 2) return PyErr_SetString(PyExc_TypeError, "expected a key and a time"), NULL;
    int64_t time = PyLong_AsLongLong(args[1]);
    if (PyErr_Occurred()) return NULL;
    int is_later = span_of(time) > w->spread;
    if (put_at(is_later ? &w->later : &w->soon, args[0], is_later ? span_of(time) : tick_of(time)) < 0) return NULL;
    Py_RETURN_NONE;
}

static PyObject *wheel_due(Wheel *w, PyObject *args) {
    Held held;
    PyObject *given, *most = Py_None;
    long long time;
    if (!PyArg_ParseTuple(args, "LO|O", &time, &given, &most) || read_held(given, &held) < 0) return NULL;
    Py_ssize_t some = most == Py_None ? 0 : PyLong_AsSsize_t(most);
    PyObject *found = PyErr_Occurred() ? NULL : PyDict_New(), *keys = NULL;
    if (found && find_due(w, time, &held, found, some) == 0) keys = PyDict_Keys(found);
    Py_XDECREF(found);
    return keys;
}

static PyObject *wheel_take(Wheel *w, PyObject *args) {
    Held held;
    PyObject *spans, *given, *place, *keys;
    if (!PyArg_ParseTuple(args, "O!O", &PyDict_Type, &spans, &given) || read_held(given, &held) < 0) return NULL;
    free_ring(&w->later);
    memset(&w->later, 0, sizeof w->later);
    Py_ssize_t at = 0;
    while (PyDict_Next(spans, &at, &place, &keys)) {
        int64_t span = PyLong_AsLongLong(place);
        Bucket *b = PyErr_Occurred() || !PyList_Check(keys) ? NULL : bucket_at(&w->later, span);
        if (!b) return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_TypeError, "expected lists of keys");
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(keys); i++)
            if (put(b, PyList_GET_ITEM(keys, i)) < 0) return NULL;
    }
    if (spread_until(w, w->spread, &held, PY_SSIZE_T_MAX) < 0) return NULL;
    Py_RETURN_NONE;
}

static PyObject *wheel_reach(Wheel *w, PyObject *args) {
    Held held;
    PyObject *given;
    long long time;
    if (!PyArg_ParseTuple(args, "LO", &time, &given) || read_held(given, &held) < 0) return NULL;
    if (spread_until(w, span_of(time) + 1, &held, PY_SSIZE_T_MAX) < 0) return NULL;
    Py_RETURN_NONE;
}

static PyObject *get_next(Wheel *w, void *unused) {
    int64_t next = INT64_MAX;
    if (w->soon.count) next = w->soon.heap[0] * TICK;
    if (w->later.count && w->later.heap[0] * SPAN < next) next = w->later.heap[0] * SPAN;
    if (w->spreading && w->spreading->place * SPAN < next) next = w->spreading->place * SPAN;
    return next == INT64_MAX ? Py_NewRef(Py_None) : PyLong_FromLongLong(next);
}

static Py_ssize_t wheel_length(Wheel *w) {
    return keys_of(&w->soon) + keys_of(&w->later) + (w->spreading ? count_of(w->spreading) : 0);
}

static void wheel_dealloc(Wheel *w) {
    free_ring(&w->soon);
    free_ring(&w->later);
    free_bucket(w->spreading);
    Py_TYPE(w)->tp_free(w);
}

static PyMethodDef wheel_methods[] = {
    {"arm", (PyCFunction)(void (*)(void))wheel_arm, METH_FASTCALL, NULL},
    {"due", (PyCFunction)wheel_due, METH_VARARGS, NULL},
    {"take", (PyCFunction)wheel_take, METH_VARARGS, NULL},
    {"reach", (PyCFunction)wheel_reach, METH_VARARGS, NULL},
    {NULL}};

static PyMemberDef wheel_members[] = {{"behind", T_BOOL, offsetof(Wheel, behind), READONLY, NULL}, {NULL}};

static PyGetSetDef wheel_getset[] = {{"next", (getter)get_next, NULL, NULL, NULL}, {NULL}};

static PySequenceMethods wheel_sequence = {.sq_length = (lenfunc)wheel_length};

static PyTypeObject WheelType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "stream.native._wheel.Wheel",
    .tp_doc = "A timer wheel as stream.store.timer_wheel.Wheel.",
    .tp_basicsize = sizeof(Wheel),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = PyType_GenericNew,
    .tp_dealloc = (destructor)wheel_dealloc,
    .tp_methods = wheel_methods,
    .tp_members = wheel_members,
    .tp_getset = wheel_getset,
    .tp_as_sequence = &wheel_sequence,
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "stream.native._wheel", "See stream/store/timer_wheel.py.", -1, NULL,
};

PyMODINIT_FUNC PyInit__wheel(void) {
    if (!(attr_armed = PyUnicode_InternFromString("armed")) || PyType_Ready(&WheelType) < 0) return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (!module || PyModule_AddObjectRef(module, "Wheel", (PyObject *)&WheelType) < 0 ||
        PyModule_AddIntMacro(module, TICK) < 0 || PyModule_AddIntMacro(module, SPAN) < 0 ||
        PyModule_AddIntMacro(module, LOOKED_AT) < 0 || PyModule_AddIntMacro(module, HEADER) < 0 ||
        PyModule_AddIntMacro(module, ARMED) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
