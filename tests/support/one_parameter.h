/* A module that is nothing but parameters, for what is done to parameters. */
#ifndef CLGRAD_TESTS_ONE_PARAMETER_H
#define CLGRAD_TESTS_ONE_PARAMETER_H

#include "support/device_test.h"

enum { ONE_PARAMETER = 7 /* elements */ };

/* A module without parameters that gives back what it is given. */
cg_module *no_parameters(cg_device *dev);

/* One with the parameter "p", which starts at 1, 0.5, 0, ...: put into `start` too. */
cg_module *one_parameter(cg_device *dev, cg_dtype t, double *start);

#endif
