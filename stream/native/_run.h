/* The loop over the records of a batch: what visitors.py does with each. Source: docs/semantics.md, 2 to 5. */

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
