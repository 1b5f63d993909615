/* Every formula of host/cpu/isa/fused_rows.def in one pass against its rows one by one: the same bits. */
#include <math.h>
#include <string.h>

#include "core/rows.h"
#include "host/cpu/map_plan.h"
#include "support/device_test.h"
#include "support/requests.h"

/* --- A formula as a program ------------------------------------------------------------------------------------ */

enum { x0, x1, x2, x3, x4, x5 };
enum { c0 = CG_FUSED_FIRST_SCALAR, c1, c2, c3, c4, c5 };
enum { t0 = CG_FUSED_FIRST_STEP, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, t12, t13 };

/* Scalars are constants, or inputs that are one element; vectors[v] and scalars come in the order of their places. */
typedef struct formula {
    cg_program p;
    int value[CG_FUSED_PLACES]; /* by place */
} formula;

static void push(formula *f, int place, int row, bool saved, int a, int b, int c) {
    f->value[place] = cg_program_push(&f->p, row, f->value[a], f->value[b], f->value[c]);
    for (int s = cg_rows[row].arity; s < CG_MAX_ARITY; s++) f->p.instr[f->p.n_instrs - 1].src[s] = 0;
    if (saved) f->p.output[f->p.n_outputs++] = (uint8_t)f->value[place];
}

#define PUSH_THREE(place, row, saved, a, b, c, ...) push(f, place, CG_ROW_##row, saved, a, b, c);
#define PUSH(place, row, saved, ...) PUSH_THREE(place, row, saved, __VA_ARGS__, x0, x0, x0)
#define CG_TEMP(n, row, ...) PUSH(CG_FUSED_FIRST_STEP + n, row, false, __VA_ARGS__)
#define CG_SAVE(n, row, ...) PUSH(CG_FUSED_FIRST_STEP + n, row, true, __VA_ARGS__)
#define CG_FUSED(name, before, row, ...)                                                                     \
    case CG_FUSED_##name: {                                                                                  \
        before PUSH(CG_FUSED_RESULT, row, true, __VA_ARGS__) break;                                          \
    }

static void make_formula(formula *f, int id, cg_dtype type, bool scalar_inputs) {
    *f = (formula){.p = {.type = (uint8_t)type}};
    f->p.n_inputs = CG_FUSED_VECTORS + (scalar_inputs ? CG_FUSED_SCALARS : 0);
    f->p.n_consts = scalar_inputs ? 0 : CG_FUSED_SCALARS;
    for (int place = 0; place < CG_FUSED_FIRST_STEP; place++) f->value[place] = place;
    switch (id) {
#include "host/cpu/isa/fused_rows.def"
    }
}
#undef CG_FUSED

#define CG_FUSED(name, before, row, ...) #name,
static const char *const names[CG_FUSED_COUNT] = {
#include "host/cpu/isa/fused_rows.def"
};
#undef CG_FUSED

/* --- Row by row ------------------------------------------------------------------------------------------------- */

static void *row_alone(cg_device *dev, cg_dtype type, int row, int64_t n, void *const operand[]) {
    cg_program p = {.type = (uint8_t)type, .n_inputs = (uint8_t)cg_rows[row].arity, .n_outputs = 1};
    p.output[0] =
        (uint8_t)cg_program_push(&p, row, 0, cg_rows[row].arity > 1, cg_rows[row].arity > 2 ? 2 : 0);
    cg_map_request r = {.program = &p, .rank = 1, .shape = {n}};
    for (int i = 0; i < p.n_inputs; i++) {
        r.in[i] = put(dev, type, n, operand[i]);
        r.in[i].stride[0] = 1;
    }
    r.out[0] = put(dev, type, n, NULL);
    r.out[0].stride[0] = 1;
    CHECK(cg_hw_map(dev->hw, &r) == CG_OK);
    for (int i = 0; i < p.n_inputs; i++) drop(dev, r.in[i]);
    return take(dev, r.out[0], n);
}

/* --- One case --------------------------------------------------------------------------------------------------- */

typedef struct layout {
    int64_t rows, columns;
    bool in_place;            /* output j is vector j */
    int row, column;          /* vectors that are one row or one column, -1 for none */
    bool scalar_inputs, kept; /* kept: the first row's result is an output, too */
} layout;

typedef struct fused_case {
    cg_device *dev;
    cg_dtype type;
    const layout *l;
    int64_t n;
    formula f;
    void *dense[CG_MAX_VALUES]; /* every value as n elements */
    cg_map_request r;
    uint64_t seed;
} fused_case;

/* A vector's elements, of which there are fewer where it is broadcast, and the operand of the request. */
static void make_vector(fused_case *c, int i) {
    const layout *l = c->l;
    const int64_t s0 = i == l->row ? 0 : i == l->column ? 1 : l->columns, s1 = i == l->column ? 0 : 1;
    const int64_t n = i == l->row ? l->columns : i == l->column ? l->rows : c->n;
    const size_t size = cg_dtype_size(c->type);
    unsigned char *data = random_values(c->type, n, -2, 3, &c->seed),
                  *dense = scratch((size_t)c->n * size + 1);
    value_set(c->type, data, n / 2, i % 2 ? (long double)INFINITY : -0.0L);
    for (int64_t a = 0; a < l->rows; a++)
        for (int64_t b = 0; b < l->columns; b++)
            memcpy(dense + (size_t)(a * l->columns + b) * size, data + (size_t)(a * s0 + b * s1) * size,
                   size);
    c->dense[i] = dense;
    c->r.in[i] = put(c->dev, c->type, n, data);
    c->r.in[i].stride[0] = s0;
    c->r.in[i].stride[1] = s1;
}

static void make_scalar(fused_case *c, int i) {
    long double value = 0.125L * (3 * i - 17);
    c->dense[i] = scratch((size_t)c->n * cg_dtype_size(c->type) + 1);
    for (int64_t k = 0; k < c->n; k++) value_set(c->type, c->dense[i], k, value);
    if (c->l->scalar_inputs)
        c->r.in[i] = put(c->dev, c->type, 1, c->dense[i]);
    else
        c->r.consts[i - CG_FUSED_FIRST_SCALAR].f = (double)value;
}

static void run_rows(fused_case *c) {
    const cg_program *p = &c->f.p;
    for (int k = 0; k < p->n_instrs; k++) {
        void *operand[CG_MAX_ARITY];
        for (int s = 0; s < CG_MAX_ARITY; s++) operand[s] = c->dense[p->instr[k].src[s]];
        c->dense[cg_program_instr(p, k)] = row_alone(c->dev, c->type, p->instr[k].row, c->n, operand);
    }
}

/* NaN equals NaN, whose sign and payload are not promised. */
static void check_values(fused_case *c, const void *got, const void *want) {
    const size_t size = cg_dtype_size(c->type);
    for (int64_t i = 0; i < c->n; i++) {
        const long double g = value_get(c->type, got, i), w = value_get(c->type, want, i);
        if (isnan(g) && isnan(w)) continue;
        if (!check_bits((const char *)got + (size_t)i * size, (const char *)want + (size_t)i * size, 1, size))
            return;
    }
}

static void run_fused(fused_case *c) {
    const cg_program *p = &c->f.p;
    for (int j = 0; j < p->n_outputs; j++) {
        c->r.out[j] = c->l->in_place ? c->r.in[j] : put(c->dev, c->type, c->n, NULL);
        c->r.out[j].stride[0] = c->l->columns;
        c->r.out[j].stride[1] = 1;
    }
    CHECK(cg_hw_map(c->dev->hw, &c->r) == CG_OK);
    for (int j = 0; j < p->n_outputs; j++)
        check_values(c, take(c->dev, c->r.out[j], c->n), c->dense[p->output[j]]);
    for (int i = 0; i < p->n_inputs; i++)
        if (!c->l->in_place || i >= p->n_outputs) drop(c->dev, c->r.in[i]);
}

static void check_layout(cg_device *dev, int id, cg_dtype type, const layout *l) {
    check_case("%s %s, %lld x %lld%s, row %d, column %d%s%s", names[id], cg_dtype_name(type),
               (long long)l->rows, (long long)l->columns, l->in_place ? " in place" : "", l->row, l->column,
               l->scalar_inputs ? ", scalars are inputs" : "", l->kept ? ", the first row is kept" : "");
    fused_case c = {.dev = dev, .type = type, .l = l, .n = l->rows * l->columns, .seed = (uint64_t)id + 5};
    make_formula(&c.f, id, type, l->scalar_inputs);
    if (l->kept) c.f.p.output[c.f.p.n_outputs++] = (uint8_t)c.f.value[t0];
    c.r = (cg_map_request){.program = &c.f.p, .rank = 2, .shape = {l->rows, l->columns}};
    for (int i = 0; i < CG_FUSED_VECTORS; i++) make_vector(&c, i);
    for (int i = CG_FUSED_FIRST_SCALAR; i < CG_FUSED_FIRST_STEP; i++) make_scalar(&c, i);
    run_rows(&c);
    run_fused(&c);
    scratch_free_all();
}

static const layout layouts[] = {
    {1, 1, .row = -1, .column = -1},
    {1, 37, .row = -1, .column = -1, .in_place = true},
    {1, 15013, .row = -1, .column = -1},
    {1, 15013, .row = -1, .column = -1, .in_place = true},
    {3, 1371, .row = 1, .column = 2},
    {70, 67, .row = 2, .column = 0},
    {5, 129, .row = 0, .column = 1, .scalar_inputs = true},
    {1, 301, .row = -1, .column = -1, .scalar_inputs = true, .in_place = true},
    {2, 999, .row = -1, .column = -1, .kept = true},
    {2, 999, .row = -1, .column = -1, .kept = true, .in_place = true},
};

CPU_TEST(fused_rows, the_bits_of_row_by_row) {
    for (int id = 0; id < CG_FUSED_COUNT; id++)
        for (size_t k = 0; k < sizeof layouts / sizeof *layouts; k++)
            for (int t = CG_F32; t <= CG_F64; t++) check_layout(dev, id, (cg_dtype)t, &layouts[k]);
}

/* --- What is found ---------------------------------------------------------------------------------------------- */

HOST_TEST(fused_rows, every_formula_is_found) {
    for (int id = 0; id < CG_FUSED_COUNT; id++)
        for (int inputs = 0; inputs < 2; inputs++) {
            check_case("%s", names[id]);
            formula f;
            cg_fusion fusion;
            make_formula(&f, id, CG_F32, inputs);
            cg_fusion_find(&fusion, &f.p, inputs ? ~0u << CG_FUSED_VECTORS : 0);
            CHECK_MSG(fusion.n == 1 && fusion.loop[0].id == id, "%d loops, the first is %s", fusion.n,
                      fusion.n ? names[fusion.loop[0].id] : "-");
            for (int k = 0; k < f.p.n_instrs; k++) CHECK(fusion.at[k] == f.p.n_instrs - 1);
        }
}

static int loops_of(const cg_program *p) {
    cg_fusion fusion;
    cg_fusion_find(&fusion, p, 0);
    return fusion.n;
}

/* (x0 x1) + x2 with the product asked for by others, too. */
HOST_TEST(fused_rows, only_what_nobody_else_reads) {
    cg_program p = {.type = CG_F32, .n_inputs = 3, .n_outputs = 1};
    const int product = cg_program_push(&p, CG_ROW_mul, 0, 1, 0),
              sum = cg_program_push(&p, CG_ROW_add, 2, product, 0);
    p.output[0] = (uint8_t)sum;
    CHECK(loops_of(&p) == 1);
    p.output[p.n_outputs++] = (uint8_t)product;
    CHECK(loops_of(&p) == 0);
    p.n_outputs = 1;
    p.output[0] = (uint8_t)cg_program_push(&p, CG_ROW_exp, product, 0, 0);
    CHECK(loops_of(&p) == 0);
    p.type = CG_I32;
    p.n_instrs = 2;
    p.output[0] = (uint8_t)sum;
    CHECK(loops_of(&p) == 0);
}

/* The product is read inside the loop and as a vector, too. */
HOST_TEST(fused_rows, not_what_it_makes_itself) {
    cg_program p = {.type = CG_F32, .n_inputs = 2, .n_outputs = 1};
    const int product = cg_program_push(&p, CG_ROW_mul, 0, 1, 0);
    p.output[0] = (uint8_t)cg_program_push(&p, CG_ROW_sub, product, product, 0);
    CHECK(loops_of(&p) == 0);
}

/* The new m of Adam, read by a row that stands before Adam's last one: it cannot wait for the loop. */
HOST_TEST(fused_rows, a_result_that_is_read_too_soon) {
    formula f;
    make_formula(&f, CG_FUSED_adam, CG_F32, false);
    const int last = f.p.n_instrs - 1;
    f.p.instr[last + 1] = f.p.instr[last];
    f.p.instr[last] = (cg_instr){CG_ROW_exp, {(uint8_t)f.value[t3], 0, 0}};
    f.p.n_instrs++;
    f.p.output[f.p.n_outputs++] = (uint8_t)(f.value[CG_FUSED_RESULT] + 1);
    cg_fusion fusion;
    cg_fusion_find(&fusion, &f.p, 0);
    for (int k = 0; k < fusion.n; k++) CHECK(fusion.loop[k].id != CG_FUSED_adam);
}

/* --- Plans --------------------------------------------------------------------------------------------------------- */

/* What a loop keeps in registers lies nowhere, whatever was in the memory of the plan. */
CPU_TEST(fused_rows, values_in_registers_have_no_slot) {
    static cg_plan plan;
    const cg_isa *isa = cg_cpu_of(dev->hw)->isa;
    for (int id = 0; id < CG_FUSED_COUNT; id++)
        for (int garbage = 0; garbage < 2; garbage++) {
            check_case("%s", names[id]);
            formula f;
            make_formula(&f, id, CG_F32, false);
            cg_map_request r = {.program = &f.p, .rank = 1, .shape = {100}};
            for (int i = 0; i < CG_FUSED_VECTORS; i++) {
                r.in[i] = put(dev, CG_F32, 100, NULL);
                r.in[i].stride[0] = 1;
            }
            for (int j = 0; j < f.p.n_outputs; j++) r.out[j] = r.in[j];
            memset(&plan, garbage ? 3 : 0, sizeof plan);
            cg_plan_make(&plan, isa, &r, &(cg_plan_options){0});
            for (int place = CG_FUSED_FIRST_STEP; place < CG_FUSED_RESULT; place++) {
                bool stored = false;
                for (int j = 0; j < f.p.n_outputs; j++) stored = stored || f.p.output[j] == f.value[place];
                if (f.value[place] && !stored) CHECK(plan.slot[f.value[place]] == CG_NO_SLOT);
            }
            for (int i = 0; i < CG_FUSED_VECTORS; i++) drop(dev, r.in[i]);
        }
}

/* The scalars of loops are one element over the tiles that the plan ends with, whatever larger ones it has tried. */
CPU_TEST(fused_rows, scalars_are_one_element_over_a_tile) {
    static cg_plan plan;
    const cg_isa *isa = cg_cpu_of(dev->hw)->isa;
    const cg_operand memory = put(dev, CG_F64, 1, NULL);
    uint64_t seed = 11;
    int scalars = 0;
    for (int turn = 0; turn < 4000; turn++) {
        formula f;
        make_formula(&f, (int)random_below(&seed, CG_FUSED_COUNT), turn % 2 ? CG_F64 : CG_F32, true);
        cg_map_request r = {.program = &f.p, .rank = 3};
        for (int a = 0; a < 3; a++)
            r.shape[a] = 1 + (int64_t)random_below(&seed, a == 2 ? 5000 : 5) / (a == 2 ? 1 + turn % 5 : 1);
        const int64_t row = r.shape[2], pad[] = {0, 0, 64};
        for (int i = 0; i < f.p.n_inputs + f.p.n_outputs; i++) {
            cg_operand *o = i < f.p.n_inputs ? &r.in[i] : &r.out[i - f.p.n_inputs];
            const bool scalar = i >= CG_FUSED_FIRST_SCALAR && i < f.p.n_inputs;
            const int64_t step = scalar ? 1 : row + pad[random_below(&seed, 3)];
            *o = memory;
            o->dtype = random_below(&seed, 8) ? (cg_dtype)f.p.type : CG_I32;
            o->stride[2] = scalar ? 0 : 1;
            o->stride[1] = step;
            if (i < f.p.n_inputs && random_below(&seed, 3) == 0) o->stride[1] = 0;
            o->stride[0] = r.shape[1] * step + pad[random_below(&seed, 3)];
            if (i < f.p.n_inputs && random_below(&seed, 3) == 0) o->stride[0] = 0;
        }
        cg_plan_make(&plan, isa, &r, &(cg_plan_options){.block = turn % 3 ? 0 : 512});
        for (int i = 0; i < f.p.n_inputs; i++) {
            if (!(plan.scalar >> i & 1)) continue;
            scalars++;
            CHECK_MSG(plan.in[i].rank == 1 && plan.in[i].stride[0] == 0, "turn %d, input %d", turn, i);
        }
    }
    CHECK(scalars > 100);
    drop(dev, memory);
}
