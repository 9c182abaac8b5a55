/* A JSON document (RFC 8259), read without making anything of it.
 *
 * Only plain spelling is read: keys without escapes, no \u anywhere. A function that gives 0 has met
 * something else; it does not say whether that is wrong.
 */
#ifndef STREAM_NATIVE_JSON_H
#define STREAM_NATIVE_JSON_H

#include "_constants.h"
#include "_text.h"

#define DEEPEST_READ 32 /* levels of nesting; decoding.py reads more */

typedef struct {
    const char *at, *end;
} Json;

static inline void skip_space(Json *j) {
    while (j->at < j->end && (*j->at == ' ' || *j->at == '\n' || *j->at == '\t' || *j->at == '\r')) j->at++;
}

/* At the quote that opens a string. Gives its raw text and goes behind the quote that closes it. */
static inline int take_string(Json *j, Text *text, int *escaped) {
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

/* A string without escapes. 0 as well if `text` was given before. */
static inline int take_plain(Json *j, Text *text) {
    int escaped;
    return j->at < j->end && *j->at == '"' && !text->at && take_string(j, text, &escaped) && !escaped;
}

static inline int take_digits(Json *j) {
    const char *start = j->at;
    while (j->at < j->end && *j->at >= '0' && *j->at <= '9') j->at++;
    return j->at > start;
}

/* At the first character of a number. */
static inline int skip_number(Json *j) {
    if (*j->at == '-') j->at++;
    if (j->at < j->end && *j->at == '0') j->at++;
    else if (!take_digits(j)) return 0;
    if (j->at < j->end && *j->at == '.') {
        j->at++;
        if (!take_digits(j)) return 0;
    }
    if (j->at < j->end && (*j->at == 'e' || *j->at == 'E')) {
        j->at++;
        if (j->at < j->end && (*j->at == '+' || *j->at == '-')) j->at++;
        if (!take_digits(j)) return 0;
    }
    return 1;
}

static inline int starts_number(const Json *j) {
    return j->at < j->end && (*j->at == '-' || (*j->at >= '0' && *j->at <= '9'));
}

/* A whole number within BOUND, written without point and exponent. */
static inline int take_integer(Json *j, int64_t *number) {
    const char *start = j->at;
    int negative = j->at < j->end && *j->at == '-';
    if (!starts_number(j) || !skip_number(j)) return 0;
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

/* A number within BOUND, written without exponent. Up to 2^53 and 22 digits behind the point both parts are
 * exact, so their quotient is rounded once. */
static inline int take_decimal(Json *j, double *found) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *start = j->at;
    int negative = j->at < j->end && *j->at == '-', behind = 0, point = 0;
    if (!starts_number(j) || !skip_number(j)) return 0;
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

static inline int take_word(Json *j, const char *word, size_t size) {
    if ((size_t)(j->end - j->at) < size || memcmp(j->at, word, size) != 0) return 0;
    j->at += size;
    return 1;
}

/* Goes to the next member of an object and stops before its value. 1: there is one; 0: the object ends;
 * -1: not plain. */
static inline int next_member(Json *j, int first, Text *key) {
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

static inline int skip_value(Json *j, int depth);

static inline int skip_object(Json *j, int depth) {
    Text key;
    int found;
    j->at++;
    for (int first = 1; (found = next_member(j, first, &key)) > 0; first = 0)
        if (!skip_value(j, depth + 1)) return 0;
    return found == 0;
}

static inline int skip_array(Json *j, int depth) {
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

static inline int skip_value(Json *j, int depth) {
    Text text;
    int escaped;
    if (j->at >= j->end || depth > DEEPEST_READ) return 0;
    switch (*j->at) {
    case '"': return take_string(j, &text, &escaped);
    case '{': return skip_object(j, depth);
    case '[': return skip_array(j, depth);
    case 't': return take_word(j, "true", 4);
    case 'f': return take_word(j, "false", 5);
    case 'n': return take_word(j, "null", 4);
    default: return starts_number(j) && skip_number(j);
    }
}

#endif
