/* The lists of the families, one after the other. */
#include "catalog/catalog.h"

#include <string.h>

static const struct {
    const char *family;
    const catalog_entry *entries;
} lists[] = {
    {"creation", catalog_creation},
    {"activations", catalog_activations},
    {"shapes", catalog_manipulation},
    {"indexing", catalog_indexing},
    {"order", catalog_sorting},
    {"reductions", catalog_reduce},
    {"losses", catalog_losses},
    {"products", catalog_linalg},
    {"distances", catalog_distances},
    {"solvers", catalog_solvers},
    {"solvers", catalog_lstsq},
    {"decompositions", catalog_decompositions},
    {"special functions", catalog_special},
    {"probability", catalog_probability},
    {"statistics", catalog_statistics},
    {"data", catalog_preprocessing},
    {"convolution", catalog_conv},
    {"metrics", catalog_metrics},
    {"networks", catalog_networks},
    {"networks", catalog_recurrent},
};

/* Entry i with its family; NULL past the end. */
static const catalog_entry *entry_at(int i, const char **family) {
    for (size_t list = 0; list < sizeof lists / sizeof *lists; list++) {
        *family = lists[list].family;
        for (const catalog_entry *entry = lists[list].entries; entry->name; entry++)
            if (i-- == 0) return entry;
    }
    return NULL;
}

const catalog_entry *catalog_at(int i) {
    const char *family;
    return entry_at(i, &family);
}

const char *catalog_family(const catalog_entry *entry) {
    const char *family;
    const catalog_entry *other;
    for (int i = 0; (other = entry_at(i, &family)) && other != entry; i++) continue;
    return family;
}

const catalog_entry *catalog_find(const char *name) {
    for (size_t list = 0; list < sizeof lists / sizeof *lists; list++)
        for (const catalog_entry *entry = lists[list].entries; entry->name; entry++)
            if (!strcmp(entry->name, name)) return entry;
    return NULL;
}
