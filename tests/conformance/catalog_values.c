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

static bool is_first(int i) { return catalog_find(catalog_at(i)->name) == catalog_at(i); }

/*
 * The CPU backend takes every entry in every dtype. An interpreter of kernels (oclgrind) takes every operation by its
 * first entry. PoCL needs half a second for each new kernel, and what it makes of them is seen by the tests of the rows
 * and of the families: it takes a share of all, by their places in the list.
 */
static bool has_turn(cg_device *dev, int i, int t) {
    static const int one_in[] = {
        [CG_F32] = 7, [CG_F64] = 48, [CG_I32] = 48, [CG_I64] = 48, [CG_U8] = 48, [CG_BOOL] = 48};
    if (device_is_slow(dev)) return is_first(i) && (t == CG_F32 || i % 4 == 0);
    return !device_is_opencl(dev) || i % one_in[t] == 0;
}

static bool takes(cg_device *dev, const catalog_entry *entry, int t) {
    return entry->dtypes >> t & 1 && (t != CG_F64 || cg_device_properties(dev)->has_f64);
}

/* Every other entry: two tests of them, for two processes at work. */
static void run_half(cg_device *dev, int first) {
    for (int i = first; catalog_at(i); i += 2)
        for (int t = CG_F32; t <= CG_BOOL; t++)
            if (takes(dev, catalog_at(i), t) && has_turn(dev, i, t))
                run_entry(dev, catalog_at(i), (cg_dtype)t, LAYOUT_CONTIGUOUS);
}

DEVICE_TEST_ONCE(small_catalog, values) { run_half(dev, 0); }
DEVICE_TEST_ONCE(small_catalog, values_of_the_others) { run_half(dev, 1); }

DEVICE_TEST_ONCE(catalog, layouts) {
    for (int i = 0; catalog_at(i); i++)
        for (int layout = 1; layout < LAYOUT_COUNT; layout++)
            if (!device_is_opencl(dev) || (i % 32 == 0 && layout == 1 + i / 32 % (LAYOUT_COUNT - 1)))
                run_entry(dev, catalog_at(i), catalog_at(i)->dtypes & 1 ? CG_F32 : CG_I64,
                          (test_layout)layout);
}

/* On OpenCL every tenth operation in f64, by its first entry. */
OPENCL_TEST(catalog, f64) {
    for (int i = 0, first = 0; catalog_at(i); i++)
        if (is_first(i) && first++ % 10 == 0 && takes(dev, catalog_at(i), CG_F64))
            run_entry(dev, catalog_at(i), CG_F64, LAYOUT_CONTIGUOUS);
}
