/* The Structs of the people stage whose fields are read and written where they lie. */
#ifndef STREAM_NATIVE_PERSON_SLOTS_H
#define STREAM_NATIVE_PERSON_SLOTS_H

#include "_slots.h"

/* The types, in the order in which Python passes them in. */
enum {
    PERSON, PERSON_VISITOR, EPISODE, COURSE, LIFE, KNOWN_CART, BOUGHT_LINE, ORDER,
    IDLE_FACT, ACTIVE_FACT, SUMMARY, CART, LINE, CHECKOUT, VIEW, SUBJECT, RECIPE, SEEN, WATERMARK, INTEREST,
    ORDERED_FACT, WHOLE_ORDER, ENTERED, PUBLISHED, FIRED, OUTPUTS,
    TYPES
};
static PyObject *types[TYPES];

#define EACH_FIELD(F)                                                                                                  \
    F(PERSON, applied) F(PERSON, version) F(PERSON, armed) F(PERSON, last_visitor) F(PERSON, last_n)                   \
    F(PERSON, visitors) F(PERSON, carts) F(PERSON, episodes) F(PERSON, orders) F(PERSON, cancelled)                    \
    F(PERSON, unpaid) F(PERSON, bought) F(PERSON, left) F(PERSON, remembered) F(PERSON, life) F(PERSON, in_time)       \
    F(PERSON_VISITOR, active) F(PERSON_VISITOR, last_active) F(PERSON_VISITOR, visits)                                 \
    F(EPISODE, recipe) F(EPISODE, kind) F(EPISODE, origin) F(EPISODE, key_time) F(EPISODE, visitor)                    \
    F(EPISODE, fed_at) F(EPISODE, contents) F(EPISODE, open) F(EPISODE, step) F(EPISODE, due)                          \
    F(EPISODE, fired_step) F(EPISODE, cart) F(EPISODE, product) F(EPISODE, sub_kind) F(EPISODE, evidence) F(EPISODE, cart_id)              \
    F(EPISODE, emptied) F(EPISODE, checkout) F(EPISODE, looked_at) F(EPISODE, course)                                  \
    F(PERSON, id) F(PERSON, fired) F(PERSON, contacts) F(PERSON, consent) F(PERSON, traits_orders) F(PERSON, traits_value) \
    F(EPISODE, opened_at) F(EPISODE, fired_at) F(EPISODE, published)                                                   \
    F(COURSE, ends) F(LIFE, bound) F(LIFE, changes) F(LIFE, purchases) F(LIFE, audiences) F(LIFE, interests) F(LIFE, spent)            \
    F(INTEREST, viewed) F(INTEREST, bought)                                                                            \
    F(KNOWN_CART, changed_at) F(KNOWN_CART, contents) F(KNOWN_CART, lines)                                             \
    F(BOUGHT_LINE, product_id) F(BOUGHT_LINE, variant_id) F(BOUGHT_LINE, quantity) F(BOUGHT_LINE, until)               \
    F(ORDER, id) F(ORDER, at) F(ORDER, recurring) F(ORDER, value) F(ORDER, day)                                                         \
    F(IDLE_FACT, at) F(IDLE_FACT, visitor) F(IDLE_FACT, n) F(IDLE_FACT, person) F(IDLE_FACT, summary)                  \
    F(ORDERED_FACT, order_id) F(ORDERED_FACT, cart_id) F(ORDERED_FACT, contents) F(ORDERED_FACT, recurring)            \
    F(ORDERED_FACT, whole)                                                                                             \
    F(WHOLE_ORDER, value) F(WHOLE_ORDER, currency) F(WHOLE_ORDER, lines) F(WHOLE_ORDER, old) F(WHOLE_ORDER, day)       \
    F(WHOLE_ORDER, whose) F(WHOLE_ORDER, withheld)                                                                     \
    F(ACTIVE_FACT, last_active)                                                                                        \
    F(SUMMARY, visit_start) F(SUMMARY, last_active) F(SUMMARY, visits) F(SUMMARY, cart) F(SUMMARY, checkout) F(SUMMARY, views)                 \
    F(SUMMARY, subject) F(SUMMARY, on_screen) F(SUMMARY, unanswered) F(SUMMARY, evidence)                              \
    F(CART, id) F(CART, changed_at) F(CART, added_at) F(CART, lines)                                                   \
    F(LINE, product_id) F(LINE, variant_id) F(LINE, quantity) F(LINE, name) F(LINE, category) F(LINE, url)             \
    F(LINE, image) F(LINE, since) F(LINE, added)                                                                       \
    F(CHECKOUT, started_at) F(CHECKOUT, failed)                                                                        \
    F(VIEW, id) F(VIEW, count) F(VIEW, dwell) F(VIEW, event) F(VIEW, at) F(VIEW, category) F(SUBJECT, category)                                                       \
    F(RECIPE, steps) F(PUBLISHED, valid_until) F(FIRED, at) F(OUTPUTS, audiences) F(OUTPUTS, counts)                                                                                   \
    F(SEEN, _summary) F(SEEN, _evidence) F(SEEN, cart) F(SEEN, checkout) F(SEEN, contents) F(SEEN, given_contents)     \
    F(SEEN, held) F(SEEN, last) F(SEEN, lines) F(SEEN, old) F(SEEN, stale)

EACH_FIELD(SLOT_OFFSET)
static const Slot all_fields[] = {EACH_FIELD(SLOT_ROW)};

static int find_slots(void) { return find_all_slots(types, all_fields, sizeof all_fields / sizeof *all_fields); }

#endif
