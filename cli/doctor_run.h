/* The checks of clgrad doctor: every operation against its reference, and a way around what fails. */
#ifndef CLGRAD_CLI_DOCTOR_RUN_H
#define CLGRAD_CLI_DOCTOR_RUN_H

#include "selection.h"

/* One operation in one dtype: all entries of its name, or the row. */
typedef struct doctor_check {
    catalog_operation operation;
    cg_dtype dtype;
    bool ok;
    double worst;   /* the largest error, as a share of what is allowed */
    double ulp;     /* the largest error, in units in the last place */
    char text[384]; /* the first failure */
    bool avoided;   /* it failed, and is right by the detours in `detours` */
    char detours[128];
} doctor_check;

typedef struct doctor_options {
    selection which;
    int64_t points; /* of its domain that a row is checked at, beside the special values */
} doctor_options;

/* Whether there is a check with number i, from 0 on, on this device; fills what is to be checked. */
bool doctor_check_at(int i, cg_device *dev, const doctor_options *o, doctor_check *check);

/* Makes the check. Where it fails, looks for detours by which the operation is right, and leaves them in force. */
void doctor_check_run(cg_device *dev, const doctor_options *o, doctor_check *check);

/* Lets the device do everything by its own kernels again. */
void doctor_clear_detours(cg_device *dev);

#endif
