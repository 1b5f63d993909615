/* Every entry of the catalog against its reference: each dtype, each layout of its inputs, fused and not. */
#include "catalog/catalog.h"
#include "support/device_test.h"

/* The inputs in a layout where their shape can have it (broadcast ones would change the values). */
static cg_tensor *input_in(const catalog_case *c, cg_device *dev, int k, test_layout layout) {
    cg_dims shape = c->entry->x[k].shape;
    if (layout == LAYOUT_EXPANDED || !layout_fits(layout, shape)) layout = LAYOUT_CONTIGUOUS;
    return layout_tensor(dev, c->in_dtype[k], shape, layout, c->in[k]);
}

static void run_entry(cg_device *dev, const catalog_entry *entry, cg_dtype dtype, test_layout layout) {
    check_case("%s (%s) %s %s", entry->name, entry->how, cg_dtype_name(dtype), layout_name(layout));
    cg_scope *scope = cg_scope_begin(dev);
    catalog_case c = catalog_case_make(entry, dtype, 40 + (uint64_t)layout);
    cg_tensor *x[CATALOG_INPUTS] = {0};
    for (int k = 0; k < entry->n; k++) x[k] = input_in(&c, dev, k, layout);
    cg_tensor *got = entry->call(x);
    CHECK_MSG(got != NULL, "%s", cg_error_message(dev));
    if (got) {
        catalog_verdict verdict = catalog_case_verify(&c, got);
        CHECK_MSG(verdict.ok, "%s", verdict.text);
    } else {
        cg_error_clear(dev);
    }
    cg_scope_end(scope);
    scratch_free_all();
}

/* On OpenCL each program is a kernel to be built: there the dtypes that only change loads and stores are left out. */
static bool in_turn(cg_device *dev, const catalog_entry *entry, int t) {
    if (!(entry->dtypes >> t & 1) || (t == CG_F64 && !cg_device_properties(dev)->has_f64)) return false;
    if (!device_is_opencl(dev)) return true;
    return t == CG_F32 || (t == CG_I32 && catalog_find(entry->name) == entry);
}

static bool is_first(int i) { return catalog_find(catalog_at(i)->name) == catalog_at(i); }

DEVICE_TEST_ONCE(small_catalog, values) {
    for (int i = 0; catalog_at(i); i++)
        for (int t = CG_F32; t <= CG_BOOL; t++)
            if (in_turn(dev, catalog_at(i), t)) run_entry(dev, catalog_at(i), (cg_dtype)t, LAYOUT_CONTIGUOUS);
}

DEVICE_TEST_ONCE(catalog, layouts) {
    for (int i = 0; catalog_at(i); i++)
        for (int layout = 1; layout < LAYOUT_COUNT; layout++)
            if (!device_is_opencl(dev) || (is_first(i) && layout == 1 + i % (LAYOUT_COUNT - 1)))
                run_entry(dev, catalog_at(i), catalog_at(i)->dtypes & 1 ? CG_F32 : CG_I64,
                          (test_layout)layout);
}

/* f64 on OpenCL takes its turn with the first entry of each name. */
DEVICE_TEST_ONCE(catalog, f64) {
    for (int i = 0; device_is_opencl(dev) && catalog_at(i); i++)
        if (catalog_at(i)->dtypes >> CG_F64 & 1 && is_first(i) && cg_device_properties(dev)->has_f64)
            run_entry(dev, catalog_at(i), CG_F64, LAYOUT_CONTIGUOUS);
}
