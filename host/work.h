/*
 * The kinds of work as data: how a request of each kind is run, of what it can be composed, and which buffers it
 * names. What holds for all kinds alike (counting, detours) is written once, on this table.
 */
#ifndef CLGRAD_HOST_WORK_H
#define CLGRAD_HOST_WORK_H

#include "host/backend.h"

/* A buffer that a request names. */
typedef struct cg_work_buffer {
    cg_buffer **buffer; /* within the request */
    bool written;
} cg_work_buffer;

enum { CG_WORK_BUFFERS = CG_MAX_INPUTS + CG_MAX_OUTPUTS + 3 };

typedef struct cg_work_kind {
    size_t request_bytes;
    /* By the backend's own function; `hw` is one of its devices. */
    cg_status (*run)(const cg_backend *backend, cg_hw *hw, const void *request);
    /* Of other kinds of work; NULL if it cannot be composed. */
    cg_status (*compose)(cg_hw *hw, const void *request);
    /* Whether the backend has a function for it; NULL: every backend has. */
    bool (*present)(const cg_backend *backend);
    /* Lists the buffers of a request; returns how many. NULL: a detour to the CPU is made by composing. */
    int (*buffers)(void *request, cg_work_buffer *list);
    /* The program of a request; NULL if the kind has none. */
    const cg_program *(*program)(const void *request);
} cg_work_kind;

extern const cg_work_kind cg_work_kinds[CG_WORK_COUNT];

/* Counts the request and runs it: by the backend, or the way its detour says. */
cg_status cg_work_do(cg_hw *hw, cg_work kind, const void *request);

#endif
