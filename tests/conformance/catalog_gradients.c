/* The gradient of every entry of the catalog, and the gradient of that, against numerical ones. */
#include "catalog/catalog.h"
#include "support/device_test.h"
#include "support/gradients.h"

/* An entry with the inputs that get no gradient held fixed. */
typedef struct held {
    const catalog_entry *entry;
    cg_tensor *x[CATALOG_INPUTS];
} held;

static cg_tensor *call_held(void *context, int n, cg_tensor *const *x) {
    const held *h = context;
    cg_tensor *all[CATALOG_INPUTS];
    int next = 0;
    (void)n;
    for (int k = 0; k < h->entry->n; k++) all[k] = catalog_wants_gradient(h->entry, k) ? x[next++] : h->x[k];
    return h->entry->call(all);
}

static void run_entry(cg_device *dev, const catalog_entry *entry, bool second) {
    check_case("%s of %s (%s)", second ? "second gradient" : "gradient", entry->name, entry->how);
    cg_scope *scope = cg_scope_begin(dev);
    catalog_case c = catalog_case_smooth(entry);
    held h = {.entry = entry};
    cg_tensor *x[CATALOG_INPUTS];
    int n = 0;
    for (int k = 0; k < entry->n; k++) {
        h.x[k] = catalog_case_tensor(&c, dev, k);
        if (catalog_wants_gradient(entry, k)) x[n++] = h.x[k];
    }
    if (second)
        check_second_gradient(call_held, &h, n, x);
    else
        check_gradient(call_held, &h, n, x);
    cg_scope_end(scope);
    scratch_free_all();
}

/* Rules are compositions, the same on every backend: OpenCL, where each needs kernels to be built, takes a few. */
DEVICE_TEST_ONCE(catalog, gradients) {
    if (!cg_device_properties(dev)->has_f64) return;
    for (int i = 0; catalog_at(i); i++)
        if (catalog_at(i)->gradient && (!device_is_opencl(dev) || i % 64 == 0))
            run_entry(dev, catalog_at(i), false);
}

CPU_TEST(catalog, second_gradients) {
    for (int i = 0; catalog_at(i); i++)
        if (catalog_at(i)->gradient) run_entry(dev, catalog_at(i), true);
}

/* The f32 gradient is the f64 gradient of the same numbers, rounded: the same rule in another dtype. */
static void compare_in_f32(cg_device *dev, const catalog_entry *entry) {
    check_case("f32 gradient of %s (%s)", entry->name, entry->how);
    cg_scope *scope = cg_scope_begin(dev);
    catalog_case c = catalog_case_smooth(entry);
    cg_tensor *wide[CATALOG_INPUTS], *narrow[CATALOG_INPUTS];
    for (int k = 0; k < entry->n; k++) {
        wide[k] = narrow[k] = catalog_case_tensor(&c, dev, k);
        if (cg_dtype_of(wide[k]) != CG_F64) continue;
        narrow[k] = cg_cast(wide[k], CG_F32);
        wide[k] = cg_cast(narrow[k], CG_F64);
        if (!catalog_wants_gradient(entry, k)) continue;
        cg_require_grad(narrow[k], true);
        cg_require_grad(wide[k], true);
    }
    CHECK_MSG(cg_backward(cg_sum(entry->call(wide), CG_ALL_AXES, false)) == CG_OK, "%s",
              cg_error_message(dev));
    CHECK_MSG(cg_backward(cg_sum(entry->call(narrow), CG_ALL_AXES, false)) == CG_OK, "%s",
              cg_error_message(dev));
    for (int k = 0; k < entry->n; k++)
        if (catalog_wants_gradient(entry, k) && CHECK(cg_grad_of(wide[k]) != NULL))
            check_within(cg_grad_of(narrow[k]), CG_F32, entry->x[k].shape, read_values(cg_grad_of(wide[k])),
                         256, NULL);
    cg_scope_end(scope);
    scratch_free_all();
}

CPU_TEST(catalog, gradients_in_f32) {
    for (int i = 0; catalog_at(i); i++)
        if (catalog_at(i)->gradient && catalog_at(i)->dtypes & 1) compare_in_f32(dev, catalog_at(i));
}
