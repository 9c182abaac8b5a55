/* The loop over the records of a batch: as visitors.py has it. Source: docs/semantics.md, 2 to 5. */
#ifndef STREAM_NATIVE_RUN_H
#define STREAM_NATIVE_RUN_H

#include <math.h>

#include "_event.h"
#include "_nobody.h"
#include "_packed.h"
#include "_records.h"
#include "_facts.h"
#include "_filling.h"
#include "_placing.h"
#include "_visitor.h"

/* What becomes of an event. RAISED: an exception is set. */
typedef enum { APPLIED, LEFT_TO_PYTHON, RAISED } Result;

/* What a run works on: the arguments of `run`, and how far it has come. */
typedef struct {
    PyObject *live, *older, *packed, *dirty;           /* the states, as Keyed.held */
    PyObject *record, *take, *parse, *fresh, *apply, *active, *set_timer, *facts, *out; /* see Callbacks in backend.py */
    int64_t position, reached, applied[KINDS];
    int64_t looks, after; /* from which of a visit's looks, and from which age of it (ms), Python is asked; looks 0: never */
} Run;

/* ---- whose an event is ---- */

/* The visitor of a name, at hand from now on, as Keyed.get does it. NULL: there is none, or raised. */
static inline Visitor *find_visitor(const Run *run, PyObject *name) {
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
    Py_DECREF(v); /* the states hold it */
    return failed ? NULL : v;
}

/* A visitor that there was none of, at hand from now on. NULL: Python is to decide, or raised. */
static inline Visitor *new_visitor(const Run *run, PyObject *name) {
    PyObject *made = PyObject_CallOneArg(run->fresh, name);
    if (!made || Py_TYPE(made) != &VisitorType) return Py_XDECREF(made), NULL;
    Py_DECREF(made); /* the states hold it */
    return (Visitor *)made;
}

static inline int is_str(Text text, PyObject *str) {
    Py_ssize_t size;
    const char *at = str ? PyUnicode_AsUTF8AndSize(str, &size) : NULL;
    return at && same_text(text, (Text){at, size});
}

static inline int mark_dirty(const Run *run, Visitor *v) {
    if (!v->dirty && PyDict_SetItem(run->dirty, v->id, (PyObject *)v) < 0) return -1;
    v->dirty = 1;
    return 0;
}

/* Fires what is due at or before `t`. 0: Python is to, or raised. */
static inline int fire(const Run *run, Visitor *v, int64_t t) {
    if (v->armed > t || v->armed == NEVER) return 1;
    if (v->last_event + forget_after <= t) return 0;
    if (!v->idle_pending || last_sign(v) + idle_after > t) return 1;
    if (v->version < t) v->version = t;
    return run->facts != Py_None && fell_idle(v, run->facts) == 0 && mark_dirty(run, v) == 0;
}

/* The visitor of an event that changes no person and is neither late nor repeated, what was due before it fired. NULL:
 * Python takes the event, or raised. */
static inline Visitor *visitor_of(const Run *run, const Event *event, const EventName *name, int64_t offset, int64_t t,
                                  Text key) {
    if (!key.at || !same_text(key, event->visitor) || !names_somebody(event->id)) return NULL;
    if (event->sent && event->client_time < t - late_after) return NULL;
    PyObject *id = PyUnicode_DecodeUTF8(key.at, key.size, NULL);
    if (!id) return NULL;
    Visitor *v = find_visitor(run, id);
    int is_new = !v && !PyErr_Occurred() && !event->customer.at;
    if (is_new) v = new_visitor(run, id);
    Py_DECREF(id);
    if (is_new || !v) return v;
    if (Py_TYPE(v) != &VisitorType) return NULL;
    if (event->customer.at && !is_str(event->customer, v->customer)) return NULL;
    if (!fire(run, v, t) || offset <= v->applied) return NULL;
    return has_id(&v->ids, name) ? NULL : v;
}

/* ---- exit signals ---- */

/* The score with one more signal at `t`. It may differ from exit_score.score in the last places, because the factors
 * come in another order. -1: raised. */
static inline double score(Visitor *v, int signal, int64_t t) {
    double stays = 1 - sorts[signal].weight;
    PyObject *before = v->objects[SIGNALS_SEEN], *cart = v->objects[CART];
    for (int i = 0; before && PyDict_Check(before) && PyDict_GET_SIZE(before) && i < SIGNALS; i++) {
        PyObject *found = i == signal ? NULL : PyDict_GetItemWithError(before, sorts[i].name);
        PyObject *number = found ? PyObject_GetAttr(found, attr_at) : NULL;
        int64_t at = number ? PyLong_AsLongLong(number) : t;
        Py_XDECREF(number);
        if (PyErr_Occurred()) return -1;
        if (found) stays *= 1 - sorts[i].weight * pow(2, (double)(at - t) / sorts[i].half_life);
    }
    if (cart) {
        PyObject *lines = PyObject_GetAttr(cart, attr_lines);
        int filled = lines ? PyObject_IsTrue(lines) : -1;
        Py_XDECREF(lines);
        if (filled < 0) return -1;
        if (filled) stays *= 1 - cart_weight;
    }
    return v->views.count >= 2 ? 1 - stays * (1 - products_weight) : 1 - stays;
}

/* Enters an exit signal if it is accepted. Python takes one that may make a candidate. */
static inline Result apply_signal(Visitor *v, const Event *event, int64_t t) {
    const Sort *sort = &sorts[event->signal];
    int accepted = !event->in_form && !(event->is_held && event->held < sort->least_held) &&
                   v->last_active != NEVER && t - v->last_active < visit_gap;
    if (!accepted) return APPLIED;
    double reached = score(v, event->signal, t);
    if (reached < 0) return RAISED;
    if (reached >= certain_below) return LEFT_TO_PYTHON;
    PyObject *made = PyObject_CallFunction(signal_type, "Ls#", (long long)t, event->id.at, (Py_ssize_t)event->id.size);
    PyObject *seen = made ? get_object(v, (void *)SIGNALS_SEEN) : NULL;
    Result result = seen && PyDict_SetItem(seen, sort->name, made) == 0 ? APPLIED : RAISED;
    Py_XDECREF(seen);
    Py_XDECREF(made);
    return result;
}

/* ---- popups ---- */

/* Whether an event may be a popup's: Python decides those of a visitor whose visit has shown enough. */
static inline int may_pop_up(const Run *run, const Visitor *v, const Event *event, int64_t t) {
    if (!run->looks || event->kind > SEARCH || is_known(v)) return 0;
    int fresh = v->last_active == NEVER || t - v->last_active >= visit_gap;
    return fresh ? run->looks <= 1 && run->after <= 0
                 : v->looks + 1 >= run->looks && t - v->visit_start >= run->after;
}

/* ---- one event ---- */

/* What Python does with an event of its own visit, of the types that are not taken wholly. None: not that alone. */
static inline PyObject *fold_of(const Event *event) { return PyTuple_GET_ITEM(folds, event->kind - SHOWN); }

/* What an event of an own visit says by its own fields. */
static inline int apply_own(Visitor *v, const Event *event, PyObject *python, int64_t t) {
    int done = event->kind == ITEM_ADDED ? add_item(v, python, t) : 0;
    if (done) return done < 0 ? -1 : 0;
    return checked(PyObject_CallFunction(fold_of(event), "OOL", (PyObject *)v, python, (long long)t));
}

/* An event of another sort than those of visits. */
static inline int apply_other(const Run *run, Visitor *v, const Event *event, PyObject *python, int64_t t) {
    if (event->kind == ORDER_PLACED && is_plain_order(v, event, python))
        return place_order(v, event, python, t, run->facts, run->out);
    if (PyErr_Occurred()) return -1;
    return checked(PyObject_CallFunction(run->apply, "OOL", (PyObject *)v, python, (long long)t));
}

/* An engaged event: the visit goes on, then what the event shows, then presence. `python`: see `apply_to`. */
static inline int apply_engaged(const Run *run, Visitor *v, const Event *event, PyObject *python, int64_t t) {
    engage(v, t);
    if (python && apply_own(v, event, python, t) < 0) return -1;
    switch (event->kind) {
    case PAGE: turn(v, event->page < PAGE_KINDS ? page_names[event->page] : NULL, t); break;
    case PRODUCT: if (view(v, event, t) < 0) return -1; break;
    case SEARCH: if (search(v, event, t) < 0) return -1; break;
    case CATEGORY: look_away(v, t); break;
    }
    if (v->sent != IDLE && !(v->sent == NOTHING && is_known(v))) return 0;
    if (run->facts != Py_None) return tell_active(v, t, run->facts);
    return checked(PyObject_CallFunction(run->active, "OLO", (PyObject *)v, (long long)t, run->out));
}

/* Sets the visitor's timer, as Visitors._arm does for a state that has changed, unless an earlier one is set. */
static inline int set_timer(PyObject *set, Visitor *v) {
    int64_t deadline = v->idle_pending ? last_sign(v) + idle_after : v->last_event + forget_after;
    if (v->armed != NEVER && deadline >= v->armed) return 0;
    v->armed = deadline;
    PyObject *time = PyLong_FromLongLong(deadline);
    PyObject *done = time ? PyObject_CallFunctionObjArgs(set, v->id, time, NULL) : NULL;
    Py_XDECREF(time);
    return checked(done);
}

/* (rows of Keyed.due, until, facts, changed states, sets a timer, Visitors._arm, Visitors._fire for who is forgotten): fires
 * the deadlines of visitors up to and including `until` (ms), and sets their timers. */
static inline PyObject *fire_all(PyObject *module, PyObject *args) {
    PyObject *rows, *facts, *set, *arm_any, *forget;
    long long until;
    Run run = {0};
    if (!PyArg_ParseTuple(args, "O!LO!O!OOO", &PyList_Type, &rows, &until, &PyList_Type, &facts, &PyDict_Type, &run.dirty,
                          &set, &arm_any, &forget))
        return NULL;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(rows); i++) {
        Visitor *v = (Visitor *)PyTuple_GET_ITEM(PyList_GET_ITEM(rows, i), 1);
        if (Py_TYPE(v) != &VisitorType) return PyErr_SetString(PyExc_TypeError, "expected compiled visitors"), NULL;
        if (v->idle_pending && last_sign(v) + idle_after <= until) {
            if (fell_idle(v, facts) < 0 || mark_dirty(&run, v) < 0) return NULL;
            if (v->version < until) v->version = until;
        }
        int done;
        if (v->last_event + forget_after <= until) done = checked(PyObject_CallOneArg(forget, (PyObject *)v));
        else done = v->dirty ? set_timer(set, v) : checked(PyObject_CallOneArg(arm_any, (PyObject *)v));
        if (done < 0) return NULL;
    }
    Py_RETURN_NONE;
}

/* Wakes the visitor where an earlier deadline may be due than the one that is armed. */
static inline int arm(const Run *run, Visitor *v, int64_t t) {
    if (v->armed <= t) v->armed = NEVER;
    else if (t + idle_after >= v->armed || !v->idle_pending) return 0;
    return set_timer(run->set_timer, v);
}

/* What Python reads of an event that is its to apply. NULL: nothing plain, or raised. Of an event that names nothing but
 * its visitor and its customer the typed decoding is enough: whether these are nobody's shows when they are looked for. */
static inline PyObject *read_by_python(const Run *run, const Event *read, Text value) {
    PyObject *reader = fold_of(read) == Py_None ? run->parse : typed;
    PyObject *bytes = PyBytes_FromStringAndSize(value.at, value.size);
    PyObject *event = bytes ? PyObject_CallOneArg(reader, bytes) : NULL;
    PyObject *aside = event && event != Py_None ? PyObject_GetAttr(event, attr_aside) : NULL;
    Py_XDECREF(bytes);
    if (!event && PyErr_ExceptionMatches(PyExc_Exception)) PyErr_Clear(); /* it says so again, in its place */
    if (aside != Py_None) Py_CLEAR(event);
    Py_XDECREF(aside);
    return event;
}


/* `python`: what Python reads of the event; NULL: nothing, it is not its to apply. */
static inline Result apply_to(Run *run, const Event *event, PyObject *python, int64_t offset, int64_t t, Text key) {
    EventName name = event_name(letters[event->kind], event->id);
    Visitor *v = visitor_of(run, event, &name, offset, t, key);
    if (!v) return PyErr_Occurred() ? RAISED : LEFT_TO_PYTHON;
    if (may_pop_up(run, v, event, t)) return LEFT_TO_PYTHON;
    if (event->kind == EXIT_SIGNAL) {
        Result result = apply_signal(v, event, t);
        if (result != APPLIED) return result;
    }
    if (mark_dirty(run, v) < 0) return RAISED;
    if (python && fold_of(event) == Py_None) {
        if (apply_other(run, v, event, python, t) < 0) return RAISED;
    } else if (event->kind != EXIT_SIGNAL && apply_engaged(run, v, event, python, t) < 0) {
        return RAISED;
    }
    if (add_id(&v->ids, &name) < 0) return RAISED;
    v->applied = offset;
    v->last_event = t;
    run->applied[event->kind]++;
    return arm(run, v, t) < 0 ? RAISED : APPLIED;
}

static inline Result apply(Run *run, const Event *event, int64_t offset, int64_t t, Text key, Text value) {
    if (event->kind < SHOWN) return apply_to(run, event, NULL, offset, t, key);
    PyObject *python = read_by_python(run, event, value);
    if (!python) return PyErr_Occurred() ? RAISED : LEFT_TO_PYTHON;
    Result result = apply_to(run, event, python, offset, t, key);
    Py_DECREF(python);
    return result;
}

/* ---- the three forms of input ---- */

/* Whether a record is new; then position and time have come to it. */
static inline int reach(Run *run, int64_t offset, int64_t time) {
    if (offset < run->position) return 0;
    run->position = offset + 1;
    if (time > run->reached) run->reached = time;
    return 1;
}

static inline int leave_to_python(Run *run, int64_t offset, PyObject *key, PyObject *value) {
    return checked(
        PyObject_CallFunction(run->take, "LLOO", (long long)offset, (long long)run->reached, key, value));
}

static inline PyObject *bytes_of(Text text) {
    return text.at ? PyBytes_FromStringAndSize(text.at, text.size) : Py_NewRef(Py_None);
}

static inline Result apply_bytes(Run *run, int64_t offset, Text key, Text value) {
    Event event;
    if (!value.at || !is_utf8(value) || !read_event(value, 0, &event)) return LEFT_TO_PYTHON;
    return apply(run, &event, offset, run->reached, key, value);
}

/* A record of a batch. */
static inline int take_stored(Run *run, int64_t offset, int64_t time, const Record *record) {
    if (!reach(run, offset, time)) return 0;
    Result result = apply_bytes(run, offset, record->key, record->value);
    if (result != LEFT_TO_PYTHON) return result == RAISED ? -1 : 0;
    PyObject *key = bytes_of(record->key), *value = bytes_of(record->value);
    int done = key && value ? leave_to_python(run, offset, key, value) : -1;
    Py_XDECREF(key);
    Py_XDECREF(value);
    return done;
}

typedef struct {
    Run *run;
    int64_t base, first, all;
    int apart; /* each record has a time of its own */
} Input;

static inline int take_input(void *given, const Record *record) {
    const Input *input = given;
    int64_t time = input->apart ? input->first + record->time_delta : input->all;
    return take_stored(input->run, input->base + record->offset_delta, time, record);
}

static inline int take_block(Run *run, PyObject *block) {
    PyObject *all = PyTuple_GET_ITEM(block, 2);
    Input input = {run, PyLong_AsLongLong(PyTuple_GET_ITEM(block, 0)), PyLong_AsLongLong(PyTuple_GET_ITEM(block, 1)),
                   all == Py_None ? 0 : PyLong_AsLongLong(all), all == Py_None};
    return PyErr_Occurred() ? -1 : each_record(block, take_input, &input);
}

/* (offset, time, key, value) */
static inline int take_tuple(Run *run, PyObject *record) {
    PyObject *key = PyTuple_GET_ITEM(record, 2), *value = PyTuple_GET_ITEM(record, 3);
    int64_t offset = PyLong_AsLongLong(PyTuple_GET_ITEM(record, 0));
    int64_t time = PyLong_AsLongLong(PyTuple_GET_ITEM(record, 1));
    if ((offset == -1 || time == -1) && PyErr_Occurred()) return -1;
    if (!reach(run, offset, time)) return 0;
    Result result = LEFT_TO_PYTHON;
    if (PyBytes_CheckExact(key) && PyBytes_CheckExact(value))
        result = apply_bytes(run, offset, (Text){PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key)},
                             (Text){PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value)});
    if (result != LEFT_TO_PYTHON) return result == RAISED ? -1 : 0;
    return leave_to_python(run, offset, key, value);
}

/* A plain line that does not go back in time. */
static inline Result apply_line(Run *run, int64_t offset, Text line) {
    Event event;
    if (!is_utf8(line) || !read_event(line, 1, &event) || !event.timed || event.t < run->reached)
        return LEFT_TO_PYTHON;
    Result result = APPLIED;
    if (offset >= run->position) result = apply(run, &event, offset, event.t, event.visitor, line);
    if (result == APPLIED) reach(run, offset, event.t);
    return result;
}

/* (number, line) of a backtest's file */
static inline int take_line(Run *run, PyObject *item) {
    PyObject *line = PyTuple_GET_ITEM(item, 1);
    int64_t offset = PyLong_AsLongLong(PyTuple_GET_ITEM(item, 0));
    if (offset == -1 && PyErr_Occurred()) return -1;
    if (!PyBytes_CheckExact(line)) return PyErr_SetString(PyExc_TypeError, "not bytes"), -1;
    Result result = apply_line(run, offset, (Text){PyBytes_AS_STRING(line), PyBytes_GET_SIZE(line)});
    if (result != LEFT_TO_PYTHON) return result == RAISED ? -1 : 0;
    long long reached = run->reached > 0 ? run->reached : 0;
    PyObject *record = PyObject_CallFunction(run->record, "LOL", (long long)offset, line, reached);
    int done = -1;
    if (record && PyTuple_CheckExact(record) && PyTuple_GET_SIZE(record) == 4) done = take_tuple(run, record);
    else if (record) PyErr_SetString(PyExc_TypeError, "not a record");
    Py_XDECREF(record);
    return done;
}

/* (records, blocks or lines, position, time reached, states, callbacks) to (position, time reached, how many events of
 * each kind were applied). */
static inline PyObject *run(PyObject *module, PyObject *args) {
    PyObject *records, *record;
    long long position, reached;
    Run run = {0};
    long long looks, after;
    if (!PyArg_ParseTuple(args, "OLL(O!O!O!O!)(OOOOOOOOO(LL))", &records, &position, &reached, &PyDict_Type, &run.live,
                          &PyDict_Type, &run.older, &PyDict_Type, &run.packed, &PyDict_Type, &run.dirty,
                          &run.record, &run.take, &run.parse, &run.fresh, &run.apply, &run.active, &run.set_timer,
                          &run.facts, &run.out, &looks, &after))
        return NULL;
    run.looks = looks;
    run.after = after;
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
    PyObject *applied = PyTuple_New(KINDS);
    for (int i = 0; applied && i < KINDS; i++) {
        PyObject *number = PyLong_FromLongLong(run.applied[i]);
        if (number) PyTuple_SET_ITEM(applied, i, number);
        else Py_CLEAR(applied);
    }
    return applied ? Py_BuildValue("LLN", (long long)run.position, (long long)run.reached, applied) : NULL;
}

#endif
