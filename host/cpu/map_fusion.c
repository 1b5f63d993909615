/* Finding fused loops in a program: from its last row back, the longest formula that ends in each row. */
#include "host/cpu/map_fusion.h"

#include "core/rows.h"

#include <string.h>

/* --- The formulas, as data -------------------------------------------------------------------------------------- */

enum { FREE = 255 }; /* a place that no value has been found for */

typedef struct formula_row {
    uint8_t row;
    uint8_t operand[CG_MAX_ARITY]; /* places */
    bool saved;
} formula_row;

typedef struct formula {
    int n; /* rows before the last one */
    formula_row row[CG_FUSED_BEFORE + 1];
} formula;

/* The names of places. */
enum { x0, x1, x2, x3, x4, x5 };
enum { c0 = CG_FUSED_FIRST_SCALAR, c1, c2, c3, c4, c5 };
enum { t0 = CG_FUSED_FIRST_STEP, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, t12, t13 };

#define CG_OPERANDS(a, b, c, ...)                                                                            \
    { a, b, c }
#define CG_FORMULA_ROW(row, is_saved, ...)                                                                   \
    { CG_ROW_##row, CG_OPERANDS(__VA_ARGS__, 0, 0, 0), is_saved }
#define CG_TEMP(n, row, ...) CG_FORMULA_ROW(row, false, __VA_ARGS__),
#define CG_SAVE(n, row, ...) CG_FORMULA_ROW(row, true, __VA_ARGS__),

#define CG_FUSED(name, before, row, ...)                                                                     \
    {sizeof((formula_row[]){before CG_FORMULA_ROW(row, true, __VA_ARGS__)}) / sizeof(formula_row) - 1,       \
     {before CG_FORMULA_ROW(row, true, __VA_ARGS__)}},
static const formula formulas[CG_FUSED_COUNT] = {
#include "host/cpu/isa/fused_rows.def"
};
#undef CG_FUSED

/* The last rows, by themselves: most rows of most programs end no formula. */
#define CG_FUSED(name, before, row, ...) CG_ROW_##row,
static const uint8_t last_row[CG_FUSED_COUNT] = {
#include "host/cpu/isa/fused_rows.def"
};
#undef CG_FUSED

/* --- Matching --------------------------------------------------------------------------------------------------- */

typedef struct match {
    const cg_program *p;
    const formula *f;
    const cg_fusion *taken;
    uint32_t fixed;
    cg_fused found;
} match;

static bool match_row(match *m, int r, int k);

static bool is_fixed(const match *m, int value) {
    const cg_program *p = m->p;
    return value < p->n_inputs ? m->fixed >> value & 1 : value < cg_program_instr(p, 0);
}

/* Whether a value can stand at a place: the one that does already, or what the place asks for. */
static bool match_operand(match *m, int place, int value) {
    uint8_t *at = &m->found.value[place];
    if (*at != FREE) return *at == value;
    *at = (uint8_t)value;
    if (place < CG_FUSED_FIRST_SCALAR) return true;
    if (place < CG_FUSED_FIRST_STEP) return is_fixed(m, value);
    const int k = value - cg_program_instr(m->p, 0);
    return k >= 0 && m->taken->at[k] == k && match_row(m, place - CG_FUSED_FIRST_STEP, k);
}

/* Whether instruction k is row r of the formula. */
static bool match_row(match *m, int r, int k) {
    const formula_row *row = &m->f->row[r];
    const cg_instr *instr = &m->p->instr[k];
    const int arity = cg_rows[row->row].arity;
    const bool trades = row->row == CG_ROW_add || row->row == CG_ROW_mul;
    if (instr->row != row->row) return false;
    const cg_fused before = m->found;
    bool same = true;
    for (int s = 0; s < arity && same; s++) same = match_operand(m, row->operand[s], instr->src[s]);
    if (same || !trades) return same;
    m->found = before;
    return match_operand(m, row->operand[0], instr->src[1]) &&
           match_operand(m, row->operand[1], instr->src[0]);
}

static bool is_output(const cg_program *p, int value) {
    return memchr(p->output, value, p->n_outputs) != NULL;
}

static bool is_in(const match *m, int value) {
    return memchr(m->found.value + CG_FUSED_FIRST_STEP, value, (size_t)m->f->n) != NULL;
}

/* Whether the loop reads from memory only what is there before it runs. */
static bool reads_what_is_there(const match *m) {
    for (int i = 0; i < CG_FUSED_FIRST_STEP; i++)
        if (m->found.value[i] != FREE && is_in(m, m->found.value[i])) return false;
    return true;
}

/*
 * Whether what is read outside the loop, whose last row is instruction k, is saved, and read only after it. An
 * instruction that runs with a later loop reads when that does.
 */
static bool may_run_at(const match *m, int k) {
    const cg_program *p = m->p;
    for (int r = 0; r < m->f->n; r++) {
        const int value = m->found.value[CG_FUSED_FIRST_STEP + r];
        const bool saved = m->f->row[r].saved;
        if (is_output(p, value) && !saved) return false;
        for (int j = value - cg_program_instr(p, 0) + 1; j < p->n_instrs; j++) {
            const cg_instr *instr = &p->instr[j];
            if (j == k || is_in(m, cg_program_instr(p, j))) continue;
            for (int s = 0; s < cg_rows[instr->row].arity; s++)
                if (instr->src[s] == value && (!saved || m->taken->at[j] < k)) return false;
        }
    }
    return true;
}

/* The formula `id` with instruction k as its last row. */
static bool match_formula(match *m, int id, int k) {
    m->f = &formulas[id];
    m->found.id = (uint8_t)id;
    memset(m->found.value, FREE, sizeof m->found.value);
    return match_row(m, m->f->n, k) && reads_what_is_there(m) && may_run_at(m, k);
}

static void take(cg_fusion *fusion, match *m, int k) {
    const int first = cg_program_instr(m->p, 0);
    for (int r = 0; r < m->f->n; r++)
        fusion->at[m->found.value[CG_FUSED_FIRST_STEP + r] - first] = (uint8_t)k;
    m->found.value[CG_FUSED_RESULT] = (uint8_t)(first + k);
    for (int i = 0; i < CG_FUSED_PLACES; i++)
        if (m->found.value[i] == FREE) m->found.value[i] = m->found.value[0];
    fusion->fused[k] = (int8_t)fusion->n;
    fusion->loop[fusion->n++] = m->found;
}

void cg_fusion_find(cg_fusion *fusion, const cg_program *p, uint32_t fixed) {
    match m = {.p = p, .taken = fusion, .fixed = fixed};
    fusion->n = 0;
    for (int k = 0; k < p->n_instrs; k++) fusion->at[k] = (uint8_t)k, fusion->fused[k] = -1;
    if (!cg_dtype_is_float((cg_dtype)p->type)) return;
    for (int k = p->n_instrs - 1; k > 0; k--) {
        const uint8_t *at = last_row, *end = last_row + CG_FUSED_COUNT;
        if (fusion->at[k] != k) continue;
        while ((at = memchr(at, p->instr[k].row, (size_t)(end - at))) &&
               !match_formula(&m, (int)(at - last_row), k))
            at++;
        if (at) take(fusion, &m, k);
    }
}

bool cg_fused_makes(const cg_fused *f, int place) {
    const int r = place - CG_FUSED_FIRST_STEP;
    return place == CG_FUSED_RESULT || (r >= 0 && r < formulas[f->id].n && formulas[f->id].row[r].saved);
}
