#include "random/random_host.h"

#define CG_BITS 64
#include "core/elementary_c.h"
#include "kernels/philox.h"

double cg_random_double(uint64_t seed, uint64_t stream, uint64_t i) {
    uint64_t block = i / 2;
    philox_words w = philox_block((uint32_t)block, (uint32_t)(block >> 32), (uint32_t)stream,
                                  (uint32_t)(stream >> 32), (uint32_t)seed, (uint32_t)(seed >> 32));
    return i % 2 ? philox_u53(w.w2, w.w3) : philox_u53(w.w0, w.w1);
}
