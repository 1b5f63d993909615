/* searchsorted on the CPU: binary searches, shared out by the values. */
#include "host/cpu/cpu.h"

enum { GRAIN = 512 /* values */ };

typedef struct search_work {
    const cg_searchsorted_request *r;
    cg_search_loop *search;
    const unsigned char *sorted, *value;
    int64_t *out;
    int64_t size; /* bytes of an element */
} search_work;

/* The values [begin, end) of all rows, one after the other. */
static void search_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const search_work *w = ctx;
    const int64_t n = w->r->n, m = w->r->shared ? w->r->rows * w->r->m : w->r->m;
    (void)thread;
    for (int64_t i = begin; i < end;) {
        const int64_t row = i / m, rest = (row + 1) * m - i, count = rest < end - i ? rest : end - i;
        w->search(w->sorted + row * n * w->size, (ptrdiff_t)n, w->value + i * w->size, w->out + i,
                  (ptrdiff_t)count, w->r->right);
        i += count;
    }
}

cg_status cg_cpu_searchsorted(cg_hw *hw, const cg_searchsorted_request *r) {
    search_work w = {.r = r,
                     .search = cg_cpu_of(hw)->isa->searches[r->dtype]->search,
                     .sorted = cg_cpu_data(&r->sorted),
                     .value = cg_cpu_data(&r->value),
                     .out = cg_cpu_data(&r->out),
                     .size = (int64_t)cg_dtype_size(r->dtype)};
    hw->stats.launches++;
    cg_parallel_for(r->rows * r->m, GRAIN, search_body, &w);
    return CG_OK;
}
