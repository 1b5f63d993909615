/* The weights' gradient of a convolution by several jobs: a table of sums for each block of tiles. */
#include <string.h>

#include "host/cpu/conv_cpu.h"

enum {
    WEIGHT_JOBS = 32,       /* jobs of the weights' gradient that there should be */
    TABLES_BYTES = 32 << 20 /* for the sums of its blocks */
};

/* Elements of a table, and its bytes in memory. */
static int64_t elements(const cg_conv_tables *t) { return t->s->r->k * t->s->rows; }
static size_t pitch(const cg_conv_tables *t) {
    return ((size_t)(elements(t) * t->s->size) + 63) & ~(size_t)63;
}

cg_conv_tables cg_conv_tables_plan(const cg_conv_sizes *s, int64_t tiles, int64_t jobs) {
    cg_conv_tables t = {.s = s};
    const int64_t wanted = (WEIGHT_JOBS + jobs - 1) / jobs, most = TABLES_BYTES / (elements(&t) * s->size);
    int64_t n = wanted < tiles ? wanted : tiles;
    if (n > most) n = most;
    if (n < 1) n = 1;
    t.each = (tiles + n - 1) / n;
    t.n = (tiles + t.each - 1) / t.each;
    return t;
}

size_t cg_conv_tables_bytes(const cg_conv_tables *t) { return t->n > 1 ? (size_t)t->n * pitch(t) : 0; }

unsigned char *cg_conv_table(const cg_conv_tables *t, int64_t number) {
    if (t->n == 1) return cg_cpu_data(&t->s->r->w);
    return t->memory + (size_t)number * pitch(t);
}

/* The elements [begin, end) of all tables. */
static void sum_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const cg_conv_tables *t = ctx;
    unsigned char *to = (unsigned char *)cg_cpu_data(&t->s->r->w) + begin * t->s->size;
    (void)thread;
    memcpy(to, cg_conv_table(t, 0) + begin * t->s->size, (size_t)((end - begin) * t->s->size));
    for (int64_t i = 1; i < t->n; i++)
        cg_conv_add(t->s, to, cg_conv_table(t, i) + begin * t->s->size, end - begin);
}

void cg_conv_tables_sum(const cg_conv_tables *t) {
    cg_conv_tables tables = *t;
    if (t->n > 1) cg_parallel_for(elements(t), CG_THREAD_UNITS / t->n / 4 + 1, sum_body, &tables);
}
