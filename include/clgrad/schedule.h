/*
 * Learning-rate schedules: the step size as a function of how far training is.
 *
 *     cg_schedule s = cg_schedule_with_warmup(cg_cosine_schedule(3e-4, 0, 10000), 500, 0.01);
 *     for (...) {
 *         cg_schedule_step(s, adam);       // the lr of the step that follows
 *         ...
 *         cg_optimizer_step(adam);
 *     }
 *
 * A schedule is a value without state: cg_schedule_lr is a pure function, so a resumed training needs nothing but the
 * number of steps, which the optimizer keeps. t counts from 0: steps, or epochs where the caller gives epochs
 * (cg_schedule_apply). The values are those of PyTorch's schedulers (torch.optim.lr_scheduler, named below) after t
 * calls of their step(). Past its end a schedule stays at its last value.
 *
 * A schedule that cannot be (n <= 0, a factor that is negative or not finite, ...) gives NaN for every t, which
 * cg_schedule_step and cg_schedule_apply report as an error.
 */
#ifndef CLGRAD_SCHEDULE_H
#define CLGRAD_SCHEDULE_H

#include "optim.h"

CG_BEGIN_DECLS

enum { CG_MAX_MILESTONES = 16, CG_PLATEAU_TEXT = 128 };

typedef enum cg_schedule_kind {
    CG_SCHEDULE_NONE, /* zero: cannot be, gives NaN */
    CG_SCHEDULE_CONSTANT,
    CG_SCHEDULE_STEP,
    CG_SCHEDULE_MILESTONES,
    CG_SCHEDULE_EXPONENTIAL,
    CG_SCHEDULE_POLYNOMIAL,
    CG_SCHEDULE_COSINE,
    CG_SCHEDULE_ONE_CYCLE
} cg_schedule_kind;

/* A schedule by value, made by the functions below. */
typedef struct cg_schedule {
    cg_schedule_kind kind;
    double lr;        /* where it starts; one-cycle: its largest */
    double end;       /* where it ends */
    double factor;    /* gamma, the exponent of a polynomial, or the growth of a cosine's period */
    int64_t n;        /* steps until the end, of the first period, or between two drops */
    int n_milestones; /* of which these: the steps at which lr drops */
    int64_t milestone[CG_MAX_MILESTONES];
    double start, peak_at;              /* one-cycle: lr at t = 0, share of the steps up to the peak */
    double momentum_low, momentum_high; /* one-cycle; 0 and 0: does not move it */
    bool linear, three_phase;           /* one-cycle */
    int64_t warmup;                     /* steps in front of all this */
    double warmup_start;                /* factor at t = 0 */
} cg_schedule;

/* lr(t) = lr. */
CG_API cg_schedule cg_constant_schedule(double lr);

/* lr(t) = lr gamma^floor(t / n): StepLR. */
CG_API cg_schedule cg_step_schedule(double lr, int64_t n, double gamma);

/* lr(t) = lr gamma^(how many of the n milestones are <= t), ascending, n <= CG_MAX_MILESTONES: MultiStepLR. */
CG_API cg_schedule cg_milestone_schedule(double lr, int n, const int64_t *milestones, double gamma);

/* lr(t) = lr gamma^t: ExponentialLR. */
CG_API cg_schedule cg_exponential_schedule(double lr, double gamma);

/*
 * lr(t) = end + (lr - end) (1 - min(t, n) / n)^power: PolynomialLR with end 0; with power 1 a line, LinearLR from factor
 * 1 to end / lr.
 */
CG_API cg_schedule cg_polynomial_schedule(double lr, double end, int64_t n, double power);

/*
 * lr(t) = end + (lr - end) (1 + cos(pi min(t, n) / n)) / 2: CosineAnnealingLR, which climbs again after n, this stays.
 */
CG_API cg_schedule cg_cosine_schedule(double lr, double end, int64_t n);

/*
 * The cosine again and again from lr: the first time over n steps, each next time over `factor` >= 1 times as many
 * (a whole number): CosineAnnealingWarmRestarts (Loshchilov, Hutter 2017). At a restart the value is lr.
 */
CG_API cg_schedule cg_cosine_restarts_schedule(double lr, double end, int64_t n, int factor);

/* Options of a one-cycle schedule; a 0 stands for the value given here. */
typedef struct cg_one_cycle_options {
    double peak_at;       /* 0.3: the share of the steps in which lr climbs (pct_start) */
    double start_divisor; /* 25: it starts from max_lr / start_divisor (div_factor) */
    double end_divisor;   /* 1e4: and ends at the start value / end_divisor (final_div_factor) */
    bool linear;          /* lines in place of half cosines (anneal_strategy) */
    bool three_phase;     /* down to the start value in as many steps as up, then to the end */
    double momentum_low;  /* 0.85: at the peak of lr (base_momentum) */
    double momentum_high; /* 0.95: at its ends (max_momentum) */
    bool keep_momentum;   /* does not move the momentum (cycle_momentum = False) */
} cg_one_cycle_options;

/*
 * One cycle over n steps: lr climbs to max_lr and falls far below where it started, the momentum goes the other way
 * (Smith, Topin 2018): OneCycleLR.
 */
CG_API cg_schedule cg_one_cycle_schedule(double max_lr, int64_t n, cg_one_cycle_options options);

/*
 * `schedule` after n steps in which lr climbs in a line from start_factor s.lr(0) to s.lr(0):
 *     lr(t) = s.lr(0) (start_factor + (1 - start_factor) t / n) for t < n, else s.lr(t - n)
 * SequentialLR of LinearLR(start_factor, total_iters = n) and the schedule. 0 <= start_factor. A second call replaces
 * the first.
 */
CG_API cg_schedule cg_schedule_with_warmup(cg_schedule schedule, int64_t n, double start_factor);

/* The step size at t >= 0; NaN for t < 0 and for a schedule that cannot be. */
CG_API double cg_schedule_lr(cg_schedule schedule, int64_t t);

/* The momentum at t of a one-cycle schedule that moves it; NaN for every other. */
CG_API double cg_schedule_momentum(cg_schedule schedule, int64_t t);

/*
 * Sets the optimizer's lr, and its momentum where the schedule moves it, to those of t (a step, or an epoch).
 * Errors: CG_ERROR_ARGUMENT for a schedule that cannot be, or a momentum that the optimizer has not.
 */
CG_API cg_status cg_schedule_apply(cg_schedule schedule, cg_optimizer *optimizer, int64_t t);

/* cg_schedule_apply for the step that follows: t = cg_optimizer_steps. */
CG_API cg_status cg_schedule_step(cg_schedule schedule, cg_optimizer *optimizer);

/* --- Reduce on plateau: the one that looks at how training goes ------------------------------------------------ */

/* Options; a 0 stands for the value given here, and for patience and threshold a negative number for 0. */
typedef struct cg_plateau_options {
    double factor;    /* 0.1: lr becomes factor lr */
    int64_t patience; /* 10: this many looks without a better metric are allowed */
    double threshold; /* 1e-4: what is better by less is not better */
    bool absolute;    /* threshold is a difference, not a share (threshold_mode = "abs") */
    bool maximize;    /* larger metrics are better (mode = "max") */
    int64_t cooldown; /* 0: looks after a reduction that do not count */
    double min_lr;    /* 0: not below this */
    double epsilon;   /* 1e-8: a smaller reduction is not made */
} cg_plateau_options;

/* A value that holds all there is to it: copy it to keep it. */
typedef struct cg_plateau {
    cg_plateau_options options; /* with the defaults filled in */
    double best;                /* infinity (or -infinity) at first */
    int64_t bad;                /* looks since the last better one */
    int64_t cooling;            /* looks of the cooldown left */
} cg_plateau;

/* ReduceLROnPlateau at its start. */
CG_API cg_plateau cg_plateau_start(cg_plateau_options options);

/*
 * Takes note of a metric (of one epoch, say) and returns the lr that follows `lr`: the same, or once more than
 * `patience` metrics in a row were not better than the best, max(min_lr, factor lr). Better is metric < best (1 -
 * threshold), absolute metric < best - threshold; maximizing metric > best (1 + threshold), best + threshold. NaN is
 * not better.
 */
CG_API double cg_plateau_lr(cg_plateau *plateau, double metric, double lr);

/* cg_plateau_lr on an optimizer's lr. Whether it was reduced. */
CG_API bool cg_plateau_step(cg_plateau *plateau, cg_optimizer *optimizer, double metric);

/* What changes in a plateau (best, bad, cooling) as text, exactly: for the metadata of a checkpoint. */
CG_API void cg_plateau_to_text(const cg_plateau *plateau, char text[CG_PLATEAU_TEXT]);

/* Takes over what cg_plateau_to_text wrote; false, and nothing has changed, if it is no such text. */
CG_API bool cg_plateau_from_text(cg_plateau *plateau, const char *text);

CG_END_DECLS
#endif
