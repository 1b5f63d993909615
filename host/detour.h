/* Work that is done otherwise than by the device's own kernels, since those were found wrong: cg_detour in device.h. */
#ifndef CLGRAD_HOST_DETOUR_H
#define CLGRAD_HOST_DETOUR_H

#include "host/work.h"

/* The detour of a request: that of its kind, or the CPU if a row of its program has one. */
cg_detour cg_detour_of(const cg_hw *hw, cg_work kind, const void *request);

/* Runs a request by a detour, which is not NONE. */
cg_status cg_detour_run(cg_hw *hw, cg_work kind, const void *request, cg_detour detour);

/* Runs a request on the CPU backend, with a round trip for what it names. */
cg_status cg_work_on_cpu(cg_hw *hw, cg_work kind, const void *request);

/*
 * The CPU backend for a part of the work of such a kind, opened by the first that asks; the device itself where it is
 * that. Counts a round trip. NULL on an error, also where CLGRAD_CHECK forbids it.
 */
cg_hw *cg_detour_cpu(cg_hw *hw, cg_work kind);

/* Takes up what is kept on disk for a device that was just opened. */
void cg_detours_recall(cg_hw *hw);

#endif
