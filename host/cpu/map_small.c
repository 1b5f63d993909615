/* Maps so small that making a plan takes longer than running it. */
#include "host/cpu/cpu.h"

enum {
    MOST_ELEMENTS = 256,
    SCRATCH = 16 << 10, /* bytes for values that lie in no operand */
    LINE = 64
};

/* One pass over one axis; values lie where they are read or written, or in the scratch memory. */
typedef struct small_map {
    const cg_map_request *r;
    const cg_convert_isa *convert;
    cg_dtype type;
    int64_t n;
    size_t line; /* bytes of a value in the scratch memory */
    unsigned char *next;
    void *value[CG_MAX_VALUES];
} small_map;

/* An operand over one axis that holds values of T in a row. */
static bool is_direct(const cg_operand *o, cg_dtype type) { return o->dtype == type && o->stride[0] == 1; }

/* Rows are written while inputs are still to be read: no result may lie in the memory of another operand. */
static bool is_apart(const cg_map_request *r, int output) {
    const cg_buffer *buffer = r->out[output].buffer;
    for (int i = 0; i < r->program->n_inputs; i++)
        if (r->in[i].buffer == buffer) return false;
    for (int j = 0; j < output; j++)
        if (r->out[j].buffer == buffer) return false;
    return true;
}

static bool is_small(const cg_map_request *r) {
    const cg_program *p = r->program;
    if (r->rank != 1 || r->shape[0] > MOST_ELEMENTS) return false;
    const size_t line = ((size_t)r->shape[0] * sizeof(double) + LINE - 1) / LINE * LINE;
    if (line * (size_t)cg_program_values(p) > SCRATCH) return false;
    for (int j = 0; j < p->n_outputs; j++)
        if (!is_apart(r, j)) return false;
    return true;
}

static void *take_line(small_map *m) {
    void *line = m->next;
    m->next += m->line;
    return line;
}

static void place_inputs(small_map *m) {
    const cg_map_request *r = m->r;
    for (int i = 0; i < r->program->n_inputs; i++) {
        const cg_operand *in = &r->in[i];
        m->value[i] = cg_cpu_data(in);
        if (is_direct(in, m->type)) continue;
        const void *from = m->value[i];
        m->value[i] = take_line(m);
        m->convert->load[in->dtype](from, (ptrdiff_t)in->stride[0], m->value[i], (ptrdiff_t)m->n);
    }
}

static void place_constants(small_map *m) {
    const cg_program *p = m->r->program;
    for (int c = 0; c < p->n_consts; c++) {
        int64_t bits;
        cg_cpu_scalar(m->type, m->r->consts[c], &bits);
        void *line = m->value[cg_program_const(p, c)] = take_line(m);
        m->convert->load[m->type](&bits, 0, line, (ptrdiff_t)m->n);
    }
}

/* Where the value of an instruction is written: in the first direct result that it is, else in the scratch memory. */
static void *result_place(small_map *m, int value) {
    const cg_map_request *r = m->r;
    for (int j = 0; j < r->program->n_outputs; j++)
        if (r->program->output[j] == value && is_direct(&r->out[j], m->type)) return cg_cpu_data(&r->out[j]);
    return take_line(m);
}

static void place_results(small_map *m) {
    const cg_program *p = m->r->program;
    for (int k = 0; k < p->n_instrs; k++) {
        const int value = cg_program_instr(p, k);
        m->value[value] = result_place(m, value);
    }
}

static void run_rows(const small_map *m, const cg_rows_isa *rows) {
    const cg_program *p = m->r->program;
    void *const *value = m->value;
    for (int k = 0; k < p->n_instrs; k++) {
        const cg_instr *instr = &p->instr[k];
        rows->loop[instr->row](value[instr->src[0]], value[instr->src[1]], value[instr->src[2]],
                               value[cg_program_instr(p, k)], (ptrdiff_t)m->n);
    }
}

static void store_results(const small_map *m) {
    const cg_program *p = m->r->program;
    for (int j = 0; j < p->n_outputs; j++) {
        const cg_operand *out = &m->r->out[j];
        void *to = cg_cpu_data(out);
        const void *from = m->value[p->output[j]];
        if (to != from) m->convert->store[out->dtype](from, to, (ptrdiff_t)out->stride[0], (ptrdiff_t)m->n);
    }
}

bool cg_cpu_map_small(const cg_isa *isa, const cg_map_request *r) {
    if (!is_small(r)) return false;
    const cg_dtype type = (cg_dtype)r->program->type;
    _Alignas(LINE) unsigned char scratch[SCRATCH];
    small_map m; /* not cleared: value[] is large, and of it only what the program has is read */
    m.r = r;
    m.convert = isa->convert[type];
    m.type = type;
    m.n = r->shape[0];
    m.next = scratch;
    m.line = ((size_t)m.n * cg_dtype_size(type) + LINE - 1) / LINE * LINE;
    place_inputs(&m);
    place_constants(&m);
    place_results(&m);
    run_rows(&m, isa->rows[type]);
    store_results(&m);
    return true;
}
