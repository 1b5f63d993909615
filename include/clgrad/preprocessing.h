/* Normalization of data: fitted on one set, applied to another, inverted. */
#ifndef CLGRAD_PREPROCESSING_H
#define CLGRAD_PREPROCESSING_H

#include "reduce.h"

CG_BEGIN_DECLS

CG_END_DECLS
#endif
