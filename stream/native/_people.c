/* The compiled part of the people stage: it applies the three frequent facts, that a visitor is idle, active or orders.
 *
 * It is equal to stream/stages/waiting.py and stream/stages/person_facts.py, to the byte of the changelog. These define the
 * behaviour and run where nothing could be compiled. `apply` takes waiting facts in their order. It does what is frequent,
 * and calls Python for the rest, one fact or one step of it at a time: persons that are new, deadlines that fire,
 * other facts, episodes that end or open for some only.
 *
 * A person stays the Struct that Python knows. Each header stands for itself: _slots.h and _person_slots.h the fields of Structs; _persons.h
 * deadlines, planned steps and bounds; _seen.h what counts of a summary; _looks.h what that does to episodes; _orders.h
 * what an order does; _audiences.h what a fact does to audiences, _changes.h what is published of it; _tidy.h what need not be
 * kept any more.
 *
 * Source: docs/semantics.md, 1 and 6.
 */
#include "_audiences.h"
#include "_orders.h"
#include "_records.h"
#include "_tidy.h"

static PyObject *heappop, *heappush; /* of heapq */

/* The facts that are applied here; RARE: any other. */
typedef enum { ACTIVE, IDLE, ORDER_PLACED, RARE } Kind;

/* What one call of `apply` works with; all borrowed from its arguments. */
typedef struct {
    PyObject *live, *dirty;       /* the decoded states, and those that have changed, by key */
    PyObject *recipes, *by_alias; /* `by_alias`: the recipes by their names in states */
    PyObject *rows;               /* (alias, recipe, whether it is plain) of the enabled recipes of each kind */
    PyObject *audiences;          /* None if none looks at products */
    PyObject *out, *take, *set_timer; /* `take`: applies a whole fact */
    PyObject *at_hand;            /* finds a person that is not decoded, or creates one */
    int64_t keep;
    int follows, looks;           /* whether life recipes or audiences matter, and whether C looks at these */
    int64_t remembers;            /* how long (ms) fired steps are kept */
    int replenishes;              /* whether purchases are kept */
    int64_t near;                 /* Audiences.near */
    Audiences conditions;         /* read if `looks` */
    Py_ssize_t applied;
} Run;

/* Sets the person's timer, as Keyed.arm does for a state that has changed. */
static int arm(Run *run, PyObject *key, PyObject *person, int64_t deadline) {
    int64_t armed = number(person, PERSON_armed);
    if (armed != NEVER && deadline >= armed) return 0;
    if (put_slot_number(person, PERSON_armed, deadline) < 0) return -1;
    return checked(PyObject_CallFunctionObjArgs(run->set_timer, key, AT(person, PERSON_armed), NULL));
}

/* Adds a visitor to the person. `visits` NULL: the default. */
static int add_device(PyObject *person, PyObject *fact, PyObject *active, PyObject *last_active, PyObject *visits) {
    PyObject *given[] = {active, last_active, visits};
    PyObject *device = PyObject_Vectorcall(types[PERSON_VISITOR], given, visits ? 3 : 2, NULL);
    int done = device ? PyDict_SetItem(AT(person, PERSON_visitors), AT(fact, IDLE_FACT_visitor), device) : -1;
    Py_XDECREF(device);
    return done;
}

static int apply_active(PyObject *device, PyObject *person, PyObject *fact) {
    PyObject *last_active = AT(fact, ACTIVE_FACT_last_active);
    if (device) {
        put_slot(device, PERSON_VISITOR_active, Py_True);
        put_slot(device, PERSON_VISITOR_last_active, last_active);
    } else if (add_device(person, fact, Py_True, last_active, NULL) < 0) return -1;
    return unplan(person);
}

static int put_device(PyObject *person, PyObject *fact, PyObject *summary) {
    PyObject *device = PyDict_GetItemWithError(AT(person, PERSON_visitors), AT(fact, IDLE_FACT_visitor));
    PyObject *last_active = AT(summary, SUMMARY_last_active), *visits = AT(summary, SUMMARY_visits);
    if (!device) return PyErr_Occurred() ? -1 : add_device(person, fact, Py_False, last_active, visits);
    put_slot(device, PERSON_VISITOR_active, Py_False);
    put_slot(device, PERSON_VISITOR_last_active, last_active);
    put_slot(device, PERSON_VISITOR_visits, visits);
    return 0;
}

/* What Python does with a summary of which only some lines count. */
static int look_in_python(Run *run, PyObject *person, PyObject *fact) {
    PyObject *seen = PyObject_CallFunctionObjArgs(functions[SUMMARIZE], person, fact, NULL);
    int done = seen ? CALL(REMEMBER, person, seen, AT(fact, IDLE_FACT_at)) : -1;
    if (done == 0) done = CALL(FUNNEL, person, fact, seen, run->recipes, run->out);
    if (done == 0) done = CALL(BROWSE, person, fact, seen, run->recipes, run->out);
    Py_XDECREF(seen);
    return done;
}

static int apply_idle(Run *run, PyObject *person, PyObject *fact, int64_t at) {
    PyObject *summary = AT(fact, IDLE_FACT_summary);
    if (put_device(person, fact, summary) < 0) return -1;
    int noted = run->audiences == Py_None ? 1 : run->looks ? note_views(&run->conditions, person, summary) : 0;
    if (noted < 0 || (!noted && CALL(VIEWED, person, summary, run->audiences) < 0)) return -1;
    Seen seen;
    int done = see(&seen, person, fact);
    if (done == 0) done = look_in_python(run, person, fact);
    else if (done > 0) {
        done = remember(&seen);
        if (done == 0) done = look_at_funnel(&seen, run->rows, run->recipes, run->out);
        if (done == 0) done = look_at_browsing(&seen, run->rows, run->recipes, run->out);
    }
    drop_seen(&seen);
    if (done < 0 || plan_all(person, run->recipes, run->by_alias, fact, at) < 0) return -1;
    return trim(person, AT(fact, IDLE_FACT_at), at);
}

/* Whether the place (at, visitor, n) is behind that of the person's last fact. */
static int is_copy(PyObject *person, PyObject *fact, int64_t at) {
    int64_t last = number(person, PERSON_applied);
    if (at != last) return at < last;
    int order = PyUnicode_Compare(AT(fact, IDLE_FACT_visitor), AT(person, PERSON_last_visitor));
    return order ? order < 0 : number(fact, IDLE_FACT_n) <= number(person, PERSON_last_n);
}

/* life_facts.settle. */
static int settle_audiences(Run *run, PyObject *person, PyObject *fact) {
    if (!run->follows && AT(person, PERSON_life) == Py_None) return 0;
    int looked = run->looks ? look(&run->conditions, person, AT(fact, IDLE_FACT_at), run->recipes, run->out) : 0;
    if (looked < 0) return -1;
    if (!looked) return CALL(SETTLE, person, AT(fact, IDLE_FACT_at), run->recipes, run->out);
    int done = tidy(person, number(fact, IDLE_FACT_at), run->remembers, run->replenishes);
    return done ? (done < 0 ? -1 : 0) : CALL(TIDY, person, AT(fact, IDLE_FACT_at), run->recipes);
}

/* life_facts._is_forwarded. */
static int is_forwarded(PyObject *fact, Kind kind) {
    if (begins_with(AT(fact, IDLE_FACT_visitor), '~', 2)) return 1;
    return kind == ORDER_PLACED && is(AT(fact, ORDERED_FACT_whole), WHOLE_ORDER_withheld);
}

/* What is done with each fact before and behind what it says itself. */
static int apply_fact(Run *run, PyObject *person, PyObject *fact, Kind kind, PyObject *device, int64_t at) {
    PyObject *key = AT(fact, IDLE_FACT_person);
    if (PyDict_SetItem(run->dirty, key, person) < 0) return -1;
    if (number(person, PERSON_remembered) != NEVER && put_slot_number(person, PERSON_remembered, NEVER) < 0) return -1;
    if (is(person, PERSON_left) && !is_forwarded(fact, kind)) put_slot(person, PERSON_left, Py_False);
    int keeps = device && keeps_audiences(person, device, fact, at, run->near);
    int done = kind == ACTIVE ? apply_active(device, person, fact)
               : kind == IDLE ? apply_idle(run, person, fact, at)
                              : place_order(person, fact, at, run->follows, run->recipes, run->out);
    if (done < 0) return -1;
    if (!keeps && settle_audiences(run, person, fact) < 0) return -1;
    put_slot(person, PERSON_applied, AT(fact, IDLE_FACT_at));
    put_slot(person, PERSON_last_visitor, AT(fact, IDLE_FACT_visitor));
    put_slot(person, PERSON_last_n, AT(fact, IDLE_FACT_n));
    if (number(person, PERSON_armed) <= at && put_slot_number(person, PERSON_armed, NEVER) < 0) return -1;
    int64_t deadline = deadline_of(person, run->keep);
    run->applied++;
    return deadline == -2 ? -1 : arm(run, key, person, deadline);
}

static Kind kind_of_fact(PyObject *fact) {
    if (Py_IS_TYPE(fact, (PyTypeObject *)types[ACTIVE_FACT])) return ACTIVE;
    if (Py_IS_TYPE(fact, (PyTypeObject *)types[IDLE_FACT])) return IDLE;
    return Py_IS_TYPE(fact, (PyTypeObject *)types[ORDERED_FACT]) ? ORDER_PLACED : RARE;
}

/* The person of a fact, decoded; created if there is none. NULL: the fact has no effect, or raised. Borrowed. */
static PyObject *person_of(Run *run, PyObject *key, int64_t at) {
    PyObject *person = PyDict_GetItemWithError(run->live, key);
    if (person || PyErr_Occurred()) return person;
    person = PyObject_CallFunction(run->at_hand, "OL", key, (long long)at);
    Py_XDECREF(person); /* the states hold it */
    return person == Py_None ? NULL : person;
}

/* The person, if the fact can be applied here: no deadline of it is due, and the fact is no copy. One without a timer is
 * new. Borrowed. */
static PyObject *ready(Run *run, PyObject *fact, Kind kind, PyObject **device, int64_t at) {
    if (kind == ORDER_PLACED && is_odd_order(fact)) return NULL;
    PyObject *person = person_of(run, AT(fact, IDLE_FACT_person), at);
    if (!person || is_copy(person, fact, at)) return NULL;
    if (kind == ORDER_PLACED && is_rare_order(person, fact)) return NULL;
    PyObject *devices = AT(person, PERSON_visitors);
    if (kind == ACTIVE && !(*device = PyDict_GetItemWithError(devices, AT(fact, IDLE_FACT_visitor))) &&
        (PyErr_Occurred() || PyDict_GET_SIZE(devices) >= MOST_VISITORS))
        return NULL;
    int64_t armed = number(person, PERSON_armed);
    return armed == NEVER || armed > at || deadline_of(person, run->keep) > at ? person : NULL;
}

/* Applies a fact here if it is frequent, else through Python. */
static int take_fact(Run *run, PyObject *fact) {
    Kind kind = kind_of_fact(fact);
    if (kind != RARE) {
        int64_t at = number(fact, IDLE_FACT_at);
        PyObject *device = NULL, *person = ready(run, fact, kind, &device, at);
        if (person) {
            Py_INCREF(person);
            int done = apply_fact(run, person, fact, kind, device, at);
            Py_DECREF(person);
            return PyErr_Occurred() ? -1 : done;
        }
        if (PyErr_Occurred()) return -1;
    }
    return checked(PyObject_CallFunctionObjArgs(run->take, fact, run->out, NULL));
}

static int take_first(Run *run, PyObject *waiting, PyObject *offsets) {
    PyObject *row = PyObject_CallOneArg(heappop, waiting);
    if (!row) return -1;
    int done = PyObject_DelItem(offsets, PyTuple_GET_ITEM(row, 3));
    if (done == 0) done = take_fact(run, PyTuple_GET_ITEM(row, 4));
    Py_DECREF(row);
    return done;
}

/* Reads what `prepared` of people_backend.py gives. */
static int read_rules(Run *run, PyObject *rules) {
    PyObject *conditions;
    long long keep, near, remembers;
    if (!PyArg_ParseTuple(rules, "LpOO!O!OLOOLp", &keep, &run->follows, &run->recipes, &PyDict_Type, &run->by_alias,
                          &PyTuple_Type, &run->rows, &run->audiences, &near, &conditions, &run->conditions.rows, &remembers,
                          &run->replenishes))
        return -1;
    run->keep = keep;
    run->near = near;
    run->remembers = remembers;
    return run->looks = read_audiences(&run->conditions, conditions);
}

/* Applies at most `most` waiting facts before a time. Returns (how many were taken, how many of them were applied here). */
static PyObject *apply(PyObject *module, PyObject *args) {
    Run run = {0};
    PyObject *waiting, *offsets, *rules;
    long long before;
    Py_ssize_t most, taken = 0;
    if (!PyArg_ParseTuple(args, "O!LnO(O!O!)O!(OOOO)", &PyList_Type, &waiting, &before, &most, &offsets, &PyDict_Type,
                          &run.live, &PyDict_Type, &run.dirty, &PyTuple_Type, &rules, &run.out, &run.take, &run.set_timer,
                          &run.at_hand) ||
        read_rules(&run, rules) < 0)
        return NULL;
    while (taken < most && PyList_GET_SIZE(waiting)) {
        if (PyLong_AsLongLong(PyTuple_GET_ITEM(PyList_GET_ITEM(waiting, 0), 0)) >= before) break;
        taken++;
        if (take_first(&run, waiting, offsets) < 0) return NULL;
    }
    return Py_BuildValue("nn", taken, run.applied);
}

/* ---- deadlines ---- */

/* Whether the bound of its audiences is all that is due of the person, and Python drops nothing of it. No recipe may
 * follow audiences: its steps might be due then, too. */
static int is_bound_alone(const Run *run, PyObject *person, int64_t until) {
    PyObject *life = AT(person, PERSON_life);
    if (!run->looks || run->conditions.rows == Py_None || life == Py_None) return 0;
    int64_t bound = number(life, LIFE_bound);
    if (bound == NEVER || bound > until || drops_more(person, until, run->remembers, run->replenishes)) return 0;
    PyObject *kept = Py_NewRef(AT(life, LIFE_bound));
    int done = put_slot_number(life, LIFE_bound, NEVER);
    int64_t next = done < 0 ? -2 : deadline_of(person, run->keep);
    put_slot(life, LIFE_bound, kept);
    Py_DECREF(kept);
    return next == -2 ? -1 : next > until;
}

/* Looks at the audiences of such a person at each bound up to `until`, as moments.fire does. 0: Python must do the rest. */
static int fire_bounds(const Run *run, PyObject *person, int64_t until) {
    PyObject *life = AT(person, PERSON_life);
    int64_t bound;
    while ((bound = number(life, LIFE_bound)) != NEVER && bound <= until) {
        PyObject *at = Py_NewRef(AT(life, LIFE_bound));
        int done = look(&run->conditions, person, at, run->recipes, run->out);
        Py_DECREF(at);
        if (done <= 0) return done;
    }
    if (PyDict_SetItem(run->dirty, AT(person, PERSON_id), person) < 0) return -1;
    if (number(person, PERSON_version) < until && put_slot_number(person, PERSON_version, until) < 0) return -1;
    return reduce_all(person, until);
}

/* People._fire_one. */
static int fire_one(Run *run, PyObject *row, int64_t until, PyObject *fires) {
    PyObject *key = PyTuple_GET_ITEM(row, 0), *person = PyTuple_GET_ITEM(row, 1);
    int done = is_bound_alone(run, person, until);
    if (done > 0) done = fire_bounds(run, person, until);
    if (done == 0) return checked(PyObject_CallOneArg(fires, row));
    int64_t deadline = done < 0 ? -2 : deadline_of(person, run->keep);
    return deadline == -2 ? -1 : arm(run, key, person, deadline);
}

/* (rows of Keyed.due, until, rules, outputs, changed states, sets a timer, Keyed.arm, fires): goes through persons whose
 * timers have come, in order. Sets the timer of one of whom nothing is due at `until` yet, and fires bounds of audiences;
 * `fires` is called with any other's row. */
static PyObject *fire_all(PyObject *module, PyObject *args) {
    Run run = {0};
    PyObject *rows, *rules, *arm_any, *fires;
    long long until;
    if (!PyArg_ParseTuple(args, "O!LO!OO!OOO", &PyList_Type, &rows, &until, &PyTuple_Type, &rules, &run.out, &PyDict_Type,
                          &run.dirty, &run.set_timer, &arm_any, &fires) ||
        read_rules(&run, rules) < 0)
        return NULL;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(rows); i++) {
        PyObject *row = PyList_GET_ITEM(rows, i), *key = PyTuple_GET_ITEM(row, 0), *person = PyTuple_GET_ITEM(row, 1);
        int64_t deadline = deadline_of(person, run.keep);
        int done;
        if (deadline == -2) done = -1;
        else if (deadline <= until) done = fire_one(&run, row, until, fires);
        else if (PyDict_GetItemWithError(run.dirty, key)) done = arm(&run, key, person, deadline);
        else done = checked(PyObject_CallFunction(arm_any, "OOL", key, person, (long long)deadline));
        if (done < 0 || PyErr_Occurred()) return NULL;
    }
    Py_RETURN_NONE;
}

/* ---- facts that arrive ---- */

typedef struct {
    PyObject *decode, *waiting, *offsets, *watermark;
    int64_t position, advanced, base;
} Arrivals;

/* Adds one fact to those that wait, or moves the watermark. */
static int add_fact(Arrivals *to, int64_t offset, PyObject *value) {
    if (offset < to->position) return 0;
    PyObject *fact = PyObject_CallOneArg(to->decode, value), *done = NULL;
    if (!fact) return -1;
    to->position = offset + 1;
    if (Py_IS_TYPE(fact, (PyTypeObject *)types[WATERMARK])) {
        done = PyObject_CallOneArg(to->watermark, fact);
    } else if (number(fact, IDLE_FACT_at) < to->advanced) {
        done = Py_NewRef(Py_None);
    } else {
        PyObject *place = PyLong_FromLongLong(offset);
        PyObject *row = place ? PyTuple_Pack(5, AT(fact, IDLE_FACT_at), AT(fact, IDLE_FACT_visitor), AT(fact, IDLE_FACT_n),
                                             place, fact) : NULL;
        if (row && PyObject_SetItem(to->offsets, place, Py_None) == 0)
            done = PyObject_CallFunctionObjArgs(heappush, to->waiting, row, NULL);
        Py_XDECREF(place);
        Py_XDECREF(row);
    }
    Py_DECREF(fact);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

static int add_stored(void *given, const Record *record) {
    Arrivals *to = given;
    int64_t offset = to->base + record->offset_delta;
    if (!record->value.at || offset < to->position) return 0;
    PyObject *value = PyBytes_FromStringAndSize(record->value.at, record->value.size);
    int done = value ? add_fact(to, offset, value) : -1;
    Py_XDECREF(value);
    return done;
}

/* (facts as (offset, value) or blocks; their decoder, position, time reached, facts that wait, their offsets, what moves the
 * watermark): adds them. Returns the position. */
static PyObject *add(PyObject *module, PyObject *args) {
    Arrivals to;
    PyObject *records, *record;
    long long position, advanced;
    if (!PyArg_ParseTuple(args, "OOLLO!OO", &records, &to.decode, &position, &advanced, &PyList_Type, &to.waiting,
                          &to.offsets, &to.watermark))
        return NULL;
    to.position = position;
    to.advanced = advanced;
    PyObject *each = PyObject_GetIter(records);
    while (each && (record = PyIter_Next(each))) {
        int done = -1, size = PyTuple_CheckExact(record) ? (int)PyTuple_GET_SIZE(record) : 0;
        if (size == 5) {
            to.base = PyLong_AsLongLong(PyTuple_GET_ITEM(record, 0));
            done = each_record(record, add_stored, &to);
        } else if (size == 2) {
            PyObject *value = PyTuple_GET_ITEM(record, 1);
            done = value == Py_None ? 0 : add_fact(&to, PyLong_AsLongLong(PyTuple_GET_ITEM(record, 0)), value);
        } else PyErr_SetString(PyExc_TypeError, "neither a record nor a block");
        Py_DECREF(record);
        if (done < 0) break;
    }
    Py_XDECREF(each);
    return PyErr_Occurred() ? NULL : PyLong_FromLongLong(to.position);
}

static int keep_unkeyed(void *values, const Record *record) {
    if (record->key.size || !record->value.at) return 0;
    PyObject *value = PyBytes_FromStringAndSize(record->value.at, record->value.size);
    int done = value ? PyList_Append(values, value) : -1;
    Py_XDECREF(value);
    return done;
}

/* The values of a block's records that have no key. */
static PyObject *unkeyed(PyObject *module, PyObject *block) {
    PyObject *values = PyList_New(0);
    if (values && each_record(block, keep_unkeyed, values) < 0) Py_CLEAR(values);
    return values;
}

/* ---- configure ---- */

static int keep_all(PyObject **kept, PyObject *given, int count) {
    if (PyTuple_GET_SIZE(given) != count)
        return PyErr_SetString(PyExc_ValueError, "compiled for another release: expected other types or functions"), -1;
    for (int i = 0; i < count; i++) kept[i] = PyTuple_GET_ITEM(given, i);
    return 0;
}

/* Each type of fact must have the common fields in the same places. */
static int check_facts(PyObject *given) {
    static const struct {
        const char *name;
        Py_ssize_t *offset;
    } common[] = {{"at", &IDLE_FACT_at}, {"visitor", &IDLE_FACT_visitor}, {"n", &IDLE_FACT_n}, {"person", &IDLE_FACT_person}};
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(given); i++)
        for (int j = 0; j < 4; j++) {
            Py_ssize_t offset;
            if (find_slot(PyTuple_GET_ITEM(given, i), common[j].name, &offset) < 0) return -1;
            if (offset != *common[j].offset)
                return PyErr_SetString(PyExc_ValueError, "compiled for another release: facts differ"), -1;
        }
    return 0;
}

static PyObject *configure(PyObject *module, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"constants", "types", "facts", "functions", "kinds", "words", "heap", NULL};
    PyObject *constants, *given_types, *given_facts, *given_functions, *given_kinds, *given_words;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$O!O!O!O!O!O!(OO)", names, &PyDict_Type, &constants, &PyTuple_Type,
                                     &given_types, &PyTuple_Type, &given_facts, &PyTuple_Type, &given_functions,
                                     &PyTuple_Type, &given_kinds, &PyTuple_Type, &given_words, &heappush, &heappop))
        return NULL;
    Py_INCREF(kwargs); /* what it holds is used for as long as the process lives */
    if (compare_constants(constants, shared_constants, CONSTANTS) < 0 || keep_all(types, given_types, TYPES) < 0 ||
        keep_all(functions, given_functions, FUNCTIONS) < 0 || keep_all(kinds, given_kinds, NAMED_KINDS) < 0 ||
        keep_all(words, given_words, WORDS) < 0 ||
        find_slots() < 0 || check_facts(given_facts) < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* ---- the module ---- */

/* (person, how long it is remembered in ms): as Person.deadline. */
static PyObject *deadline(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    if (count != 2 || !Py_IS_TYPE(args[0], (PyTypeObject *)types[PERSON]))
        return PyErr_SetString(PyExc_TypeError, "expected a person and a time"), NULL;
    long long keep = PyLong_AsLongLong(args[1]);
    int64_t found = PyErr_Occurred() ? -2 : deadline_of(args[0], keep);
    return PyErr_Occurred() ? NULL : PyLong_FromLongLong(found);
}

static PyMethodDef module_functions[] = {
    {"configure", (PyCFunction)(void (*)(void))configure, METH_VARARGS | METH_KEYWORDS, NULL},
    {"add", add, METH_VARARGS, NULL},
    {"apply", apply, METH_VARARGS, NULL},
    {"fire_all", fire_all, METH_VARARGS, NULL},
    {"deadline", (PyCFunction)(void (*)(void))deadline, METH_FASTCALL, NULL},
    {"unkeyed", unkeyed, METH_O, NULL},
    {NULL}};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "stream.native._people", "See stream/stages/people_backend.py.", -1, module_functions,
};

PyMODINIT_FUNC PyInit__people(void) {
    if (!(no_lines = PyList_New(0)) || !(no_text = PyUnicode_InternFromString("")) || !(no_arguments = PyTuple_New(0)))
        return NULL;
    return PyModule_Create(&definition);
}
