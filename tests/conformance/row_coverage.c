/* Nothing escapes the tests: every row has a reference, every operation a gradient check. */
#include "catalog/catalog.h"
#include "support/device_test.h"
#include "support/files.h"
#include "support/row_check.h"

#include <string.h>

HOST_TEST(coverage, every_row_has_a_reference) {
    for (int row = 0; row < CG_ROW_COUNT; row++) {
        const ref_row *ref = ref_row_find(cg_rows[row].name);
        check_case("%s", cg_rows[row].name);
        if (!CHECK_MSG(ref != NULL, "no entry in reference/ref_rows.c")) continue;
        CHECK_MSG(ref->real != NULL, "no real definition");
        bool has_integers = cg_rows[row].class != CG_CLASS_FLOAT;
        CHECK_MSG(has_integers == (ref->integer != NULL), "the row %s integers, the reference does not agree",
                  has_integers ? "takes" : "promotes");
    }
}

/* The names of functions that return a tensor in a header, one call per name. */
static void each_operation(const char *header, void (*visit)(const char *name)) {
    char relative[96], line[512], name[64];
    snprintf(relative, sizeof relative, "include/clgrad/%s", header);
    FILE *file = fopen(source_path(relative), "r");
    if (!file) cr_skip_test("the sources are not here");
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "CG_API cg_tensor *cg_%63[a-z0-9_](", name) == 1) visit(name);
    fclose(file);
}

static void needs_a_check(const char *name) {
    const char *forward = strstr(name, "_forward");
    if (!strncmp(name, "scaler_", 7) || !strncmp(name, "pca_", 4) ||
        (forward && !strcmp(forward, "_forward")))
        return; /* methods of objects */
    check_case("cg_%s", name);
    for (int row = 0; row < CG_ROW_COUNT; row++)
        if (!strcmp(cg_rows[row].name, name)) return; /* row_gradients.c takes every row */
    CHECK_MSG(catalog_find(name) != NULL, "no entry in the catalog");
}

/* An operation that the catalog does not describe fails here. */
HOST_TEST(coverage, every_operation_is_listed) {
    static const char *const headers[] = {
        "ops.h",           "activations.h", "manipulation.h", "indexing.h",      "sorting.h",
        "reduce.h",        "linalg.h",      "distances.h",    "loss.h",          "preprocessing.h",
        "special.h",       "probability.h", "statistics.h",   "decomposition.h", "metrics.h",
        "normalization.h", "attention.h",   "conv.h",         "pooling.h",       "recurrent.h"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) each_operation(headers[i], needs_a_check);
}

/* "A benchmark row each": the suite ops of clgrad bench takes the shapes that an operation's first entry names. */
HOST_TEST(coverage, every_operation_has_a_size_to_be_timed_at) {
    for (int i = 0; catalog_at(i); i++)
        CHECK_MSG(catalog_find(catalog_at(i)->name)->large[0].rank > 0, "%s names no .large",
                  catalog_at(i)->name);
}
