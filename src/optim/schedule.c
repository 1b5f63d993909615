/* Learning-rate schedules: schedule.h. */
#include "clgrad/schedule.h"

#include <math.h>
#include <string.h>

#include "optim/optimizer.h"

static const double pi = 3.14159265358979323846;

static bool is_rate(double value) { return value >= 0 && isfinite(value); }

static const cg_schedule impossible = {.kind = CG_SCHEDULE_NONE};

static cg_schedule valid_if(bool valid, cg_schedule s) { return valid ? s : impossible; }

/* --- making ------------------------------------------------------------------------------------------------- */

cg_schedule cg_constant_schedule(double lr) {
    return valid_if(is_rate(lr), (cg_schedule){.kind = CG_SCHEDULE_CONSTANT, .lr = lr});
}

cg_schedule cg_step_schedule(double lr, int64_t n, double gamma) {
    return valid_if(is_rate(lr) && is_rate(gamma) && n > 0,
                    (cg_schedule){.kind = CG_SCHEDULE_STEP, .lr = lr, .n = n, .factor = gamma});
}

cg_schedule cg_milestone_schedule(double lr, int n, const int64_t *milestones, double gamma) {
    cg_schedule s = {.kind = CG_SCHEDULE_MILESTONES, .lr = lr, .factor = gamma, .n_milestones = n};
    if (!is_rate(lr) || !is_rate(gamma) || n < 0 || n > CG_MAX_MILESTONES || (n > 0 && !milestones))
        return impossible;
    for (int i = 0; i < n; i++) {
        s.milestone[i] = milestones[i];
        if (i > 0 && milestones[i] < milestones[i - 1]) return impossible;
    }
    return s;
}

cg_schedule cg_exponential_schedule(double lr, double gamma) {
    return valid_if(is_rate(lr) && is_rate(gamma),
                    (cg_schedule){.kind = CG_SCHEDULE_EXPONENTIAL, .lr = lr, .factor = gamma});
}

cg_schedule cg_polynomial_schedule(double lr, double end, int64_t n, double power) {
    return valid_if(
        is_rate(lr) && is_rate(end) && is_rate(power) && n > 0,
        (cg_schedule){.kind = CG_SCHEDULE_POLYNOMIAL, .lr = lr, .end = end, .n = n, .factor = power});
}

cg_schedule cg_cosine_schedule(double lr, double end, int64_t n) {
    return valid_if(is_rate(lr) && is_rate(end) && n > 0,
                    (cg_schedule){.kind = CG_SCHEDULE_COSINE, .lr = lr, .end = end, .n = n});
}

cg_schedule cg_cosine_restarts_schedule(double lr, double end, int64_t n, int factor) {
    return valid_if(
        is_rate(lr) && is_rate(end) && n > 0 && factor >= 1,
        (cg_schedule){.kind = CG_SCHEDULE_COSINE, .lr = lr, .end = end, .n = n, .factor = factor});
}

cg_schedule cg_one_cycle_schedule(double max_lr, int64_t n, cg_one_cycle_options o) {
    const double start = max_lr / cg_option_or(o.start_divisor, 25);
    cg_schedule s = {.kind = CG_SCHEDULE_ONE_CYCLE,
                     .lr = max_lr,
                     .start = start,
                     .end = start / cg_option_or(o.end_divisor, 1e4),
                     .n = n,
                     .peak_at = cg_option_or(o.peak_at, 0.3),
                     .linear = o.linear,
                     .three_phase = o.three_phase};
    if (!o.keep_momentum) {
        s.momentum_low = cg_option_or(o.momentum_low, 0.85);
        s.momentum_high = cg_option_or(o.momentum_high, 0.95);
    }
    const bool momentum = is_rate(s.momentum_low) && is_rate(s.momentum_high);
    const bool peak = s.peak_at > 0 && s.peak_at <= (s.three_phase ? 0.5 : 1);
    return valid_if(is_rate(max_lr) && is_rate(s.start) && is_rate(s.end) && n > 0 && momentum && peak, s);
}

cg_schedule cg_schedule_with_warmup(cg_schedule s, int64_t n, double start_factor) {
    s.warmup = n;
    s.warmup_start = start_factor;
    return valid_if(n >= 0 && is_rate(start_factor), s);
}

/* --- values ----------------------------------------------------------------------------------------------------- */

/* From `from` at share 0 to `to` at share 1: a half cosine. */
static double half_cosine(double from, double to, double share) {
    return to + (from - to) * (1 + cos(pi * share)) / 2;
}

static double milestone_lr(const cg_schedule *s, int64_t t) {
    int passed = 0;
    while (passed < s->n_milestones && s->milestone[passed] <= t) passed++;
    return s->lr * pow(s->factor, passed);
}

static double polynomial_lr(const cg_schedule *s, int64_t t) {
    const int64_t left = t < s->n ? s->n - t : 0;
    return s->end + (s->lr - s->end) * pow((double)left / (double)s->n, s->factor);
}

/* factor 0: once. Else each period is `factor` times as long as the one before. */
static double cosine_lr(const cg_schedule *s, int64_t t) {
    double period = (double)s->n, at = (double)t;
    if (s->factor == 0) return half_cosine(s->lr, s->end, at < period ? at / period : 1);
    if (s->factor == 1) return half_cosine(s->lr, s->end, fmod(at, period) / period);
    while (at >= period) {
        at -= period;
        period *= s->factor;
    }
    return half_cosine(s->lr, s->end, at / period);
}

/* A phase of one cycle: until step `end`, from one pair of values to another. */
typedef struct phase {
    double end, lr[2], momentum[2];
} phase;

/* The phases as PyTorch cuts them; the last one ends at step n - 1. */
static int one_cycle_phases(const cg_schedule *s, phase phases[3]) {
    const double n = (double)s->n, up = s->peak_at * n - 1, low = s->momentum_low, high = s->momentum_high;
    phases[0] = (phase){up, {s->start, s->lr}, {high, low}};
    if (!s->three_phase) {
        phases[1] = (phase){n - 1, {s->lr, s->end}, {low, high}};
        return 2;
    }
    phases[1] = (phase){2 * up, {s->lr, s->start}, {low, high}};
    phases[2] = (phase){n - 1, {s->start, s->end}, {high, high}};
    return 3;
}

/* The phase that step t is in, and how much of it is done. */
static phase find_phase(const cg_schedule *s, int64_t t, double *share) {
    phase phases[3];
    const int last = one_cycle_phases(s, phases) - 1;
    const double at = fmin((double)t, phases[last].end);
    int k = 0;
    while (k < last && at > phases[k].end) k++;
    const double begin = k ? phases[k - 1].end : 0, length = phases[k].end - begin;
    *share = length > 0 ? (at - begin) / length : 1;
    return phases[k];
}

static double between(const cg_schedule *s, const double value[2], double share) {
    return s->linear ? value[0] + (value[1] - value[0]) * share : half_cosine(value[0], value[1], share);
}

static double one_cycle_lr(const cg_schedule *s, int64_t t) {
    double share;
    const phase p = find_phase(s, t, &share);
    return between(s, p.lr, share);
}

/* Without the warm-up. */
static double plain_lr(const cg_schedule *s, int64_t t) {
    switch (s->kind) {
    case CG_SCHEDULE_CONSTANT:
        return s->lr;
    case CG_SCHEDULE_STEP:
        return s->lr * pow(s->factor, (double)(t / s->n));
    case CG_SCHEDULE_MILESTONES:
        return milestone_lr(s, t);
    case CG_SCHEDULE_EXPONENTIAL:
        return s->lr * pow(s->factor, (double)t);
    case CG_SCHEDULE_POLYNOMIAL:
        return polynomial_lr(s, t);
    case CG_SCHEDULE_COSINE:
        return cosine_lr(s, t);
    case CG_SCHEDULE_ONE_CYCLE:
        return one_cycle_lr(s, t);
    default:
        return NAN;
    }
}

double cg_schedule_lr(cg_schedule s, int64_t t) {
    if (t < 0 || s.kind == CG_SCHEDULE_NONE) return NAN;
    if (t >= s.warmup) return plain_lr(&s, t - s.warmup);
    const double share = (double)t / (double)s.warmup;
    return plain_lr(&s, 0) * (s.warmup_start + (1 - s.warmup_start) * share);
}

double cg_schedule_momentum(cg_schedule s, int64_t t) {
    if (t < 0 || s.kind != CG_SCHEDULE_ONE_CYCLE || (s.momentum_low == 0 && s.momentum_high == 0)) return NAN;
    double share;
    const phase p = find_phase(&s, t > s.warmup ? t - s.warmup : 0, &share);
    return between(&s, p.momentum, share);
}

/* --- on an optimizer ---------------------------------------------------------------------------------------------- */

cg_status cg_schedule_apply(cg_schedule s, cg_optimizer *o, int64_t t) {
    if (!o) return CG_ERROR_ARGUMENT;
    const double lr = cg_schedule_lr(s, t), momentum = cg_schedule_momentum(s, t);
    if (!isfinite(lr))
        return CG_FAIL(
            &o->dev->error, CG_ERROR_ARGUMENT,
            "schedule_apply: the lr at step %lld is %g; the schedule was made with options that cannot be",
            (long long)t, lr);
    const cg_status status = isnan(momentum) ? CG_OK : cg_optimizer_set_momentum(o, momentum);
    if (status == CG_OK) cg_optimizer_set_lr(o, lr);
    return status;
}

cg_status cg_schedule_step(cg_schedule s, cg_optimizer *o) {
    return cg_schedule_apply(s, o, cg_optimizer_steps(o));
}
