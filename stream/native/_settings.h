/* What Python passes in once, by `configure`: it lives as long as the process. */
#ifndef STREAM_NATIVE_SETTINGS_H
#define STREAM_NATIVE_SETTINGS_H

#include "_constants.h"
#include "_text.h"

/* One sort of exit signal. Source: docs/semantics.md, 5. */
typedef struct {
    PyObject *name;
    double weight, half_life, least_held; /* ms */
} Sort;

static Sort sorts[SIGNALS];
static double cart_weight, products_weight;
static double certain_below; /* a score below it makes no candidate, however Python rounds it */

static int64_t visit_gap, idle_after, late_after, forget_after, checkout_lasts; /* ms */

static char letters[KINDS]; /* of the types, before the id of an event */
static PyObject *page_names[PAGE_KINDS];

static PyObject *unset;                                            /* msgspec.UNSET */
static PyObject *view_type, *view_summary_type, *signal_type, *cart_type; /* Structs of stream/state */

static PyObject *encode;               /* an object to msgpack */
static PyObject *encode_json;          /* an object to JSON */
static PyObject *settle;               /* of checkout.py */
static PyObject *given_lines, *worth;  /* of whole_order.py */
static PyObject *bound_lines;          /* of orders_placed.py */
static PyObject *count_order;          /* joined_orders.placed */
static PyObject *hand_order;           /* own_facts.ordered */
static PyObject *typed;                /* of decoding.py */
static PyObject *folds;                /* of engaged_events.py, one for each type that is not taken wholly; None: `apply` */
static PyObject *decoders;             /* from msgpack, one for each field that is an object of Python */
static Text new_cart_head, new_cart_rest; /* a new cart as it is packed, before and behind its id */

/* Names of attributes, as interned strings. */
static PyObject *empty_text, *attr_id, *attr_at, *attr_kind, *attr_lines, *attr_page, *attr_product, *attr_query;
static PyObject *attr_event, *attr_started_at, *attr_changed_at, *attr_added_at, *attr_currency, *attr_url, *attr_aside;
static PyObject *attr_parts[PARTS];

#endif
