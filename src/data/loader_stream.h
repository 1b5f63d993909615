/*
 * Batches prepared ahead by a thread of their own: a ring of batches in host memory, which the thread fills and
 * cg_loader_next uploads. The thread takes no memory, and knows no device.
 */
#ifndef CLGRAD_DATA_LOADER_STREAM_H
#define CLGRAD_DATA_LOADER_STREAM_H

#include "data/dataset.h"

typedef struct cg_stream cg_stream;

/* A batch in the ring: `samples` samples and targets. */
typedef struct cg_stream_batch {
    int64_t samples;
    float *x;
    char *target;
} cg_stream_batch;

/*
 * Starts the thread at a position. An epoch has per_epoch samples of `set`, which must outlive the stream; options.seed
 * is set. NULL and an error without memory or thread.
 */
cg_stream *cg_stream_start(const cg_dataset *set, const cg_loader_options *options, int64_t per_epoch,
                           int64_t epoch, int64_t batch, cg_error *err);

/* Waits for the next batch, which is the caller's until cg_stream_give_back. NULL and the error that ended the stream. */
const cg_stream_batch *cg_stream_take(cg_stream *stream, cg_error *err);

void cg_stream_give_back(cg_stream *stream);

/* Ends the thread, wherever it is, and frees the stream. NULL is allowed. */
void cg_stream_stop(cg_stream *stream);

#endif
