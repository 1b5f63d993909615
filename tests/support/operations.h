/* Every operation that is not a row, with what its gradient is checked on. */
#ifndef CLGRAD_TESTS_OPERATIONS_H
#define CLGRAD_TESTS_OPERATIONS_H

#include "clgrad/clgrad.h"

/* One way of calling an operation on f64 tensors. An operation may have several. */
typedef struct operation {
    const char *name; /* cg_<name> */
    const char *how;
    cg_function *call; /* NULL: it has no gradient by nature */
    int n;             /* inputs, of these shapes */
    cg_dims shape[3];
} operation;

int operation_count(void);
const operation *operation_at(int i);

/* Whether it is the first of its name in the list. */
bool operation_is_first(const operation *op);

/* Inputs whose elements all differ by 0.2 or more and are not near 0: no kink of max or min is close. */
void operation_inputs(cg_device *dev, const operation *op, cg_tensor **x);

#endif
