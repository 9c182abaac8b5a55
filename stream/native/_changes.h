/* What a person entered and left, published, as stream/kinds/membership.py and stream/outputs/audience_changes.py say. Python
 * publishes what a document without an audience, a recipe of audiences or a life episode makes of it. */
#ifndef STREAM_NATIVE_CHANGES_H
#define STREAM_NATIVE_CHANGES_H

#include "_persons.h"
#include "_sha256.h"

#define AT_ONCE 64                  /* audiences that one look enters, or leaves */
#define LAST_TIME 253402300799999LL /* the last ms of the year 9999 */
#define DAY_MS (24LL * 3600 * 1000)
#define ID_BYTES 16

/* A row of `audience_changes.fixed`: place in the file, then (JSON before, JSON after, entered, count) of leaving and of
 * entering. */
enum { PLACE, OF_LEAVING, OF_ENTERING };
enum { BEFORE, AFTER, ENTERED_IT, COUNT };

/* What all records of one look share. */
typedef struct {
    PyObject *person, *at, *audiences, *counts; /* `audiences`, `counts`: lists of Outputs */
    Text id, customer, time, at_digits;
    char time_text[32], at_text[24];
    int64_t number; /* that of the next change */
} Published;

static Text utf8(PyObject *text) {
    Py_ssize_t size = 0;
    const char *at = PyUnicode_AsUTF8AndSize(text, &size);
    return (Text){at, (size_t)size};
}

/* Whether JSON writes the text as it is. */
static int is_plain_text(Text text) {
    const char *end = text.at + text.size;
    return next_special(text.at, end) == end;
}

/* Writes a number of at least `width` digits and returns its end. printf takes ten times as long. */
static char *put_digits(char *to, int64_t number, int width) {
    char digits[24];
    int count = 0;
    do digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) || count < width);
    while (count) *to++ = digits[--count];
    return to;
}

/* triggers.rfc3339 of a time from 1970 to the year 9999. Days to dates: Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms", civil_from_days. */
static Text put_time(char *to, int64_t at) {
    int64_t of_day = at % DAY_MS, days = at / DAY_MS + 719468, era = days / 146097, of_era = days % 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
    int64_t day = of_year - (153 * month + 2) / 5 + 1;
    month += month < 10 ? 3 : -9;
    int64_t parts[] = {year + era * 400 + (month <= 2), month, day, of_day / 3600000, of_day / 60000 % 60, of_day / 1000 % 60,
                       of_day % 1000};
    static const int widths[] = {4, 2, 2, 2, 2, 2, 3};
    char *end = to;
    for (int i = 0; i < 7; i++) {
        end = put_digits(end, parts[i], widths[i]);
        *end++ = "--T::.Z"[i];
    }
    return (Text){to, (size_t)(end - to)};
}

/* Prepares what the records share. 0: JSON or a time needs more than is done here. */
static int begin_publishing(Published *p, PyObject *person, PyObject *at, PyObject *out) {
    static const char customer[] = "customer:";
    int64_t time = PyLong_AsLongLong(at);
    p->id = utf8(person);
    if (!p->id.at) return -1;
    if (time < 0 || time > LAST_TIME || !is_plain_text(p->id)) return 0;
    p->person = person;
    p->at = at;
    p->audiences = AT(out, OUTPUTS_audiences);
    p->counts = AT(out, OUTPUTS_counts);
    p->customer = (Text){NULL, 0};
    size_t head = sizeof customer - 1;
    if (p->id.size >= head && !memcmp(p->id.at, customer, head)) p->customer = (Text){p->id.at + head, p->id.size - head};
    p->time = put_time(p->time_text, time);
    p->at_digits = (Text){p->at_text, (size_t)(put_digits(p->at_text, time, 1) - p->at_text)};
    return 1;
}

#define LITERAL(text) ((Text){text, sizeof(text) - 1})

/* The CloudEvent of one change. */
static PyObject *change_event(const Published *p, Text audience, PyObject *fixed) {
    char digits[2 * ID_BYTES], number[24];
    Text ids[] = {audience, LITERAL("|"), p->id, LITERAL("|"), p->at_digits, LITERAL("|"),
                  {number, (size_t)(put_digits(number, p->number, 1) - number)}};
    Sha256 hash = {.size = 0};
    memcpy(hash.state, sha256_begin, sizeof hash.state);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) sha256_add(&hash, ids[i]);
    sha256_end(&hash, ID_BYTES, digits);
    Text quote = LITERAL("\""), none = LITERAL(""), around = p->customer.at ? quote : none;
    Text parts[] = {LITERAL("{\"specversion\":\"1.0\",\"id\":\""), {digits, sizeof digits},
                    utf8(PyTuple_GET_ITEM(fixed, BEFORE)), quote, p->id, LITERAL("\",\"time\":\""), p->time,
                    utf8(PyTuple_GET_ITEM(fixed, AFTER)), quote, p->id, LITERAL("\",\"customer\":"), around,
                    p->customer.at ? p->customer : LITERAL("null"), around, LITERAL(",\"at\":"), p->at_digits, LITERAL("}}")};
    size_t size = 0, count = sizeof parts / sizeof *parts;
    for (size_t i = 0; i < count; i++) size += parts[i].size;
    PyObject *event = PyErr_Occurred() ? NULL : PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    if (!event) return NULL;
    char *at = PyBytes_AS_STRING(event);
    for (size_t i = 0; i < count; at += parts[i++].size) memcpy(at, parts[i].at, parts[i].size);
    return event;
}

static int count_one(PyObject *counts, PyObject *labels) {
    PyObject *found = PyDict_GetItemWithError(counts, labels);
    if (!found && PyErr_Occurred()) return -1;
    PyObject *more = PyLong_FromLongLong(found ? PyLong_AsLongLong(found) + 1 : 1);
    int done = more ? PyDict_SetItem(counts, labels, more) : -1;
    Py_XDECREF(more);
    return done;
}

static int publish(Published *p, PyObject *audience, PyObject *fixed) {
    PyObject *event = change_event(p, utf8(audience), fixed);
    PyObject *row = event ? PyTuple_Pack(5, audience, p->person, p->at, PyTuple_GET_ITEM(fixed, ENTERED_IT), event) : NULL;
    int done = row ? PyList_Append(p->audiences, row) : -1;
    Py_XDECREF(event);
    Py_XDECREF(row);
    p->number++;
    return done < 0 ? -1 : count_one(p->counts, PyTuple_GET_ITEM(fixed, COUNT));
}

typedef struct {
    PyObject *name, *row;
} Changed;

/* The audiences that the person left, in the order of the file. -1: Python must find them. */
static int left_ones(PyObject *before, PyObject *names, PyObject *rows, Changed *left) {
    Py_ssize_t position = 0;
    PyObject *name, *entered_at;
    int count = 0;
    while (PyDict_Next(before, &position, &name, &entered_at)) {
        if (PySet_Contains(names, name)) continue;
        PyObject *row = PyDict_GetItemWithError(rows, name);
        if (!row || count == AT_ONCE) return -1;
        int at = count++;
        for (; at && PyLong_AsLong(PyTuple_GET_ITEM(left[at - 1].row, PLACE)) > PyLong_AsLong(PyTuple_GET_ITEM(row, PLACE)); at--)
            left[at] = left[at - 1];
        left[at] = (Changed){name, row};
    }
    return count;
}

/* The audiences of `belongs` that the person enters. -1: Python must find them. */
static int entered_ones(PyObject *before, PyObject *belongs, PyObject *rows, Changed *entered) {
    int count = 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(belongs); i++) {
        PyObject *name = PyTuple_GET_ITEM(belongs, i);
        if (PyDict_Contains(before, name)) continue;
        PyObject *row = PyDict_GetItemWithError(rows, name);
        if (!row || count == AT_ONCE) return -1;
        entered[count++] = (Changed){name, row};
    }
    return count;
}

/* Whether an episode may be about an audience, which ends with leaving it. */
static int has_life_episode(PyObject *person) {
    for (EACH(each, AT(person, PERSON_episodes)))
        if (is_of_life(each) && is(each, EPISODE_open)) return 1;
    return 0;
}

/* membership.change, of a person with a record. `rows`: audience_changes.fixed, None if recipes follow audiences. 0: Python
 * must do it. */
static int change(PyObject *rows, PyObject *person, PyObject *belongs, PyObject *names, PyObject *at, PyObject *out) {
    PyObject *life = AT(person, PERSON_life), *before = AT(life, LIFE_audiences);
    Changed left[AT_ONCE], entered[AT_ONCE];
    Published p;
    if (rows == Py_None || has_life_episode(person)) return 0;
    int gone = left_ones(before, names, rows, left), come = entered_ones(before, belongs, rows, entered);
    if (gone < 0 || come < 0) return PyErr_Occurred() ? -1 : 0;
    int done = begin_publishing(&p, AT(person, PERSON_id), at, out);
    if (done <= 0) return done;
    p.number = number(life, LIFE_changes) + 1;
    for (int i = 0; i < gone; i++)
        if (publish(&p, left[i].name, PyTuple_GET_ITEM(left[i].row, OF_LEAVING)) < 0) return -1;
    for (int i = 0; i < come; i++)
        if (publish(&p, entered[i].name, PyTuple_GET_ITEM(entered[i].row, OF_ENTERING)) < 0) return -1;
    for (int i = 0; i < gone; i++)
        if (PyDict_DelItem(before, left[i].name) < 0) return -1;
    for (int i = 0; i < come; i++)
        if (PyDict_SetItem(before, entered[i].name, at) < 0) return -1;
    return put_slot_number(life, LIFE_changes, p.number - 1) < 0 ? -1 : 1;
}

#endif
