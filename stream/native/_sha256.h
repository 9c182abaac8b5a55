/* SHA-256 of short texts (FIPS 180-4). For 60 bytes Python's own takes three times as long, most of it for its objects. */
#ifndef STREAM_NATIVE_SHA256_H
#define STREAM_NATIVE_SHA256_H

#include "_text.h"

#define SHA256_BLOCK 64

typedef struct {
    uint32_t state[8];
    uint8_t block[SHA256_BLOCK];
    uint64_t size; /* bytes added */
} Sha256;

static const uint32_t sha256_begin[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static const uint32_t sha256_rounds[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static inline uint32_t rotated(uint32_t word, int bits) { return word >> bits | word << (32 - bits); }

/* A round over the working variables a to h, which stand in s[0] to s[7] and change their places in place of moving. */
#define SHA256_ROUND(a, b, c, d, e, f, g, h_, i)                                                                      \
    one = s[h_] + (rotated(s[e], 6) ^ rotated(s[e], 11) ^ rotated(s[e], 25)) + (s[g] ^ (s[e] & (s[f] ^ s[g]))) +      \
          sha256_rounds[i] + w[i];                                                                                   \
    s[d] += one;                                                                                                      \
    s[h_] = one + (rotated(s[a], 2) ^ rotated(s[a], 13) ^ rotated(s[a], 22)) + ((s[a] & s[b]) | (s[c] & (s[a] | s[b])));

static void sha256_take(Sha256 *h) {
    uint32_t w[64], s[8], one;
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)h->block[4 * i] << 24 | (uint32_t)h->block[4 * i + 1] << 16 | (uint32_t)h->block[4 * i + 2] << 8 |
               h->block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t low = rotated(w[i - 15], 7) ^ rotated(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t high = rotated(w[i - 2], 17) ^ rotated(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + low + w[i - 7] + high;
    }
    memcpy(s, h->state, sizeof s);
    for (int i = 0; i < 64; i += 8) {
        SHA256_ROUND(0, 1, 2, 3, 4, 5, 6, 7, i)
        SHA256_ROUND(7, 0, 1, 2, 3, 4, 5, 6, i + 1)
        SHA256_ROUND(6, 7, 0, 1, 2, 3, 4, 5, i + 2)
        SHA256_ROUND(5, 6, 7, 0, 1, 2, 3, 4, i + 3)
        SHA256_ROUND(4, 5, 6, 7, 0, 1, 2, 3, i + 4)
        SHA256_ROUND(3, 4, 5, 6, 7, 0, 1, 2, i + 5)
        SHA256_ROUND(2, 3, 4, 5, 6, 7, 0, 1, i + 6)
        SHA256_ROUND(1, 2, 3, 4, 5, 6, 7, 0, i + 7)
    }
    for (int i = 0; i < 8; i++) h->state[i] += s[i];
}

static inline void sha256_add(Sha256 *h, Text text) {
    while (text.size) {
        size_t at = h->size % SHA256_BLOCK, size = SHA256_BLOCK - at;
        if (size > text.size) size = text.size;
        memcpy(h->block + at, text.at, size);
        h->size += size;
        text.at += size;
        text.size -= size;
        if (h->size % SHA256_BLOCK == 0) sha256_take(h);
    }
}

/* The first `count` bytes of the digest as hex digits. */
static inline void sha256_end(Sha256 *h, int count, char *digits) {
    static const char zeros[SHA256_BLOCK] = {(char)0x80}, hex[] = "0123456789abcdef";
    uint64_t bits = h->size * 8;
    char size[8];
    for (int i = 0; i < 8; i++) size[i] = (char)(bits >> (56 - 8 * i));
    sha256_add(h, (Text){zeros, (2 * SHA256_BLOCK - 9 - h->size % SHA256_BLOCK) % SHA256_BLOCK + 1});
    sha256_add(h, (Text){size, sizeof size});
    for (int i = 0; i < count; i++) {
        uint8_t byte = (uint8_t)(h->state[i / 4] >> (24 - 8 * (i % 4)));
        digits[2 * i] = hex[byte >> 4];
        digits[2 * i + 1] = hex[byte & 15];
    }
}

#endif
