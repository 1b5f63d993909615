/* The operations of this family: see catalog.h. */
#include "catalog/catalog.h"

const catalog_entry catalog_activations[] = {
    {.name = NULL},
};
