/* Rows and entries alike, by name: what is done on a device for each operation, observed while it runs. */
#ifndef CLGRAD_CATALOG_OPERATION_H
#define CLGRAD_CATALOG_OPERATION_H

#include "catalog/catalog.h"

/* An operation: a row of elementwise.def, or the entries of one name. */
typedef struct catalog_operation {
    const char *name;
    const char *family;         /* "elementwise", "reductions", ... */
    int row;                    /* -1 for none */
    const catalog_entry *entry; /* the first of the name; NULL for a row */
} catalog_operation;

/* Operation i, families one after the other, each name once; false past the end. */
bool catalog_operation_at(int i, catalog_operation *operation);

/* Whether the operation takes dtype t. */
bool catalog_operation_takes(const catalog_operation *operation, cg_dtype t);

/* Whether it takes t by converting it to f32 first: rows of class FLOAT do so with integers and bool. */
bool catalog_operation_converts(const catalog_operation *operation, cg_dtype t);

/* What one call did. */
typedef struct catalog_observation {
    bool done; /* false: it failed, and `text` says why */
    char text[256];
    uint64_t work[CG_WORK_COUNT]; /* calls of each kind */
    uint64_t round_trips, uploads;
    bool gradient; /* the result of an input that requires a gradient requires one */
} catalog_observation;

/* Calls the operation in dtype t and looks what the device does for it. */
catalog_observation catalog_operation_observe(const catalog_operation *operation, cg_device *dev, cg_dtype t);

/*
 * Checks a row at n points of its domain and at all special values (pairs of them, for two operands), in dtype t. The
 * points depend on the row and dtype only.
 */
catalog_verdict catalog_operation_check_row(cg_device *dev, int row, cg_dtype t, int64_t n);

/* Checks one entry in dtype t. */
catalog_verdict catalog_operation_check_entry(cg_device *dev, const catalog_entry *entry, cg_dtype t);

#endif
