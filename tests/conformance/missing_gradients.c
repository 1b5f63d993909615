/*
 * A missing gradient is an error, never a zero: every operation on inputs that require a gradient gives a result that can
 * be differentiated by each of them, or whose backward pass says that it has no gradient, or a result outside the record,
 * for which cg_backward is an error as well. What may leave the record is listed here.
 */
#include "catalog/catalog.h"
#include "support/device_test.h"

#include <string.h>

/* Made of the shape of their input alone, or piecewise constant: there is nothing to differentiate. */
static const struct {
    const char *name, *how; /* how NULL: always */
} constant[] = {{"zeros", NULL},
                {"ones", NULL},
                {"full", NULL},
                {"zeros_like", NULL},
                {"ones_like", NULL},
                {"full_like", NULL},
                {"eye", NULL},
                {"arange", NULL},
                {"linspace", NULL},
                {"uniform", NULL},
                {"normal", NULL},
                {"histogram_edges", "10 from 0 to 1"},
                {"norm", "p 0, axis -1"},
                {"norm", "p 0, special values"},
                {"cdist", "p 0"},
                {"lu", "p"},
                {"slogdet", "sign"}};

static bool is_constant(const catalog_entry *entry) {
    for (size_t i = 0; i < sizeof constant / sizeof *constant; i++)
        if (!strcmp(constant[i].name, entry->name) &&
            (!constant[i].how || !strcmp(constant[i].how, entry->how)))
            return true;
    return false;
}

/* Every real input is a leaf, whether the entry promises it a gradient or not. */
static int leaves_of(const catalog_case *c, cg_device *dev, cg_tensor **all, cg_tensor **leaf) {
    int n = 0;
    for (int k = 0; k < c->entry->n; k++) {
        all[k] = catalog_case_tensor(c, dev, k);
        if (cg_dtype_of(all[k]) == CG_F64) leaf[n++] = cg_require_grad(all[k], true);
    }
    return n;
}

static void check_entry(cg_device *dev, const catalog_entry *entry) {
    cg_tensor *all[CATALOG_INPUTS], *leaf[CATALOG_INPUTS], *g;
    const catalog_case c = catalog_case_smooth(entry);
    const int n = leaves_of(&c, dev, all, leaf);
    check_case("%s (%s)", entry->name, entry->how);
    cg_tensor *y = n ? entry->call(all) : NULL;
    if (!y || (cg_dtype_of(y) != CG_F32 && cg_dtype_of(y) != CG_F64)) return;
    if (!cg_requires_grad(y)) {
        CHECK_MSG(is_constant(entry) && !entry->gradient, "the result has left the record");
        return;
    }
    for (int k = 0; k < n; k++) {
        cg_status status = cg_grad(cg_sum(y, CG_ALL_AXES, false), NULL, 1, &leaf[k], true, &g);
        CHECK_MSG(status == CG_OK || status == CG_ERROR_GRADIENT, "by input %d: %s", k,
                  cg_error_message(dev));
        CHECK_MSG(status == CG_OK || !g, "an error and a gradient");
        CHECK_MSG(status == CG_OK || !entry->gradient || entry->x[k].no_gradient, "by input %d: %s", k,
                  cg_error_message(dev));
        if (status) cg_error_clear(dev);
    }
}

CPU_TEST(missing_gradients, are_errors) {
    for (int i = 0; catalog_at(i); i++) {
        if (!(catalog_at(i)->dtypes & CATALOG_BIT(CG_F64))) continue;
        cg_scope *scope = cg_scope_begin(dev);
        check_entry(dev, catalog_at(i));
        cg_error_clear(dev);
        cg_scope_end(scope);
        scratch_free_all();
    }
}
