/* What an idle visitor's summary does to episodes, as stream/kinds/funnel.py and stream/kinds/browse_abandonment.py say. An
 * episode that goes on, or opens for everybody, is fed here; one that ends, changes its cart or has conditions is left to
 * Python. */
#ifndef STREAM_NATIVE_LOOKS_H
#define STREAM_NATIVE_LOOKS_H

#include "_seen.h"

/* The kind of the cart, as the registry's stages find it; -1 if nothing was left behind. */
static int kind_of(const Seen *s) {
    if (s->checkout != Py_None) return is(s->checkout, CHECKOUT_failed) ? PAYMENT_KIND : CHECKOUT_KIND;
    return counts_lines(s) ? CART_KIND : -1;
}

static Py_ssize_t length(PyObject *text) { return PyUnicode_Check(text) ? PyUnicode_GET_LENGTH(text) : 0; }

/* limits.size of all lines. */
static Py_ssize_t size_of(PyObject *lines) {
    Py_ssize_t size = 0;
    for (EACH(line, lines))
        size += 50 + length(AT(line, LINE_product_id)) + length(AT(line, LINE_variant_id)) + length(AT(line, LINE_name)) +
                length(AT(line, LINE_category)) + length(AT(line, LINE_url)) + length(AT(line, LINE_image));
    return size;
}

/* The category of the subject; Py_None for none. */
static PyObject *looked_at(const Seen *s) {
    PyObject *subject = AT(s->summary, SUMMARY_subject);
    return subject == Py_None ? Py_None : AT(subject, SUBJECT_category);
}

/* Whether the whole cart fits into `fed` episodes beside all that the person's episodes hold now. */
static int fits(const Seen *s, Py_ssize_t fed) {
    Py_ssize_t size = fed * (size_of(s->cart_lines) + length(looked_at(s)));
    for (EACH(each, AT(s->person, PERSON_episodes))) {
        PyObject *cart = AT(each, EPISODE_cart);
        if (cart != Py_None) size += size_of(AT(cart, CART_lines)) + length(AT(each, EPISODE_looked_at));
    }
    return size <= LARGEST_CARTS;
}

/* Feeds an episode with the cart, as `funnel._feed` does for a whole cart that fits. */
static int feed(Seen *s, PyObject *episode) {
    PyObject *evidence = evidence_of(s);
    if (!evidence) return -1;
    put_slot(episode, EPISODE_visitor, AT(s->fact, IDLE_FACT_visitor));
    put_slot(episode, EPISODE_fed_at, AT(s->fact, IDLE_FACT_at));
    put_slot(episode, EPISODE_cart_id, s->id);
    put_slot(episode, EPISODE_looked_at, looked_at(s));
    put_slot(episode, EPISODE_cart, s->cart);
    put_slot(episode, EPISODE_checkout, s->checkout);
    put_slot(episode, EPISODE_contents, s->contents);
    put_slot(episode, EPISODE_evidence, evidence);
    return 0;
}

/* Whether Python must look: an episode changes its cart, ends, or has known its cart to be empty; or a cart is known to be
 * empty now, or may be too large. */
static int is_rare(const Seen *s, int kind) {
    int is_empty = !s->stale && !s->old && !counts_lines(s);
    Py_ssize_t fed = 0;
    for (EACH(each, AT(s->person, PERSON_episodes))) {
        int same_cart = same_str(AT(each, EPISODE_cart_id), s->id);
        if (is_empty && (same_cart || same_str(AT(each, EPISODE_origin), s->id))) return 1;
        if (AT(each, EPISODE_cart) == Py_None) continue;
        if (!same_cart && same_str(AT(each, EPISODE_visitor), AT(s->fact, IDLE_FACT_visitor))) return 1;
        if (!same_cart || s->stale || kind < 0) continue;
        if (!s->whole || !same_str(AT(each, EPISODE_kind), kinds[kind]) || PyList_GET_SIZE(AT(each, EPISODE_emptied))) return 1;
        fed++;
    }
    return fed && !fits(s, fed);
}

/* ---- opening ---- */

static int holds(PyObject *texts, PyObject *text) {
    for (EACH(each, texts))
        if (same_str(each, text)) return 1;
    return 0;
}

/* Whether an episode of a live recipe forbids another one, as `lifecycle.is_remembered` says. */
static int is_remembered(PyObject *person, PyObject *name, PyObject *origin, int64_t key_time, PyObject *contents) {
    for (EACH(each, AT(person, PERSON_episodes))) {
        if (!same_str(AT(each, EPISODE_recipe), name)) continue;
        if (!same_str(AT(each, EPISODE_origin), origin) && !same_str(AT(each, EPISODE_cart_id), origin)) continue;
        if (number(each, EPISODE_key_time) == key_time) return 1;
        if (PyUnicode_GET_LENGTH(contents) && !is(each, EPISODE_open) && same_str(AT(each, EPISODE_contents), contents) &&
            !holds(AT(each, EPISODE_emptied), origin))
            return 1;
    }
    return 0;
}

/* A new episode, appended to the person's; borrowed. */
static PyObject *append_episode(const Seen *s, PyObject *name, int kind, PyObject *origin, PyObject *key_time) {
    PyObject *visitor = AT(s->fact, IDLE_FACT_visitor), *at = AT(s->fact, IDLE_FACT_at);
    PyObject *given[] = {name, kinds[kind], origin, key_time, at, visitor, at};
    PyObject *episode = PyObject_Vectorcall(types[EPISODE], given, 7, NULL);
    if (episode && PyList_Append(AT(s->person, PERSON_episodes), episode) < 0) Py_CLEAR(episode);
    Py_XDECREF(episode);
    return episode;
}

/* ---- the funnel ---- */

static int has_open(PyObject *person, PyObject *alias, PyObject *id) {
    for (EACH(each, AT(person, PERSON_episodes)))
        if (AT(each, EPISODE_cart) != Py_None && same_str(AT(each, EPISODE_cart_id), id) &&
            same_str(AT(each, EPISODE_recipe), alias))
            return 1;
    return 0;
}

/* Opens an episode of a recipe, unless there is one or one is remembered. `row`: see `prepared` of people_backend.py. */
static int open_in_funnel(Seen *s, PyObject *row, int kind, PyObject *key_time) {
    PyObject *alias = PyTuple_GET_ITEM(row, 0), *is_plain = PyTuple_GET_ITEM(row, 2);
    if (has_open(s->person, alias, s->id)) return 0;
    if (is_plain != Py_True || !s->whole || PyList_GET_SIZE(AT(s->person, PERSON_episodes)) >= MOST_OPEN || !fits(s, 1))
        return CALL(OPEN_IN_FUNNEL, s->person, PyTuple_GET_ITEM(row, 1), key_time, s->fact, as_python(s));
    if (is_remembered(s->person, alias, s->id, PyLong_AsLongLong(key_time), s->contents)) return 0;
    PyObject *episode = append_episode(s, alias, kind, s->id, key_time);
    return episode ? feed(s, episode) : -1;
}

/* `rows`: of the enabled recipes of each kind. */
static int look_at_funnel(Seen *s, PyObject *rows, PyObject *recipes, PyObject *out) {
    int kind = kind_of(s);
    if (is_rare(s, kind)) return CALL(FUNNEL, s->person, s->fact, as_python(s), recipes, out);
    if (s->stale || kind < 0) return 0;
    for (EACH(each, AT(s->person, PERSON_episodes)))
        if (AT(each, EPISODE_cart) != Py_None && same_str(AT(each, EPISODE_cart_id), s->id) && feed(s, each) < 0) return -1;
    PyObject *of_kind = PyTuple_GET_ITEM(rows, kind);
    PyObject *key_time = kind == CART_KIND ? AT(s->cart, CART_changed_at) : AT(s->checkout, CHECKOUT_started_at);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(of_kind); i++)
        if (open_in_funnel(s, PyTuple_GET_ITEM(of_kind, i), kind, key_time) < 0) return -1;
    return 0;
}

/* ---- browsing ---- */

static int looked(PyObject *summary) {
    int found = 0;
    for (EACH(view, AT(summary, SUMMARY_views))) {
        int64_t dwell = number(view, VIEW_dwell);
        if (dwell >= DWELL) return 1;
        found += dwell >= LOOKED_AT || same_str(AT(view, VIEW_id), AT(summary, SUMMARY_on_screen));
    }
    return found >= DISTINCT;
}

/* Whether the visit meets the conditions of a browse episode. */
static int meets(const Seen *s) {
    int64_t added = number(s->cart, CART_added_at);
    return (added == NEVER || s->at - added >= AFTER_ADDING) && (is(s->summary, SUMMARY_unanswered) || looked(s->summary));
}

/* The sub-kinds of a visit; why an episode of an earlier visit closes; why an order closes and cancels. */
enum { OF_PRODUCT, OF_CATEGORY, RECENT, OF_SEARCH, REPLACED, CONVERTED, ORDERED, WORDS };
static PyObject *words[WORDS];

static PyObject *sub_kind_of(PyObject *summary) {
    PyObject *views = AT(summary, SUMMARY_views);
    int same_category = 0;
    for (EACH(view, views)) {
        if (number(view, VIEW_count) >= 2) return words[OF_PRODUCT];
        PyObject *category = AT(view, VIEW_category);
        int64_t count = 0;
        if (category == Py_None) continue;
        for (EACH(other, views))
            if (AT(other, VIEW_category) != Py_None && same_str(AT(other, VIEW_category), category))
                count += number(other, VIEW_count);
        same_category |= count >= SAME_CATEGORY;
    }
    return words[same_category ? OF_CATEGORY : looked(summary) ? RECENT : OF_SEARCH];
}

static int feed_browsing(Seen *s, PyObject *episode) {
    PyObject *evidence = evidence_of(s);
    if (!evidence) return -1;
    put_slot(episode, EPISODE_fed_at, AT(s->fact, IDLE_FACT_at));
    put_slot(episode, EPISODE_product, AT(s->summary, SUMMARY_subject));
    put_slot(episode, EPISODE_looked_at, looked_at(s));
    put_slot(episode, EPISODE_sub_kind, sub_kind_of(s->summary));
    put_slot(episode, EPISODE_evidence, evidence);
    return 0;
}

static int is_open_browsing(PyObject *episode) {
    return is(episode, EPISODE_open) && same_str(AT(episode, EPISODE_kind), kinds[BROWSE_KIND]);
}

/* Feeds the episodes of this visit, and closes those of earlier ones. */
static int go_on_browsing(Seen *s, PyObject *recipes, PyObject *out) {
    PyObject *reason = words[REPLACED], *episodes = PySequence_List(AT(s->person, PERSON_episodes));
    int64_t began = number(s->summary, SUMMARY_visit_start);
    int done = episodes ? 0 : -1;
    for (Py_ssize_t i = 0; done == 0 && i < PyList_GET_SIZE(episodes); i++) {
        PyObject *each = PyList_GET_ITEM(episodes, i);
        if (!is_open_browsing(each)) continue;
        int64_t visit = number(each, EPISODE_key_time);
        if (visit == began && same_str(AT(each, EPISODE_origin), AT(s->fact, IDLE_FACT_visitor))) done = feed_browsing(s, each);
        else if (began > visit) done = CALL(CLOSE, s->person, each, reason, AT(s->fact, IDLE_FACT_at), recipes, out);
    }
    Py_XDECREF(episodes);
    return done;
}

static int has_open_browsing(PyObject *person, PyObject *alias) {
    for (EACH(each, AT(person, PERSON_episodes)))
        if (is_open_browsing(each) && same_str(AT(each, EPISODE_recipe), alias)) return 1;
    return 0;
}

static int open_browsing(Seen *s, PyObject *row) {
    PyObject *alias = PyTuple_GET_ITEM(row, 0), *visitor = AT(s->fact, IDLE_FACT_visitor);
    PyObject *start = AT(s->summary, SUMMARY_visit_start);
    if (has_open_browsing(s->person, alias) || is_remembered(s->person, alias, visitor, PyLong_AsLongLong(start), no_text))
        return 0;
    PyObject *episode = append_episode(s, alias, BROWSE_KIND, visitor, start);
    return episode ? feed_browsing(s, episode) : -1;
}

static int are_plain(PyObject *rows) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(rows); i++)
        if (PyTuple_GET_ITEM(PyTuple_GET_ITEM(rows, i), 2) != Py_True) return 0;
    return 1;
}

static int look_at_browsing(Seen *s, PyObject *rows, PyObject *recipes, PyObject *out) {
    int in_funnel = 0, opened = 0, own = 0, is_buying = counts_lines(s) || s->checkout != Py_None;
    for (EACH(each, AT(s->person, PERSON_episodes))) {
        if (is_open_browsing(each)) {
            opened = 1;
            own |= same_str(AT(each, EPISODE_origin), AT(s->fact, IDLE_FACT_visitor));
        } else if (is(each, EPISODE_open)) in_funnel |= !is_of_life(each) && !is_shadow(AT(each, EPISODE_recipe));
    }
    int closes = opened && (in_funnel || (is_buying && own));
    if (!closes && (in_funnel || is_buying || !meets(s))) return 0;
    PyObject *of_kind = PyTuple_GET_ITEM(rows, BROWSE_KIND);
    if (closes || !are_plain(of_kind)) return CALL(BROWSE, s->person, s->fact, as_python(s), recipes, out);
    if (go_on_browsing(s, recipes, out) < 0) return -1;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(of_kind); i++)
        if (open_browsing(s, PyTuple_GET_ITEM(of_kind, i)) < 0) return -1;
    return 0;
}

#endif
