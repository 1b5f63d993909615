/* The insides of a module. */
#ifndef CLGRAD_NN_MODULE_H
#define CLGRAD_NN_MODULE_H

#include "clgrad/nn.h"
#include "tensor/context.h"

/* What a module holds; each kind has a list of its own. */
typedef enum cg_member { CG_PARAMETERS, CG_BUFFERS } cg_member;
enum { CG_MEMBERS = CG_BUFFERS + 1 };

typedef struct cg_slot {
    char *name;
    cg_tensor *tensor;
} cg_slot;

typedef struct cg_slots {
    cg_slot *slot;
    int n;
} cg_slots;

/* A tensor somewhere in a tree: its path, and the slot that holds it. */
typedef struct cg_entry {
    char *path;
    cg_tensor **tensor;
} cg_entry;

typedef struct cg_entries {
    cg_entry *entry;
    int n;
} cg_entries;

typedef struct cg_named_module {
    char *name;
    cg_module *module;
} cg_named_module;

struct cg_module {
    cg_device *dev;
    char *name;
    cg_module *parent; /* NULL for the root of a tree */
    bool training;
    bool
        tidy; /* it and all within are the library's: no forward of the caller's may keep what is made inside */
    cg_forward_function *forward;
    void (*release)(void *context);
    void *context;

    cg_slots own[CG_MEMBERS];
    cg_named_module *child;
    int n_children;

    cg_entries tree[CG_MEMBERS]; /* of the whole tree, children last; made when first asked for */
};

/* cg_custom_module for the library's own kinds: what their forward makes, but for the result, is gone when it returns. */
cg_module *cg_module_new(cg_device *dev, const char *name, cg_forward_function *forward,
                         void (*release)(void *context), void *context);

/* cg_module_new with a copy of `value`, of so many bytes, as its context. */
cg_module *cg_module_keeping(cg_device *dev, const char *name, cg_forward_function *forward,
                             const void *value, size_t bytes);

/* All parameters or buffers of a tree; NULL and an error without memory. n may be 0. */
const cg_entries *cg_module_tree(const cg_module *module, cg_member kind);

/* The number of parameters or buffers of a tree. */
int cg_module_count(const cg_module *module, cg_member kind);

/* Forgets the lists of a module and of those it is in: something was added. */
void cg_module_tree_changed(cg_module *module);

/* Whether `part` is `module`, or in it. */
bool cg_module_contains(const cg_module *module, const cg_module *part);

/* A copy of `value` without a record, and a leaf if it is to be a parameter; in the innermost scope. */
cg_tensor *cg_module_copy(cg_tensor *value, bool leaf);

#endif
