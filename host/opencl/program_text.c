/* A program as OpenCL text, in the form that kernels/program.h describes. */
#define _GNU_SOURCE
#include "host/opencl/opencl.h"

#include <stdlib.h>
#include <string.h>

#include "core/rows.h"

cg_inner_class cg_inner_class_of(int64_t stride) {
    return stride == 0 ? CG_INNER_FIXED : stride == 1 ? CG_INNER_UNIT : CG_INNER_STRIDED;
}

bool cg_operand_is_narrow(const cg_operand *x, int rank, const int64_t *shape) {
    const int64_t limit = INT32_MAX - (1 << 24); /* room for what a last, partly empty chunk reaches beyond */
    int64_t low = x->offset, high = x->offset;
    for (int d = 0; d < rank; d++) {
        int64_t reach;
        if (__builtin_mul_overflow(x->stride[d], shape[d] - 1, &reach) ||
            __builtin_add_overflow(reach < 0 ? low : high, reach, reach < 0 ? &low : &high))
            return false;
        if (x->stride[d] < -limit || x->stride[d] > limit || shape[d] > limit) return false;
    }
    return low >= -limit && high <= limit;
}

bool cg_operand_is_aligned(const cg_operand *x, int rank, int width) {
    bool aligned = x->offset % width == 0;
    for (int d = 0; d < rank - 1; d++) aligned = aligned && x->stride[d] % width == 0;
    return aligned || x->stride[rank - 1] != 1;
}

cg_program_layout cg_layout_of(const cg_program *program, int n_outer, int n_loop, int first_input,
                               int n_outputs, const cg_operand *in, const cg_operand *out) {
    cg_program_layout l = {.n_outer = (uint8_t)n_outer,
                           .n_loop = (uint8_t)n_loop,
                           .first_input = (uint8_t)first_input,
                           .n_outputs = (uint8_t)n_outputs};
    int inner = n_outer + n_loop;
    for (int k = first_input; k < program->n_inputs; k++) {
        l.in_dtype[k] = (uint8_t)in[k - first_input].dtype;
        l.in_inner[k] = (uint8_t)cg_inner_class_of(in[k - first_input].stride[inner]);
    }
    for (int k = 0; k < n_outputs; k++) {
        l.out_dtype[k] = (uint8_t)out[k].dtype;
        l.out_inner[k] = (uint8_t)cg_inner_class_of(out[k].stride[inner]);
    }
    return l;
}

/* "#define name(X, a) X(0, a) X(2, a)" for the numbers from first to end - 1 that are of the class (-1: all). */
static void write_each(FILE *f, const char *name, int first, int end, const uint8_t *class_of, int class) {
    fprintf(f, "#define %s(X, a)", name);
    for (int k = first; k < end; k++)
        if (class < 0 || class_of[k] == class) fprintf(f, " X(%d, a)", k);
    fputc('\n', f);
}

/* The axes first .. end - 1 from the inside out, the outermost apart: its coordinate needs no division. */
static void write_axes(FILE *f, const char *group, int first, int end) {
    fprintf(f, "#define %s_INNER(X, a)", group);
    for (int d = end - 1; d > first; d--) fprintf(f, " X(%d, a)", d);
    fprintf(f, "\n#define %s_FIRST(X, a)", group);
    if (end > first) fprintf(f, " X(%d, a)", first);
    fprintf(f, "\n#define N_%s %d\n", group, end - first);
}

/* operand.h once for each dtype that is stored, then the names of each operand's dtype. */
static void write_operands(FILE *f, const cg_program *p, const cg_program_layout *l) {
    bool used[CG_DTYPE_COUNT] = {false};
    for (int k = l->first_input; k < p->n_inputs; k++) used[l->in_dtype[k]] = true;
    for (int k = 0; k < l->n_outputs; k++) used[l->out_dtype[k]] = true;
    for (int t = 0; t < CG_DTYPE_COUNT; t++)
        if (used[t]) fprintf(f, "#define STORED_AS %d\n#include \"operand.h\"\n", t);
    for (int k = l->first_input; k < p->n_inputs; k++)
        fprintf(f, "#define IN%d(f) f##_%s\n", k, cg_dtype_name((cg_dtype)l->in_dtype[k]));
    for (int k = 0; k < l->n_outputs; k++)
        fprintf(f, "#define OUT%d(f) f##_%s\n", k, cg_dtype_name((cg_dtype)l->out_dtype[k]));
    write_each(f, "EACH_INPUT", l->first_input, p->n_inputs, NULL, -1);
    write_each(f, "EACH_FIXED", l->first_input, p->n_inputs, l->in_inner, CG_INNER_FIXED);
    write_each(f, "EACH_UNIT", l->first_input, p->n_inputs, l->in_inner, CG_INNER_UNIT);
    write_each(f, "EACH_STRIDED", l->first_input, p->n_inputs, l->in_inner, CG_INNER_STRIDED);
    write_each(f, "EACH_ROWS", l->first_input, p->n_inputs, l->in_inner, CG_INNER_ROWS);
    write_each(f, "EACH_OUTPUT", 0, l->n_outputs, NULL, -1);
    write_each(f, "EACH_OUT_UNIT", 0, l->n_outputs, l->out_inner, CG_INNER_UNIT);
    write_each(f, "EACH_OUT_STRIDED", 0, l->n_outputs, l->out_inner, CG_INNER_STRIDED);
    write_each(f, "EACH_CONST", 0, p->n_consts, NULL, -1);
}

/*
 * The headers of elementary functions but elementary.h, on which they build, and the functions that need each, in the
 * order in which they are included.
 */
static const struct function_header {
    const char *name;
    const char *functions[14];
} function_headers[] = {
    {"arithmetic.h", {"t_fmod(", "t_mod(", "t_floor_divide(", "t_hypot(", "t_rsqrt("}},
    {"error_function.h", {"t_erf(", "t_erfc(", "t_gelu(", "t_gelu_grad("}},
    {"hyperbolic.h", {"t_sinh(", "t_cosh(", "t_tanh(", "t_asinh(", "t_acosh(", "t_atanh("}},
    {"trigonometry.h",
     {"t_sin(", "t_cos(", "t_tan(", "t_asin(", "t_acos(", "t_atan(", "t_atan2(", "t_sin2pi(", "t_cos2pi(",
      "t_lgamma(", "t_digamma(", "t_zeta(", "t_betainc("}},
    {"gamma_function.h", {"t_lgamma(", "t_digamma(", "t_zeta(", "t_betainc("}},
    {"beta_function.h", {"t_betainc("}},
};

static bool uses_header(const char *expression, const struct function_header *header) {
    for (const char *const *function = header->functions; *function; function++)
        if (strstr(expression, *function)) return true;
    return false;
}

/* Only what the rows need is included, for it takes time to compile. */
static void write_function_headers(FILE *f, bool real, const bool used[CG_ROW_COUNT]) {
    enum { N = sizeof function_headers / sizeof *function_headers };
    bool any = false, needed[N] = {false};
    for (int r = 0; r < CG_ROW_COUNT; r++) {
        any = any || (used[r] && strstr(cg_rows[r].expression, "t_"));
        for (int h = 0; h < N; h++)
            needed[h] = needed[h] || (used[r] && uses_header(cg_rows[r].expression, &function_headers[h]));
    }
    if (any) fprintf(f, "#include \"%s\"\n", real ? "elementary.h" : "integers.h");
    for (int h = 0; h < N; h++)
        if (needed[h] && real) fprintf(f, "#include \"%s\"\n", function_headers[h].name);
}

/* One function for each row the program uses. */
static void write_rows(FILE *f, const cg_program *p) {
    static const char *const parameters[] = {"", "T x", "T x, T y", "T x, T y, T z"};
    bool used[CG_ROW_COUNT] = {false};
    for (int i = 0; i < p->n_instrs; i++) used[p->instr[i].row] = true;
    write_function_headers(f, cg_dtype_is_float((cg_dtype)p->type), used);
    for (int r = 0; r < CG_ROW_COUNT; r++)
        if (used[r])
            fprintf(f, "FN T row_%s(%s) { return %s; }\n", cg_rows[r].name, parameters[cg_rows[r].arity],
                    cg_rows[r].expression);
}

static void write_body(FILE *f, const cg_program *p) {
    fprintf(f, "#define PROGRAM_BODY");
    for (int i = 0; i < p->n_consts; i++) fprintf(f, " const T v%d = (T)(c%d);", cg_program_const(p, i), i);
    for (int i = 0; i < p->n_instrs; i++) {
        const cg_row *row = &cg_rows[p->instr[i].row];
        fprintf(f, " const T v%d = row_%s(", cg_program_instr(p, i), row->name);
        for (int s = 0; s < row->arity; s++) fprintf(f, s ? ", v%d" : "v%d", p->instr[i].src[s]);
        fprintf(f, ");");
    }
    fputc('\n', f);
    for (int k = 0; k < p->n_outputs; k++) fprintf(f, "#define OUT%d_VALUE v%d\n", k, p->output[k]);
}

char *cg_program_text(const cg_program *program, const cg_program_layout *layout) {
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (!f) return NULL;
    int n_axes = layout->n_outer + layout->n_loop;
    fprintf(f, "#include \"prelude.h\"\n");
    write_operands(f, program, layout);
    write_each(f, "EACH_AXIS", 0, n_axes, NULL, -1);
    write_axes(f, "OUTER", 0, layout->n_outer);
    write_axes(f, "LOOP", layout->n_outer, n_axes);
    write_rows(f, program);
    write_body(f, program);
    bool failed = ferror(f) != 0;
    if (fclose(f) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}
