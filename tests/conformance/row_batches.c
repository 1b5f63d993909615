/*
 * Every row on an OpenCL device: against its reference and the CPU backend's bits. Building a kernel takes longer than
 * all the rest, so several rows are the outputs of one program, and all values to try are in one tensor.
 */
#include "support/device_test.h"
#include "support/row_check.h"
#include "tensor/context.h"

#include <math.h>
#include <string.h>

typedef struct batch_row {
    int row;
    int64_t n;
    void *data[3]; /* the operands; a PARAM row has one */
    cg_tensor *in[3], *out;
} batch_row;

typedef struct batch {
    cg_device *dev;
    cg_dtype type;
    int n, n_inputs;
    batch_row row[CG_MAX_OUTPUTS];
} batch;

/* --- what to try ---------------------------------------------------------------------------------------------- */

static const int64_t limits_i32[] = {INT32_MIN, INT32_MIN + 1, -1, 0, 1, 46341, INT32_MAX - 1, INT32_MAX};
static const int64_t limits_i64[] = {INT64_MIN,  INT64_MIN + 1, -1,       0, 1,
                                     3037000500, INT64_MAX - 1, INT64_MAX};

static bool is_real(cg_dtype t) { return t == CG_F32 || t == CG_F64; }

static int extremes(cg_dtype t) { return is_real(t) ? special_count() : 8; }

static long double extreme(cg_dtype t, int64_t i) {
    if (is_real(t)) return special_value(t, (int)i);
    return (long double)(t == CG_I32 ? limits_i32 : limits_i64)[i];
}

/* Each extreme with each, the third operand scattered; random values of the domain; the probe. */
static void *make_operand(const batch *b, int row, int k, int64_t n, uint64_t *seed) {
    int64_t m = extremes(b->type), pairs = device_is_slow(b->dev) ? m : m * m;
    void *data = random_values(b->type, n, cg_rows[row].lo, cg_rows[row].hi, seed);
    for (int64_t i = 0; i < pairs; i++) {
        int64_t choice = k == 0 ? i % m : k == 1 ? (i / m + 5 * i) % m : (7 * i + 13 * (i / m)) % m;
        value_set(b->type, data, i, extreme(b->type, choice));
    }
    if (is_real(b->type)) value_set(b->type, data, n - 1, cg_rows[row].probe[k]);
    return data;
}

static void add_row(batch *b, int row) {
    batch_row *r = &b->row[b->n++];
    int64_t m = extremes(b->type);
    *r = (batch_row){.row = row, .n = device_is_slow(b->dev) ? m + 18 : m * m + 1032};
    uint64_t seed = (uint64_t)row + 1;
    for (int k = 0; k < catalog_row_at(row)->tensors; k++) {
        r->data[k] = make_operand(b, row, k, r->n, &seed);
        r->in[k] = cg_from_host(b->dev, b->type, cg_shape(r->n), r->data[k]);
    }
    cg_dims shape = cg_shape(r->n);
    r->out = cg_tensor_make(b->dev, "test", catalog_row_result(row, b->type), &shape);
    b->n_inputs += catalog_row_at(row)->tensors;
}

/* --- one program for all rows of a batch --------------------------------------------------------------------- */

static bool run_batch(const batch *b, double parameter) {
    cg_program p = {.type = (uint8_t)b->type, .n_inputs = (uint8_t)b->n_inputs};
    cg_map_request map = {.program = &p, .rank = 1, .shape = {b->row[0].n}};
    for (int i = 0, input = 0; i < b->n; i++)
        for (int k = 0; k < catalog_row_at(b->row[i].row)->tensors; k++)
            map.in[input++] = cg_tensor_operand(b->row[i].in[k]);
    map.consts[0].f = parameter;
    p.n_consts = 1;
    for (int i = 0, input = 0; i < b->n; i++) {
        const batch_row *r = &b->row[i];
        int tensors = catalog_row_at(r->row)->tensors, src[3] = {0};
        for (int k = 0; k < tensors; k++) src[k] = input++;
        if (cg_rows[r->row].signature == CG_SIG_PARAM) src[1] = cg_program_const(&p, 0);
        p.output[p.n_outputs++] = (uint8_t)cg_program_push(&p, r->row, src[0], src[1], src[2]);
        map.out[i] = cg_tensor_operand(r->out);
    }
    return CHECK_MSG(cg_hw_map(b->dev->hw, &map) == CG_OK, "%s", cg_error_message(b->dev));
}

/* --- what came of it -------------------------------------------------------------------------------------------- */

static bool same_value(long double a, long double b) {
    return isnan(a) ? isnan(b) : a == b && !signbit(a) == !signbit(b);
}

/*
 * Rows that round once must agree with the CPU backend to the bit (the sign of a NaN apart); for the others the texts
 * are the same, but a driver may contract: they stay within twice the bound, and it is said how many differ.
 */
static void compare_bits(const cg_tensor *a, const cg_tensor *b, int row, cg_dtype t) {
    const ref_row *ref = ref_row_find(cg_rows[row].name);
    double bound = !is_real(t) ? 0 : t == CG_F64 ? ref->ulp_f64 : ref->ulp_f32;
    const long double *va = read_values(a), *vb = read_values(b);
    int64_t different = 0;
    for (int64_t i = 0; va && vb && i < cg_numel(a); i++) {
        if (same_value(va[i], vb[i])) continue;
        different++;
        if (isfinite(bound))
            CHECK_MSG(bound > 0.6 && ulp_error(t, va[i], vb[i]) <= 2 * bound,
                      "element %lld: %.17Lg and %.17Lg", (long long)i, va[i], vb[i]);
    }
    if (different)
        cr_log_info("%s %s: %lld of %lld elements differ", cg_rows[row].name, cg_dtype_name(t),
                    (long long)different, (long long)cg_numel(a));
}

static void check_batch_row(const batch *b, const batch_row *r, cg_device *cpu, double parameter) {
    check_case("%s %s, parameter %g", cg_rows[r->row].name, cg_dtype_name(b->type), parameter);
    bool has_parameter = cg_rows[r->row].signature == CG_SIG_PARAM;
    const long double *values[3] = {NULL, NULL, NULL};
    cg_arg arg[3] = {0};
    for (int k = 0; k < catalog_row_at(r->row)->tensors; k++) {
        values[k] = to_values(b->type, r->data[k], r->n);
        arg[k] = cg_arg_tensor(cg_from_host(cpu, b->type, cg_shape(r->n), r->data[k]));
    }
    if (has_parameter) {
        long double *y = scratch((size_t)r->n * sizeof *y);
        for (int64_t i = 0; i < r->n; i++) y[i] = b->type == CG_F32 ? (float)parameter : parameter;
        values[1] = y;
        arg[1] = cg_arg_real(parameter);
    }
    check_row(r->out, r->row, b->type, cg_shape(r->n),
              (catalog_row_operands){values[0], values[1], values[2]});
    compare_bits(r->out, catalog_row_apply(r->row, arg[0], arg[1], arg[2]), r->row, b->type);
    const double *probe = cg_rows[r->row].probe;
    if (!is_real(b->type) || (has_parameter && parameter != probe[1])) return;
    const long double *got = read_values(r->out);
    CHECK_MSG(got &&
                  fabsl(got[r->n - 1] - probe[3]) <= 8 * unit_roundoff(b->type) * fmaxl(1, fabsl(probe[3])),
              "the probe gives %.17Lg", got ? got[r->n - 1] : 0);
}

/* Runs and checks what has been gathered: once, or for each parameter and those of the probes. */
static void finish_batch(batch *b, cg_device *cpu, bool has_parameter) {
    enum { PARAMETERS = 4 };
    int runs = b->n == 0 ? 0 : has_parameter ? PARAMETERS + b->n : 1;
    for (int i = 0; i < runs; i++) {
        double parameter =
            i < PARAMETERS ? catalog_row_parameter(i) : cg_rows[b->row[i - PARAMETERS].row].probe[1];
        cg_scope *there = cg_scope_begin(cpu);
        if (run_batch(b, parameter))
            for (int k = 0; k < b->n; k++) check_batch_row(b, &b->row[k], cpu, parameter);
        cg_scope_end(there);
    }
    b->n = b->n_inputs = 0;
}

static void run_type(cg_device *dev, cg_device *cpu, cg_dtype type, bool has_parameter) {
    batch b = {.dev = dev, .type = type};
    cg_scope *scope = cg_scope_begin(dev);
    for (int row = 0; row < CG_ROW_COUNT; row++) {
        if ((cg_rows[row].signature == CG_SIG_PARAM) != has_parameter) continue;
        if (!cg_row_has_type(&cg_rows[row], type)) continue;
        if (b.n == CG_MAX_OUTPUTS || b.n_inputs + catalog_row_at(row)->tensors > CG_MAX_INPUTS) {
            finish_batch(&b, cpu, has_parameter);
            scratch_free_all();
        }
        add_row(&b, row);
    }
    finish_batch(&b, cpu, has_parameter);
    cg_scope_end(scope);
    scratch_free_all();
}

OPENCL_TEST(small_rows, every_row) {
    cg_device *cpu = cg_device_open("cpu");
    if (!CHECK(cpu != NULL)) return;
    static const cg_dtype types[] = {CG_F32, CG_F64, CG_I32, CG_I64};
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        if (types[t] == CG_F64 && !cg_device_properties(dev)->has_f64) continue;
        run_type(dev, cpu, types[t], false);
        if (is_real(types[t])) run_type(dev, cpu, types[t], true);
    }
    CHECK_MSG(cg_error_code(cpu) == CG_OK, "%s", cg_error_message(cpu));
    cg_device_close(cpu);
}
