/* The constants and words that this code shares with Python. `configure` compares each of them at import. */
#ifndef STREAM_NATIVE_CONSTANTS_H
#define STREAM_NATIVE_CONSTANTS_H

#include "_shared.h"

/* Times in ms. */
#define NEVER (-1)
#define YEAR_2000 946684800000

/* Of events. */
#define BOUND 1000000000000000 /* of a number */
#define LONGEST_ID 128         /* characters */
#define LONGEST_TEXT 2048      /* characters of a text that is kept; a larger event may hold a longer one */

/* Of a visitor. */
#define KEPT_IDS 256
#define KEPT_VIEWS 20
#define NOTHING 0
#define ACTIVE 1
#define IDLE 2

#define MOST_ORDERS 1000
#define KEPT_LINES 5            /* of so many orders */
#define LARGEST_LINES (256 * 1024) /* characters of the lines of these orders */
#define LARGEST_CART (256 * 1024)  /* characters */

/* Of a record of the changelog: bytes before a packed state, and the place of the deadline among them. */
#define HEADER 25
#define ARMED 9

static const SharedConstant shared_constants[] = {
    {"NEVER", NEVER},       {"YEAR_2000", YEAR_2000},   {"BOUND", BOUND},     {"LONGEST_ID", LONGEST_ID},
    {"KEPT_IDS", KEPT_IDS}, {"KEPT_VIEWS", KEPT_VIEWS}, {"NOTHING", NOTHING}, {"LONGEST_TEXT", LONGEST_TEXT},
    {"ACTIVE", ACTIVE},
    {"IDLE", IDLE},         {"HEADER", HEADER},         {"ARMED", ARMED},
    {"MOST_ORDERS", MOST_ORDERS}, {"KEPT_LINES", KEPT_LINES}, {"LARGEST_LINES", LARGEST_LINES},
    {"LARGEST_CART", LARGEST_CART},
};

#define CONSTANTS ((int)(sizeof shared_constants / sizeof *shared_constants))

/* The types of events that are taken: the first SHOWN wholly. The others are decoded by Python. Of them is done here what is the
 * same for all events, a plain item and a plain order; Python does what their own fields say else. */
enum { PAGE, PRODUCT, CATEGORY, SEARCH, PING, EXIT_SIGNAL, SHOWN, CART_UPDATED = SHOWN, ITEM_ADDED, ITEM_REMOVED, STARTED,
       ADVANCED, ORDER_PLACED, KINDS };
static const char *const type_words[KINDS] = {
    "page.viewed",  "product.viewed",  "category.viewed",   "search.performed", "activity.pinged",  "exit.signal",
    "cart.updated", "cart.item_added", "cart.item_removed", "checkout.started", "checkout.advanced", "order.placed"};

enum { PAGE_KINDS = 8 };
static const char *const page_words[PAGE_KINDS] = {"home", "list", "product", "cart",
                                                   "checkout", "payment", "confirmation", "other"};

enum { SIGNALS = 8 };
static const char *const signal_words[SIGNALS] = {"pointer_top", "close_shortcut", "back", "tab_hidden",
                                                  "scroll_up",   "window_blur",    "idle", "landing_return"};

/* The parts of a product, in the order of a View. */
enum { PRODUCT_ID, NAME, IN_CATEGORY, PRICE, URL, IMAGE, PARTS };
static const char *const part_words[PARTS] = {"id", "name", "category", "price", "url", "image"};

/* The fields of a packed view. */
enum { VIEW_FIELDS = 10 };
static const char *const view_words[VIEW_FIELDS] = {"id", "count", "dwell", "at", "event",
                                                    "name", "category", "price", "url", "image"};

#endif
