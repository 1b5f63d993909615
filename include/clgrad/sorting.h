/* Order: sorting, searching, counting, scans, order statistics. All of it runs on the device. */
#ifndef CLGRAD_SORTING_H
#define CLGRAD_SORTING_H

#include "tensor.h"

CG_BEGIN_DECLS

CG_END_DECLS
#endif
