/*
 * How a program runs over a nest of loops: tile by tile, each small enough that all that is alive fits in L1.
 *
 * A tile is a box of the last axes: `count` indices of axis `first` (box[0] at most) times the whole of the
 * axes after it, n = count * inner elements, flattened row-major. For each tile the steps of the plan run, each
 * a loop over n contiguous elements of T: an input is read where it lies if it is of type T and contiguous
 * over a tile, else loaded into a slot of the scratch memory; constants and inputs that are the same in every
 * tile are loaded once per thread; a result is computed where it is to be stored, if it is contiguous, of
 * type T and nothing that is still to be read lies there. Rows that make up one of the fused loops are one step; a
 * constant, or an input that is broadcast over the tile, is one element where such loops alone read it.
 */
#ifndef CLGRAD_HOST_CPU_MAP_PLAN_H
#define CLGRAD_HOST_CPU_MAP_PLAN_H

#include "host/cpu/cpu.h"
#include "host/cpu/map_fusion.h"

enum {
    CG_TILE_SCRATCH = 32 << 10, /* bytes */
    CG_TILE_LARGEST = 4096,     /* elements, where there is a choice */
    CG_TILE_SHORT = 16,         /* rows up to this length do not get a loop of their own */
    CG_TILE_SMALLEST = 64,      /* with this even the largest program in f64 fits the scratch memory */
    CG_MAX_OPERANDS = CG_MAX_INPUTS + CG_MAX_OUTPUTS,
    CG_MAX_STEPS = CG_MAX_INPUTS + CG_MAX_INSTRS + CG_MAX_OUTPUTS,
    CG_NO_SLOT = 255,
    CG_FETCH_AHEAD = 8 << 10, /* bytes: two or more tiles. By itself a processor reads tiles at half speed */
    CG_FETCH_FROM = 1 << 20,  /* bytes of all inputs: what is less stays in the cache anyway */
    CG_CACHE_LINE = 64,
    CG_STRIP = 512 /* bytes of a strip: fewer and the calls would take longer than the work */
};

/* An operand over a tile: neighbouring axes merged where its strides allow it. */
typedef struct cg_tile_operand {
    unsigned char *data; /* of the element at offset 0 of the walk */
    int64_t size;        /* bytes of an element */
    int rank;            /* at least 1 */
    int64_t per_count;   /* extent of axis 0 is count * per_count */
    int64_t extent[CG_MAX_RANK], stride[CG_MAX_RANK];
    cg_dtype dtype;
    bool direct; /* contiguous over a tile and of type T: used where it lies */
} cg_tile_operand;

typedef enum cg_step_kind { CG_STEP_LOAD, CG_STEP_ROW, CG_STEP_FUSED, CG_STEP_STORE } cg_step_kind;

typedef struct cg_step {
    cg_step_kind kind;
    uint8_t operand;           /* LOAD: input; FUSED: loop of the fusion; STORE: output */
    uint8_t value;             /* LOAD, ROW: what it makes; STORE: what it stores */
    uint8_t src[CG_MAX_ARITY]; /* ROW */
    union {
        cg_row_loop *loop;    /* ROW */
        cg_fused_loop *fused; /* FUSED */
    };
} cg_step;

typedef struct cg_plan {
    const cg_isa *isa;
    const cg_map_request *nest;
    const cg_convert_isa *convert;
    int64_t size;             /* bytes of T */
    cg_dtype type;            /* T */
    int first;                /* axis of the nest that is split into tiles */
    int64_t box[CG_MAX_RANK]; /* extents of a full tile, axes first.. of the nest */
    int64_t inner, block;     /* elements per count; elements of a full tile */
    int n_in, n_out, n_consts, n_steps, n_slots;
    bool stream;   /* stores bypass the cache */
    int64_t strip; /* so a tile runs in strips of this many elements, its loads apart; 0 if it does not */
    int n_loads;   /* the steps that come before the strips */
    uint32_t kept; /* inputs loaded for all strips of a tile, by bit */
    uint32_t advancing;          /* inputs that a strip takes the next elements of, by bit */
    int64_t ahead;               /* bytes behind a tile that its direct inputs are fetched from; 0 for none */
    uint32_t fetched;            /* those inputs, by bit */
    uint32_t once;               /* inputs loaded once per thread, by bit */
    uint64_t scalar;             /* constants and inputs of which one element is read, by bit of the value */
    uint8_t slot[CG_MAX_VALUES]; /* of each value; CG_NO_SLOT if it lies in an operand */
    uint8_t home[CG_MAX_OUTPUTS]; /* value computed in output j, CG_NO_SLOT if none: it is stored */
    cg_tile_operand in[CG_MAX_INPUTS], out[CG_MAX_OUTPUTS];
    cg_step step[CG_MAX_STEPS];
    cg_fusion fusion;
} cg_plan;

/* What a plan is asked for. */
typedef struct cg_plan_options {
    bool stream;     /* contiguous results bypass the cache */
    int64_t ahead;   /* bytes behind a tile from which direct inputs are fetched into the cache; 0 for none */
    bool no_store;   /* the program's one output is not stored: cg_tile_run returns where it is */
    uint32_t moving; /* inputs (by bit) whose offset also changes by axes that are not in the nest */
    int64_t block;   /* the most elements of a tile; 0 for CG_TILE_LARGEST */
    const cg_fusion *fusion; /* of the program, where it is known; else NULL */
} cg_plan_options;

/* Plans the nest, which must outlive the plan. Rows without a form for T must have been refused before. */
void cg_plan_make(cg_plan *plan, const cg_isa *isa, const cg_map_request *nest,
                  const cg_plan_options *options);

/* A thread's memory while it runs tiles of a plan. */
typedef struct cg_tiles {
    const cg_plan *plan;
    void *value[CG_MAX_VALUES];
    int64_t scalar[CG_MAX_CONSTS]; /* constants as a T, where one element of them is read */
    _Alignas(64) unsigned char scratch[CG_TILE_SCRATCH];
} cg_tiles;

/* Places the slots and fills what stays the same. offset[i]: element of input i that the first tile begins at. */
void cg_tiles_start(cg_tiles *tiles, const cg_plan *plan, const int64_t *offset);

/*
 * Runs the tile of `count` indices; offset[k] is where it begins, in elements from the operand's data, for the
 * inputs and then the outputs. Returns where the program's first output lies, contiguous, of type T, until
 * the next call.
 */
const void *cg_tiles_run(cg_tiles *tiles, const int64_t *offset, int64_t count);

/* Fetches memory that will be read soon. */
static inline void cg_fetch(const void *from, int64_t bytes) {
    for (int64_t b = 0; b < bytes; b += CG_CACHE_LINE) __builtin_prefetch((const unsigned char *)from + b);
}

/* --- Walking over the axes that a tile does not cover ------------------------------------------------------ */

typedef struct cg_walk {
    int rank, n_operands;
    int64_t shape[CG_MAX_RANK + 1], index[CG_MAX_RANK + 1];
    int64_t stride[CG_MAX_RANK + 1][CG_MAX_OPERANDS];
    int64_t offset[CG_MAX_OPERANDS];
} cg_walk;

/* The walk over all tiles of a plan, inputs then outputs: axes before plan->first, then the tiles along it. */
void cg_walk_tiles(cg_walk *walk, const cg_plan *plan);

/* The number of places. */
int64_t cg_walk_count(const cg_walk *walk);

/* Goes to a place, in row-major order, from base offsets of the operands (NULL: 0). */
void cg_walk_seek(cg_walk *walk, int64_t place, const int64_t *base);

/* Goes to the next place. */
void cg_walk_next(cg_walk *walk);

/* The count of the tile that a walk of cg_walk_tiles is at. */
static inline int64_t cg_walk_tile(const cg_walk *walk, const cg_plan *plan) {
    const int64_t rest = plan->nest->shape[plan->first] - walk->index[walk->rank - 1] * plan->box[0];
    return rest < plan->box[0] ? rest : plan->box[0];
}

_Static_assert(CG_MAX_VALUES *CG_TILE_SMALLEST * sizeof(double) <= CG_TILE_SCRATCH, "scratch is too small");

#endif
