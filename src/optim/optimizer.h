/*
 * An optimizer is an update rule as a program over (parameter, gradient, states...): elementwise, in place,
 * run for all parameters in one request to the backend (decisions 4 and 21).
 */
#ifndef CLGRAD_OPTIM_OPTIMIZER_H
#define CLGRAD_OPTIM_OPTIMIZER_H

#include "clgrad/optim.h"
#include "tensor/context.h"

enum { CG_MAX_STATES = 3, CG_MAX_OPTIONS = 5 };

/* The most steps that are counted: such a number is exact as a double, and the next one is a number, too. */
#define CG_MAX_STEPS (INT64_C(1) << 53)

/* The constants that a program may name; the kind's own follow. Only those that it reads become constants of it. */
enum { CG_STEP_LR, CG_STEP_DECAY, CG_STEP_L1, CG_STEP_ZERO, CG_STEP_NORMAL, CG_STEP_OWN };

/* The inputs of a program; the states follow. */
enum { CG_STEP_PARAMETER, CG_STEP_GRADIENT, CG_STEP_STATE };

/*
 * What a kind of optimizer is. `step` appends the rows that make p's new states (p->output[1..]) from gradient value g
 * and returns the value that, times the step size, is subtracted from the parameter. `constants` fills in its own
 * constants, c[CG_STEP_OWN..], of step t = 1, 2, ... of a parameter, and may change c[CG_STEP_LR].
 */
typedef struct cg_update {
    int n_states, n_options;
    const char *state[CG_MAX_STATES], *option[CG_MAX_OPTIONS]; /* names, as in files */
    int momentum; /* the option that cg_optimizer_set_momentum sets, -1 if there is none */
    int (*step)(const cg_optimizer *o, cg_program *p, int g);
    void (*constants)(const cg_optimizer *o, int64_t t, cg_scalar *c);
} cg_update;

/* A step that is part of a recording. */
typedef struct cg_recorded_step cg_recorded_step;

/* What there is for each parameter. */
typedef struct cg_optimizer_slot {
    cg_tensor *state[CG_MAX_STATES]; /* like the parameter; retained */
    int64_t t;                       /* steps in which it had a gradient */
    double lr_factor, weight_decay, l1;
    bool frozen;
} cg_optimizer_slot;

struct cg_optimizer {
    cg_device *dev;
    cg_module *module;
    const char *kind;
    const cg_update *update;
    int n; /* parameters */
    cg_optimizer_slot *slot;
    cg_named_tensor *state; /* all states with their names, "<path>.<state>" */
    int n_state;
    cg_segment *segment; /* room for a request, */
    int *index;          /* and of which parameters its segments are */
    int64_t t;           /* steps done */
    bool grouped;        /* cg_optimizer_group was called: constants differ */
    bool decoupled;
    double lr, weight_decay, l1, option[CG_MAX_OPTIONS];
    double below[CG_MAX_OPTIONS]; /* what each option must be below */
    char *settings;               /* the text last made */
    cg_recorded_step *recorded;   /* of recordings: recorded_step.c */
};

/* Values that every kind has. */
typedef struct cg_common_options {
    double lr, weight_decay, l1;
    bool decoupled;
} cg_common_options;

/* One option: its value, 0 standing for `usual`, and what it must be below. */
typedef struct cg_option {
    double value, usual, below;
} cg_option;

/*
 * A new optimizer whose states start at `start`. option: as many as update->option names. Errors: an option that is
 * negative, not finite or too large.
 */
cg_optimizer *cg_optimizer_new(cg_module *module, const char *kind, const cg_update *update,
                               cg_common_options common, const cg_option *option, double start);

/* The value number of a constant: one of CG_STEP_..., while the program is being made. */
static inline int cg_step_const(const cg_program *p, int name) { return cg_program_const(p, name); }

/*
 * The new value of a state, `value` before that, which is negative only where `is_signed`: 0 where it is subnormal. What
 * only decays would otherwise stay so, and processors take several times as long for such numbers.
 */
int cg_step_state(cg_program *p, int value, bool is_signed);

/* `usual` where an option is not given. */
static inline double cg_option_or(double value, double usual) { return value != 0 ? value : usual; }

/*
 * The program of a step and which named constant each of its constants is. DECAY and L1 terms are there as far as a
 * parameter has them.
 */
void cg_step_program(const cg_optimizer *o, cg_dtype type, cg_program *p, uint8_t name[CG_MAX_CONSTS]);

/* All named constants of the next step of a parameter of dtype `type`. */
void cg_step_constants(const cg_optimizer *o, const cg_optimizer_slot *slot, cg_dtype type,
                       cg_scalar c[CG_MAX_CONSTS]);

/* The request's constants of the next step: `index` says of which parameter each segment is. */
void cg_step_request_constants(const cg_optimizer *o, const uint8_t name[CG_MAX_CONSTS], const int *index,
                               cg_segment *segment, cg_map_many_request *r);

/* The constants of a step's program for one parameter, out of the named ones. */
void cg_step_slot_constants(const cg_optimizer *o, const cg_optimizer_slot *slot, const cg_program *p,
                            const uint8_t name[CG_MAX_CONSTS], cg_scalar *consts);

/* Whether the gradient g of x is a pending product that the step can be the epilogue of. */
bool cg_step_takes_product(const cg_tensor *x, const cg_tensor *g);

/* A step's program as the epilogue of a product: the gradient is its first input. */
cg_program cg_step_epilogue(const cg_program *step);

/* The step of parameter i = x with such a gradient, which is not stored; `step` and `name` are cg_step_program's. */
cg_status cg_step_product(cg_optimizer *o, int i, cg_tensor *x, const cg_tensor *g, const cg_program *step,
                          const uint8_t name[CG_MAX_CONSTS]);

/* Counts a step of parameter i. */
void cg_step_count(cg_optimizer *o, int i);

/*
 * Where a recording is being made: the request that comes next, of the n parameters in `index` or of a product, is part of it
 * and is refreshed from the optimizer's state whenever it is replayed. `first`: of this step. Errors: no memory.
 */
cg_status cg_step_record_many(cg_optimizer *o, int n, const int *index, bool first);
cg_status cg_step_record_product(cg_optimizer *o, int i, bool first);

/* The optimizer goes: recordings that have steps of it fail from now on. */
void cg_step_forget(cg_optimizer *o);

/* The text of cg_optimizer_settings, to be freed; NULL and an error without memory. */
char *cg_settings_write(const cg_optimizer *o);

/* Takes over a text of cg_settings_write; nothing has changed on an error. */
cg_status cg_settings_read(cg_optimizer *o, const char *text);

#endif
