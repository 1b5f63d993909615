/* Copies that bypass the cache: a result larger than the cache is a third faster if its lines are not read first. */
#include "host/cpu/isa.h"

#include <string.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

void CG_ISA_NAME(cg_stream)(void *to, const void *from, size_t bytes);
void CG_ISA_NAME(cg_stream_end)(void);

#ifdef __SSE2__
void CG_ISA_NAME(cg_stream)(void *to, const void *from, size_t bytes) {
    unsigned char *t = to;
    const unsigned char *f = from;
    size_t head = -(uintptr_t)t & 63;
    if (head > bytes) head = bytes;
    memcpy(t, f, head);
    t += head, f += head, bytes -= head;
    for (; bytes >= 64; t += 64, f += 64, bytes -= 64) {
#ifdef __AVX512F__
        _mm512_stream_si512((void *)t, _mm512_loadu_si512((const void *)f));
#elif defined(__AVX__)
        _mm256_stream_si256((void *)t, _mm256_loadu_si256((const void *)f));
        _mm256_stream_si256((void *)(t + 32), _mm256_loadu_si256((const void *)(f + 32)));
#else
        for (int i = 0; i < 64; i += 16)
            _mm_stream_si128((void *)(t + i), _mm_loadu_si128((const void *)(f + i)));
#endif
    }
    memcpy(t, f, bytes);
}

void CG_ISA_NAME(cg_stream_end)(void) { _mm_sfence(); }
#else
void CG_ISA_NAME(cg_stream)(void *to, const void *from, size_t bytes) { memcpy(to, from, bytes); }

void CG_ISA_NAME(cg_stream_end)(void) {}
#endif
