/* An event as bytes, read as the typed decoding of decoding.py reads it. Source: docs/semantics.md, 2.
 *
 * Only a plain event is read: one of the types that are taken, each member once, every field of its proper type, no escapes in
 * a text that is kept, no keys of identity, an owner that is a visitor. `read_event` gives 0 for any other, valid
 * or not, and Python reads it. What an id or a customer names is for the caller to ask.
 */
#ifndef STREAM_NATIVE_EVENT_H
#define STREAM_NATIVE_EVENT_H

#include "_constants.h"
#include "_json.h"
#include "_text.h"

typedef struct {
    int kind;
    int sent, timed;                     /* whether there is a client_time, and a `t` */
    Text id, visitor, customer, query;
    int64_t client_time, t;              /* t: of a line of a backtest's file */
    int page;                            /* kind of page; PAGE_KINDS: none */
    Text product[PARTS];                 /* of the price only whether it is there */
    double price;
    int signal, is_held, in_form;        /* of an exit signal: which, whether it says how long, and where the focus is */
    double held;                         /* ms */
} Event;

static inline int take_id(Json *j, Text *text) {
    if (!take_plain(j, text) || !text->size) return 0;
    size_t characters = text->size;
    if (characters > LONGEST_ID)
        for (size_t i = 0; i < text->size; i++) characters -= (text->at[i] & 0xC0) == 0x80;
    return characters <= LONGEST_ID;
}

static inline int read_product(Json *j, Event *event) {
    Text key, *parts = event->product;
    int found;
    if (*j->at++ != '{') return 0;
    for (int first = 1; (found = next_member(j, first, &key)) > 0; first = 0) {
        int fine, part = one_of(key, part_words, PARTS);
        if (part == PARTS) fine = skip_value(j, 2);
        else if (part == PRODUCT_ID) fine = take_id(j, &parts[PRODUCT_ID]);
        else if (part != PRICE) fine = take_plain(j, &parts[part]);
        else {
            fine = !parts[PRICE].at && take_decimal(j, &event->price);
            parts[PRICE].at = j->at;
        }
        if (!fine) return 0;
    }
    return found == 0 && parts[PRODUCT_ID].at;
}

static inline int read_page(Json *j, Event *event) {
    Text key, path = {0}, title = {0}, kind = {0};
    int found, escaped;
    if (*j->at++ != '{') return 0;
    for (int first = 1; (found = next_member(j, first, &key)) > 0; first = 0) {
        Text *text = is_text(key, "path") ? &path : is_text(key, "title") ? &title : NULL;
        if (text) {
            if (text->at || *j->at != '"' || !take_string(j, text, &escaped)) return 0;
        } else if (is_text(key, "kind")) {
            if (!take_plain(j, &kind)) return 0;
            event->page = one_of(kind, page_words, PAGE_KINDS);
            if (event->page == PAGE_KINDS) return 0;
        } else if (!skip_value(j, 2)) {
            return 0;
        }
    }
    return found == 0;
}

/* The members that only some types of events have. */
enum { ITS_PAGE, ITS_PRODUCT, ITS_CATEGORY, ITS_QUERY, ITS_SIGNAL, ITS_HELD, ITS_FOCUS, ITS };
static const char *const its_words[ITS] = {"page",   "product", "category",  "query",
                                           "signal", "held_ms", "form_focus"};

static inline int read_signal(Json *own, Event *event) {
    Text name = {0};
    if (!own[ITS_SIGNAL].at || !take_plain(&own[ITS_SIGNAL], &name)) return 0;
    event->signal = one_of(name, signal_words, SIGNALS);
    event->is_held = own[ITS_HELD].at != NULL;
    if (event->is_held && !take_decimal(&own[ITS_HELD], &event->held)) return 0;
    Json *focus = &own[ITS_FOCUS];
    event->in_form = focus->at && take_word(focus, "true", 4);
    return event->signal < SIGNALS && (!focus->at || event->in_form || take_word(focus, "false", 5));
}

/* The members of an event. `own`: where the values of those stand that only some types have. */
static inline int read_members(Json *j, int line, Event *event, Text *type, Json *own) {
    Text key;
    int found, which;
    for (int first = 1; (found = next_member(j, first, &key)) > 0; first = 0) {
        int fine;
        if (is_text(key, "id")) fine = take_id(j, &event->id);
        else if (is_text(key, "visitor")) fine = take_id(j, &event->visitor);
        else if (is_text(key, "customer")) fine = take_id(j, &event->customer);
        else if (is_text(key, "type")) {
            fine = take_plain(j, type) && (event->kind = one_of(*type, type_words, KINDS)) < KINDS;
        } else if (is_text(key, "client_time")) {
            fine = !event->sent && take_integer(j, &event->client_time) && event->client_time >= YEAR_2000;
            event->sent = 1;
        } else if (line && is_text(key, "t")) {
            fine = !event->timed && take_integer(j, &event->t) && event->t >= 0;
            event->timed = 1;
        } else if ((which = one_of(key, its_words, ITS)) < ITS) {
            fine = !own[which].at;
            own[which].at = j->at;
            fine = fine && skip_value(j, 1);
            own[which].end = j->at;
        } else {
            fine = !is_text(key, "keys") && !is_text(key, "~") && skip_value(j, 1);
        }
        if (!fine) return 0;
    }
    return found == 0;
}

/* Whether the event is plain; then `event` is all that it says, and its texts stand in `bytes`; of one that Python is to
 * read it is what all events say. `line`: its `t` says
 * when it was, which nobody reads of a record. */
static inline int read_event(Text bytes, int line, Event *event) {
    Json j = {bytes.at, bytes.at + bytes.size}, own[ITS] = {{0}};
    Text type = {0}, category = {0};
    memset(event, 0, sizeof *event);
    event->page = PAGE_KINDS;
    skip_space(&j);
    if (bytes.size > LONGEST_TEXT || j.at >= j.end || *j.at++ != '{') return 0;
    if (!read_members(&j, line, event, &type, own)) return 0;
    skip_space(&j);
    if (j.at != j.end || !type.at || !event->id.at || !event->visitor.at || *event->visitor.at == '~') return 0;
    switch (event->kind) {
    case PAGE: return !own[ITS_PAGE].at || read_page(&own[ITS_PAGE], event);
    case PRODUCT: return own[ITS_PRODUCT].at && read_product(&own[ITS_PRODUCT], event);
    case CATEGORY: return own[ITS_CATEGORY].at && take_plain(&own[ITS_CATEGORY], &category);
    case SEARCH: return own[ITS_QUERY].at && take_plain(&own[ITS_QUERY], &event->query);
    case EXIT_SIGNAL: return read_signal(own, event);
    default: return 1;
    }
}

#endif
