/*
 * Requests that are recorded while they are done, to be done again on the same buffers: without tensors, records,
 * formulas and scopes above, and, where the backend keeps launches, without planning them again.
 *
 * A buffer that a recorded request names is pinned: freed, it goes to the pool again once the recording is freed. One that was
 * given out within the recording also goes to the recording itself while that is made, so that a step takes no more memory
 * than it does unrecorded; one from before does not, since its values are read by every repetition.
 *
 * Requests whose numbers change from one time to the next stay requests: random ones, whose streams move on, and those of
 * optimizers, whose constants are refreshed.
 */
#ifndef CLGRAD_HOST_RECORDED_WORK_H
#define CLGRAD_HOST_RECORDED_WORK_H

#include "host/pool.h"

/* Notes that the recording is of no use, and fails. */
cg_status cg_record_refuse(cg_hw *hw, const char *why);

/* Does a request and records it. */
cg_status cg_record_work(cg_hw *hw, cg_work kind, const void *request);

/* Keeps a buffer for the recording that is being made; an error without memory is reported by cg_hw_record_end. */
void cg_record_pin(cg_hw *hw, cg_block *block);

/* The freed blocks of the recording that is being made, by class; NULL if there is none. */
cg_block **cg_record_free_list(cg_hw *hw);

#endif
