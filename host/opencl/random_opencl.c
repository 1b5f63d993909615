/* Random numbers: kernels/random.cl, random_words.cl, random_gamma.cl, random_binomial.cl. */
#include "host/detour.h"
#include "host/opencl/opencl.h"

/* CPU style: a work-item makes so many vectors of blocks one after the other, or as many elements as four times that. */
enum { PIECES_EACH = 64 };

/* --- What the kernels have in common ------------------------------------------------------------------------------ */

static void arg_stream(cg_args *a, const cg_random_request *r) {
    cg_arg_i32(a, (int32_t)(uint32_t)r->seed);
    cg_arg_i32(a, (int32_t)(uint32_t)(r->seed >> 32));
    cg_arg_i32(a, (int32_t)(uint32_t)r->stream);
    cg_arg_i32(a, (int32_t)(uint32_t)(r->stream >> 32));
}

static void arg_real(cg_args *a, cg_dtype type, double value) {
    cg_arg_scalar(a, type, (cg_scalar){.f = value});
}

static void arg_output(cg_args *a, const cg_random_request *r) {
    cg_arg_buffer(a, r->buffer);
    cg_arg_i64(a, r->offset);
}

static cg_status launch(cg_args *a, uint64_t items) {
    return cg_cl_launch(a, 1, (size_t[]){(size_t)items}, (size_t[]){cg_cl_group_items(a->hw)});
}

/* n, first and how many pieces of per_piece elements a work-item makes; gives the number of work-items. */
static uint64_t arg_pieces(cg_args *a, const cg_random_request *r, uint64_t per_block, uint64_t per_piece) {
    const uint64_t pieces = (r->first % per_block + (uint64_t)r->n + per_piece - 1) / per_piece;
    const uint64_t each = a->hw->cpu_style ? PIECES_EACH : 1;
    cg_arg_i64(a, r->n);
    cg_arg_i64(a, (int64_t)r->first);
    cg_arg_i64(a, (int64_t)each);
    arg_stream(a, r);
    return (pieces + each - 1) / each;
}

/* The same for kernels whose work-items make single elements, `items` apart. */
static uint64_t arg_elements(cg_args *a, const cg_random_request *r) {
    const uint64_t each = a->hw->cpu_style ? 4 * PIECES_EACH : 1;
    const uint64_t items = ((uint64_t)r->n + each - 1) / each;
    cg_arg_i64(a, r->n);
    cg_arg_i64(a, (int64_t)r->first);
    cg_arg_i64(a, (int64_t)items);
    arg_stream(a, r);
    return items;
}

/* --- The kinds ----------------------------------------------------------------------------------------------------- */

static cg_status random_flat(cg_hw_opencl *hw, const cg_random_request *r) {
    const int width = hw->cpu_style ? cg_cl_width(hw, r->dtype) : 1;
    const int kind = r->kind == CG_RANDOM_EXPONENTIAL ? 2 : r->kind == CG_RANDOM_NORMAL;
    cg_kernel_request request = {.file = "random.cl", .entry = "random", .type = r->dtype, .width = width};
    cg_request_define(&request, "KIND", kind);
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &request), "random");
    const uint64_t per_block = (uint64_t)cg_random_per_block(r);
    const uint64_t items = arg_pieces(&a, r, per_block, per_block * (uint64_t)width);
    arg_real(&a, r->dtype, r->scale);
    arg_real(&a, r->dtype, r->shift);
    arg_output(&a, r);
    return launch(&a, items);
}

static cg_status random_words(cg_hw_opencl *hw, const cg_random_request *r) {
    cg_kernel_request request = {.file = "random_words.cl", .entry = "random_words", .type = CG_F32};
    const bool truth = r->kind == CG_RANDOM_BERNOULLI;
    cg_request_define(&request, "KIND", truth ? 2 : r->dtype == CG_I64);
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &request), "random");
    const uint64_t per_block = (uint64_t)cg_random_per_block(r);
    const uint64_t items = arg_pieces(&a, r, per_block, per_block);
    cg_arg_i64(&a, (int64_t)(truth ? r->chance : r->integers.range));
    cg_arg_i64(&a, (int64_t)(truth ? 0 : r->integers.reject));
    cg_arg_i64(&a, truth ? 0 : r->integers.low);
    arg_output(&a, r);
    return launch(&a, items);
}

static cg_status random_gamma(cg_hw_opencl *hw, const cg_random_request *r) {
    const cg_kernel_request request = {.file = "random_gamma.cl", .entry = "random_gamma", .type = r->dtype};
    const double values[] = {r->scale, r->shift, r->gamma.d, r->gamma.c, r->gamma.log_d, r->gamma.power};
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &request), "random");
    const uint64_t items = arg_elements(&a, r);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) arg_real(&a, r->dtype, values[i]);
    cg_arg_i32(&a, r->kind == CG_RANDOM_LOG_GAMMA);
    arg_output(&a, r);
    return launch(&a, items);
}

static cg_status random_binomial(cg_hw_opencl *hw, const cg_random_request *r) {
    if (!hw->base.info.has_f64) return cg_work_on_cpu(&hw->base, CG_WORK_RANDOM, r);
    const cg_random_binomial *s = &r->binomial;
    const double values[] = {s->n, s->p, s->odds,  s->none,  s->mean, s->a,
                             s->b, s->c, s->quick, s->alpha, s->base, s->top};
    const cg_kernel_request request = {
        .file = "random_binomial.cl", .entry = "random_binomial", .type = CG_F64};
    cg_args a = cg_args_of(hw, cg_cl_kernel(hw, &request), "random");
    const uint64_t items = arg_elements(&a, r);
    cg_arg_i32(&a, s->inversion);
    cg_arg_i32(&a, s->flip);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) arg_real(&a, CG_F64, values[i]);
    arg_output(&a, r);
    return launch(&a, items);
}

cg_status cg_cl_random(cg_hw *base, const cg_random_request *r) {
    cg_hw_opencl *hw = cg_cl(base);
    switch (r->kind) {
    case CG_RANDOM_GAMMA:
    case CG_RANDOM_LOG_GAMMA:
        return random_gamma(hw, r);
    case CG_RANDOM_INTEGERS:
    case CG_RANDOM_BERNOULLI:
        return random_words(hw, r);
    case CG_RANDOM_BINOMIAL:
        return random_binomial(hw, r);
    default:
        return random_flat(hw, r);
    }
}
