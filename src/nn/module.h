/* The insides of a module. */
#ifndef CLGRAD_NN_MODULE_H
#define CLGRAD_NN_MODULE_H

#include "clgrad/nn.h"
#include "tensor/context.h"

typedef struct cg_named_parameter {
    char *name; /* its own name, or in the flat list its path */
    cg_tensor *tensor;
} cg_named_parameter;

struct cg_module {
    cg_device *dev;
    char *name;
    cg_forward_function *forward;
    void (*release)(void *context);
    void *context;

    cg_named_parameter *parameter; /* its own */
    int n_parameters;
    cg_module **child;
    int n_children;

    cg_named_parameter *flat; /* all, with paths, children last; made when first asked for */
    int n_flat;
};

/* Appends a child, which belongs to `module` from now on. */
cg_status cg_module_add_child(cg_module *module, cg_module *child);

/* All parameters with their paths; NULL and an error without memory (or n = 0). */
const cg_named_parameter *cg_module_flat(const cg_module *module, int *n);

#endif
