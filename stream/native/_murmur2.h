/* The hash by which Kafka's Java client chooses the partition of a key.
 *
 * Source: Kafka, org.apache.kafka.common.utils.Utils.murmur2. */
#ifndef STREAM_NATIVE_MURMUR2_H
#define STREAM_NATIVE_MURMUR2_H

#include <stdint.h>
#include <string.h>

#include "_text.h"

static inline uint32_t murmur2(Text text) {
    const uint32_t m = 0x5BD1E995u;
    uint32_t h = 0x9747B28Cu ^ (uint32_t)text.size, part;
    for (; text.size >= 4; text.at += 4, text.size -= 4) {
        memcpy(&part, text.at, 4);
        part *= m;
        part ^= part >> 24;
        h = (h * m) ^ (part * m);
    }
    if (text.size) {
        part = 0;
        memcpy(&part, text.at, text.size);
        h = (h ^ part) * m;
    }
    h = (h ^ h >> 13) * m;
    return h ^ h >> 15;
}

#endif
