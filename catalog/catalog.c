/* The lists of the families, one after the other. */
#include "catalog/catalog.h"

#include <string.h>

static const catalog_entry *const lists[] = {catalog_manipulation, catalog_indexing,     catalog_sorting,
                                             catalog_reduce,       catalog_losses,       catalog_linalg,
                                             catalog_activations,  catalog_preprocessing};

const catalog_entry *catalog_at(int i) {
    for (size_t list = 0; list < sizeof lists / sizeof *lists; list++)
        for (const catalog_entry *entry = lists[list]; entry->name; entry++)
            if (i-- == 0) return entry;
    return NULL;
}

const catalog_entry *catalog_find(const char *name) {
    const catalog_entry *entry;
    for (int i = 0; (entry = catalog_at(i)); i++)
        if (!strcmp(entry->name, name)) return entry;
    return NULL;
}
