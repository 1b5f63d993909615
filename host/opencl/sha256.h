/* SHA-256 (FIPS 180-4). */
#ifndef CLGRAD_HOST_OPENCL_SHA256_H
#define CLGRAD_HOST_OPENCL_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { CG_SHA256_BYTES = 32 };

typedef struct cg_sha256 {
    uint32_t state[8];
    uint64_t bytes; /* taken so far */
    uint8_t block[64];
} cg_sha256;

void cg_sha256_begin(cg_sha256 *h);
void cg_sha256_add(cg_sha256 *h, const void *data, size_t bytes);
/* Adds a string with its final NUL, so that "ab", "c" and "a", "bc" differ. */
void cg_sha256_add_text(cg_sha256 *h, const char *text);
void cg_sha256_end(cg_sha256 *h, uint8_t digest[CG_SHA256_BYTES]);

#endif
