/* Events as bytes, read without making anything of them: what the typed decoding of decoding.py would give.
 *
 * Only what is plain is read: six types, every key once, no escapes in what is kept, no \u anywhere. Of all else
 * `read_event` says nothing, not even that it is wrong; the typed decoding looks at it. So what is read here is
 * JSON (RFC 8259) and an event by schemas/events.
 */
#define LONGEST_ID 128      /* characters */
#define BOUND 1000000000000000 /* of a number */
#define DEEPEST_READ 32     /* levels of nesting */
#define PLAIN_SIZE 2048     /* bytes: a text of a larger event may have to be left out */

typedef struct {
    const char *at; /* NULL: absent */
    size_t size;
} Text;

enum { PAGE, PRODUCT, CATEGORY, SEARCH, PING, LEAVING, KINDS };
#define SIGNALS_KNOWN 8
enum { PRODUCT_ID, NAME, IN_CATEGORY, PRICE, URL, IMAGE, PARTS };

typedef struct {
    int kind, sent, timed; /* whether there is a client_time, and a `t` */
    Text id, visitor, customer, query;
    int64_t client_time, t; /* t: of a line of a backtest's file */
    Text product[PARTS]; /* the price apart; its `at` says whether there is one */
    double price;
    int signal, is_held, in_form; /* of a leaving: which, whether it says how long, and that a form has the focus */
    double held;                  /* ms */
} Event;

typedef struct {
    const char *at, *end;
} Json;

static int is_text(Text text, const char *other) {
    return text.size == strlen(other) && memcmp(text.at, other, text.size) == 0;
}

static void skip_space(Json *j) {
    while (j->at < j->end && (*j->at == ' ' || *j->at == '\n' || *j->at == '\t' || *j->at == '\r')) j->at++;
}

/* A bit for each of 8 bytes that is a quote, a backslash or a control character. The lowest is right, those above it
 * may be too many: a borrow goes upwards. */
static uint64_t special(uint64_t part) {
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    uint64_t quote = part ^ ones * '"', slash = part ^ ones * '\\';
    return (((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((part - ones * 0x20) & ~part)) & tops;
}

/* The next quote, backslash or control character, or the end. */
static const char *next_special(const char *at, const char *end) {
    while (end - at >= 8) {
        uint64_t part, found;
        memcpy(&part, at, 8);
        if ((found = special(part))) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            return at + (__builtin_ctzll(found) >> 3);
#else
            break;
#endif
        }
        at += 8;
    }
    while (at < end && *at != '"' && *at != '\\' && (uint8_t)*at >= 0x20) at++;
    return at;
}

/* At the quote that opens a string: its raw text, behind the one that closes it. 0: not plain. */
static int take_string(Json *j, Text *text, int *escaped) {
    const char *at = j->at + 1, *end = j->end;
    *escaped = 0;
    for (;;) {
        at = next_special(at, end);
        if (at >= end || (uint8_t)*at < 0x20) return 0;
        if (*at == '"') break;
        if (end - at < 2 || !at[1] || !strchr("\"\\/bfnrt", at[1])) return 0;
        *escaped = 1;
        at += 2;
    }
    text->at = j->at + 1;
    text->size = at - text->at;
    j->at = at + 1;
    return 1;
}

static int digits(Json *j) {
    const char *start = j->at;
    while (j->at < j->end && *j->at >= '0' && *j->at <= '9') j->at++;
    return j->at > start;
}

static int take_number_text(Json *j) {
    if (*j->at == '-') j->at++;
    if (j->at < j->end && *j->at == '0') j->at++;
    else if (!digits(j)) return 0;
    if (j->at < j->end && *j->at == '.') {
        j->at++;
        if (!digits(j)) return 0;
    }
    if (j->at < j->end && (*j->at == 'e' || *j->at == 'E')) {
        j->at++;
        if (j->at < j->end && (*j->at == '+' || *j->at == '-')) j->at++;
        if (!digits(j)) return 0;
    }
    return 1;
}

static int take_word(Json *j, const char *word, size_t size) {
    if ((size_t)(j->end - j->at) < size || memcmp(j->at, word, size) != 0) return 0;
    j->at += size;
    return 1;
}

static int skip_value(Json *j, int depth);

/* Goes through an object or an array; inside an object it stops before each value, with its key. */
static int next_member(Json *j, int first, Text *key) {
    int escaped;
    skip_space(j);
    if (j->at >= j->end) return -1;
    if (*j->at == '}') return j->at++, 0;
    if (!first) {
        if (*j->at++ != ',') return -1;
        skip_space(j);
    }
    if (j->at >= j->end || *j->at != '"' || !take_string(j, key, &escaped) || escaped) return -1;
    skip_space(j);
    if (j->at >= j->end || *j->at++ != ':') return -1;
    skip_space(j);
    return j->at < j->end ? 1 : -1;
}

static int skip_members(Json *j, int depth) {
    Text key;
    int found;
    j->at++;
    for (int first = 1; (found = next_member(j, first, &key)) > 0; first = 0)
        if (!skip_value(j, depth + 1)) return 0;
    return found == 0;
}

static int skip_items(Json *j, int depth) {
    j->at++;
    skip_space(j);
    if (j->at < j->end && *j->at == ']') return j->at++, 1;
    for (;;) {
        if (!skip_value(j, depth + 1)) return 0;
        skip_space(j);
        if (j->at >= j->end) return 0;
        if (*j->at == ']') return j->at++, 1;
        if (*j->at++ != ',') return 0;
        skip_space(j);
    }
}

static int skip_value(Json *j, int depth) {
    Text text;
    int escaped;
    if (j->at >= j->end || depth > DEEPEST_READ) return 0;
    switch (*j->at) {
    case '"': return take_string(j, &text, &escaped);
    case '{': return skip_members(j, depth);
    case '[': return skip_items(j, depth);
    case 't': return take_word(j, "true", 4);
    case 'f': return take_word(j, "false", 5);
    case 'n': return take_word(j, "null", 4);
    default: return (*j->at == '-' || (*j->at >= '0' && *j->at <= '9')) && take_number_text(j);
    }
}

/* A string that stands as it is meant. */
static int take_plain(Json *j, Text *text) {
    int escaped;
    return j->at < j->end && *j->at == '"' && !text->at && take_string(j, text, &escaped) && !escaped;
}

static int take_id(Json *j, Text *text) {
    if (!take_plain(j, text) || !text->size) return 0;
    size_t characters = text->size;
    if (characters > LONGEST_ID)
        for (size_t i = 0; i < text->size; i++) characters -= (text->at[i] & 0xC0) == 0x80;
    return characters <= LONGEST_ID;
}

static int take_integer(Json *j, int64_t *number) {
    const char *start = j->at;
    int negative = j->at < j->end && *j->at == '-';
    if (j->at >= j->end || !(negative || (*j->at >= '0' && *j->at <= '9')) || !take_number_text(j)) return 0;
    size_t size = j->at - start - negative;
    if (size > 16 || (negative && start[1] == '0')) return 0;
    *number = 0;
    for (const char *at = start + negative; at < j->at; at++) {
        if (*at < '0' || *at > '9') return 0;
        *number = *number * 10 + (*at - '0');
    }
    if (*number > BOUND) return 0;
    if (negative) *number = -*number;
    return 1;
}

/* Up to 2^53 and 22 digits behind the point both parts are exact, and so their quotient is rounded once. */
static int take_decimal(Json *j, double *found) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *start = j->at;
    int negative = j->at < j->end && *j->at == '-', behind = 0, point = 0;
    if (j->at >= j->end || !(negative || (*j->at >= '0' && *j->at <= '9')) || !take_number_text(j)) return 0;
    uint64_t number = 0;
    for (const char *at = start + negative; at < j->at; at++) {
        if (*at == '.') point = 1;
        else if (*at < '0' || *at > '9') return 0;
        else {
            number = number * 10 + (*at - '0');
            behind += point;
            if (number > (uint64_t)1 << 53 || behind > 22) return 0;
        }
    }
    *found = (double)number / powers[behind];
    if (*found > BOUND || (negative && !number)) return 0;
    if (negative) *found = -*found;
    return 1;
}

/* Which of `count` names it is; `count`: none. */
static int one_of(Text text, const char *const *names, int count) {
    int which = 0;
    while (which < count && !is_text(text, names[which])) which++;
    return which;
}

static int read_product(Json *j, Event *event) {
    Text key;
    int found;
    if (j->at >= j->end || *j->at++ != '{') return 0;
    for (int first = 1; (found = next_member(j, first, &key)) > 0; first = 0) {
        Text *parts = event->product;
        int fine;
        if (is_text(key, "id")) fine = take_id(j, &parts[PRODUCT_ID]);
        else if (is_text(key, "name")) fine = take_plain(j, &parts[NAME]);
        else if (is_text(key, "category")) fine = take_plain(j, &parts[IN_CATEGORY]);
        else if (is_text(key, "url")) fine = take_plain(j, &parts[URL]);
        else if (is_text(key, "image")) fine = take_plain(j, &parts[IMAGE]);
        else if (is_text(key, "price")) {
            fine = !parts[PRICE].at && take_decimal(j, &event->price);
            parts[PRICE].at = j->at;
        } else fine = skip_value(j, 2);
        if (!fine) return 0;
    }
    return found == 0 && event->product[PRODUCT_ID].at;
}

static int read_page(Json *j) {
    static const char *const page_kinds[] = {"home", "list", "product", "cart",
                                             "checkout", "payment", "confirmation", "other"};
    Text key, path = {0}, title = {0}, kind = {0};
    int found, escaped;
    if (j->at >= j->end || *j->at++ != '{') return 0;
    for (int first = 1; (found = next_member(j, first, &key)) > 0; first = 0) {
        Text *text = is_text(key, "path") ? &path : is_text(key, "title") ? &title : NULL;
        if (text) {
            if (text->at || *j->at != '"' || !take_string(j, text, &escaped)) return 0;
        } else if (is_text(key, "kind")) {
            int count = sizeof page_kinds / sizeof *page_kinds;
            if (!take_plain(j, &kind) || one_of(kind, page_kinds, count) == count) return 0;
        } else if (!skip_value(j, 2)) return 0;
    }
    return found == 0;
}

static const char *const types[KINDS] = {"page.viewed",      "product.viewed",  "category.viewed",
                                         "search.performed", "activity.pinged", "exit.signal"};
static const char *const signals[SIGNALS_KNOWN] = {"pointer_top", "close_shortcut", "back", "tab_hidden",
                                                   "scroll_up",   "window_blur",    "idle", "landing_return"};

/* The members that only some types of events have. */
enum { ITS_PAGE, ITS_PRODUCT, ITS_CATEGORY, ITS_QUERY, ITS_SIGNAL, ITS_HELD, ITS_FOCUS, ITS };
static const char *const its[ITS] = {"page", "product", "category", "query", "signal", "held_ms", "form_focus"};

static int read_leaving(Json *own, Event *event) {
    Text name = {0};
    if (!own[ITS_SIGNAL].at || !take_plain(&own[ITS_SIGNAL], &name)) return 0;
    event->signal = one_of(name, signals, SIGNALS_KNOWN);
    event->is_held = own[ITS_HELD].at != NULL;
    if (event->is_held && !take_decimal(&own[ITS_HELD], &event->held)) return 0;
    Json *focus = &own[ITS_FOCUS];
    event->in_form = focus->at && take_word(focus, "true", 4);
    return event->signal < SIGNALS_KNOWN && (!focus->at || event->in_form || take_word(focus, "false", 5));
}

/* Whether the event is plain; then `event` is all that it says. Its texts stand in `bytes`. `line`: it may say when
 * it was. */
static int read_event(const char *bytes, size_t size, int line, Event *event) {
    Json j = {bytes, bytes + size}, own[ITS] = {{0}};
    Text key, type = {0}, category = {0};
    int found;
    memset(event, 0, sizeof *event);
    skip_space(&j);
    if (size > PLAIN_SIZE || j.at >= j.end || *j.at++ != '{') return 0;
    for (int first = 1; (found = next_member(&j, first, &key)) > 0; first = 0) {
        int fine = 1, which;
        if (is_text(key, "id")) fine = take_id(&j, &event->id);
        else if (is_text(key, "visitor")) fine = take_id(&j, &event->visitor);
        else if (is_text(key, "customer")) fine = take_id(&j, &event->customer);
        else if (is_text(key, "type")) {
            fine = take_plain(&j, &type) && (event->kind = one_of(type, types, KINDS)) < KINDS;
        } else if (is_text(key, "client_time")) {
            fine = !event->sent && take_integer(&j, &event->client_time);
            event->sent = 1;
        } else if (is_text(key, "t")) {
            fine = line && !event->timed && take_integer(&j, &event->t) && event->t >= 0;
            event->timed = 1;
        } else if ((which = one_of(key, its, ITS)) < ITS) {
            fine = !own[which].at;
            own[which].at = j.at;
            fine = fine && skip_value(&j, 1);
            own[which].end = j.at;
        } else {
            fine = skip_value(&j, 1);
        }
        if (!fine) return 0;
    }
    skip_space(&j);
    if (found || j.at != j.end || !type.at || !event->id.at || !event->visitor.at) return 0;
    switch (event->kind) {
    case PAGE: return !own[ITS_PAGE].at || read_page(&own[ITS_PAGE]);
    case PRODUCT: return own[ITS_PRODUCT].at && read_product(&own[ITS_PRODUCT], event);
    case CATEGORY: return own[ITS_CATEGORY].at && take_plain(&own[ITS_CATEGORY], &category);
    case SEARCH: return own[ITS_QUERY].at && take_plain(&own[ITS_QUERY], &event->query);
    case LEAVING: return read_leaving(own, event);
    default: return 1;
    }
}
