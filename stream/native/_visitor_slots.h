/* The Structs of the visitors stage whose fields are read and written where they lie. */
#ifndef STREAM_NATIVE_VISITOR_SLOTS_H
#define STREAM_NATIVE_VISITOR_SLOTS_H

#include "_slots.h"

/* The types, in the order in which Python passes them in. */
enum { A_CART, A_LINE, AN_ITEM, AN_ADDITION, AN_ORDER, A_PLACEMENT, AN_ENTRY, A_WHOLE, AN_ORDER_LINE, A_KEPT, TYPES };
static PyObject *types[TYPES];

#define EACH_FIELD(F)                                                                                                  \
    F(A_CART, id) F(A_CART, from_shop) F(A_CART, shop_id) F(A_CART, lines) F(A_CART, changed_at) F(A_CART, added_at)   \
    F(A_CART, currency) F(A_CART, size)                                                                                \
    F(A_LINE, product_id) F(A_LINE, variant_id) F(A_LINE, quantity) F(A_LINE, name) F(A_LINE, category)                \
    F(A_LINE, price) F(A_LINE, url) F(A_LINE, image) F(A_LINE, since) F(A_LINE, added) F(A_LINE, currency)             \
    F(AN_ITEM, product_id) F(AN_ITEM, variant_id) F(AN_ITEM, quantity) F(AN_ITEM, name) F(AN_ITEM, category)           \
    F(AN_ITEM, price) F(AN_ITEM, url) F(AN_ITEM, image) F(AN_ITEM, currency)                                           \
    F(AN_ADDITION, id) F(AN_ADDITION, item)                                                                            \
    F(AN_ORDER, id) F(AN_ORDER, value) F(AN_ORDER, currency) F(AN_ORDER, cart_id) F(AN_ORDER, recurring)               \
    F(AN_ORDER, items)                                                                                                 \
    F(A_PLACEMENT, id) F(A_PLACEMENT, order) F(A_PLACEMENT, client_time) F(A_PLACEMENT, imported)                      \
    F(AN_ENTRY, id) F(AN_ENTRY, whole)                                                                                 \
    F(A_WHOLE, lines)                                                                                                  \
    F(AN_ORDER_LINE, product_id) F(AN_ORDER_LINE, variant_id) F(AN_ORDER_LINE, name) F(AN_ORDER_LINE, category)        \
    F(AN_ORDER_LINE, url) F(AN_ORDER_LINE, image)                                                                      \
    F(A_KEPT, empty)

EACH_FIELD(SLOT_OFFSET)
static const Slot all_fields[] = {EACH_FIELD(SLOT_ROW)};

static int find_slots(void) { return find_all_slots(types, all_fields, sizeof all_fields / sizeof *all_fields); }

static int is_a(PyObject *object, int type) { return object && Py_IS_TYPE(object, (PyTypeObject *)types[type]); }

#endif
