/*
 * A training in a file (safetensors):
 *     module.PATH      parameters and buffers          best.PATH   those of the best epoch, where they are kept
 *     optimizer.NAME   states of the optimizer         sum.I       sums over the epoch that runs: loss, metrics
 * and as metadata: "optimizer.optimizer" its settings, "training" the cg_place as JSON, "history" its CSV, "plateau"
 * its text.
 */
#ifndef CLGRAD_TRAIN_CHECKPOINT_H
#define CLGRAD_TRAIN_CHECKPOINT_H

#include "train/trainer.h"

/* Where a training stands, but for tensors and history. */
typedef struct cg_place {
    int best;                 /* epoch; -1: none */
    bool epoch_begun;         /* it stands in the middle of an epoch: */
    int64_t batch, batches;   /* done, and in an epoch */
    double samples, seconds;  /* behind the sums, and spent on this epoch */
    uint64_t epoch_random[2]; /* seed and stream at its beginning */
    uint64_t random[2];       /* seed and stream now */
    cg_loader_position train, validation;
} cg_place;

enum { CG_CHECKPOINT_VERSION = 1 };

/* The place as one line of JSON, to be freed by free(); NULL without memory. */
char *cg_place_to_text(const cg_place *place);

/* false if it is no such text. */
bool cg_place_from_text(cg_place *place, const char *text);

#endif
