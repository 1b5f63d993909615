/* Which operations a command takes, on which device: --device, --dtype and a part of a name, the same for all of them. */
#ifndef CLGRAD_CLI_SELECTION_H
#define CLGRAD_CLI_SELECTION_H

#include "catalog/catalog_operation.h"

#include <argp.h>

typedef struct selection {
    const char *device; /* NULL: the best */
    int dtype;          /* only this one; -1: all */
    const char *part;   /* only operations whose name has it; NULL: all */
} selection;

/* A child parser, whose input is a selection. */
extern const struct argp selection_parser;

/* For .children of a parser; its options get the selection at ARGP_KEY_INIT by state->child_inputs[0]. */
extern const struct argp_child selection_children[];

bool selection_has_name(const selection *s, const char *operation);
bool selection_has_dtype(const selection *s, int dtype);

/* Says that nothing was selected; returns the exit code. */
int selection_is_empty(const selection *s);

#endif
