#include "doctor_run.h"

#include "catalog/catalog_rows.h"

#include <math.h>
#include <string.h>

/* --- What there is to check ------------------------------------------------------------------------------------ */

static bool wanted(const catalog_operation *operation, cg_device *dev, const doctor_options *o, int t) {
    if (!selection_has_name(&o->which, operation->name)) return false;
    if (!selection_has_dtype(&o->which, t)) return false;
    if (t == CG_F64 && !cg_device_properties(dev)->has_f64) return false;
    return catalog_operation_takes(operation, (cg_dtype)t) &&
           !catalog_operation_converts(operation, (cg_dtype)t);
}

bool doctor_check_at(int i, cg_device *dev, const doctor_options *o, doctor_check *check) {
    catalog_operation operation;
    for (int k = 0; catalog_operation_at(k, &operation); k++)
        for (int t = CG_F32; t <= CG_BOOL; t++) {
            if (!wanted(&operation, dev, o, t) || i-- > 0) continue;
            *check = (doctor_check){.operation = operation, .dtype = (cg_dtype)t};
            return true;
        }
    return false;
}

/* --- One check ------------------------------------------------------------------------------------------------- */

static void take(doctor_check *check, const char *how, const catalog_verdict *verdict) {
    if (verdict->ulp > check->ulp) check->ulp = verdict->ulp;
    if (verdict->worst > check->worst) check->worst = verdict->worst;
    if (verdict->ok || !check->ok) return;
    check->ok = false;
    snprintf(check->text, sizeof check->text, "%s%s%s", how, *how ? ": " : "", verdict->text);
}

static void judge(cg_device *dev, const doctor_options *o, doctor_check *check) {
    const catalog_entry *entry;
    check->ok = true;
    check->ulp = check->worst = 0;
    if (check->operation.row >= 0) {
        const catalog_verdict verdict =
            catalog_operation_check_row(dev, check->operation.row, check->dtype, o->points);
        take(check, "", &verdict);
    }
    for (int k = 0; check->operation.row < 0 && (entry = catalog_at(k)); k++) {
        if (strcmp(entry->name, check->operation.name) != 0 || !(entry->dtypes >> check->dtype & 1)) continue;
        const catalog_verdict verdict = catalog_operation_check_entry(dev, entry, check->dtype);
        take(check, entry->how, &verdict);
    }
}

static bool is_right(cg_device *dev, const doctor_options *o, const doctor_check *failed) {
    doctor_check again = *failed;
    judge(dev, o, &again);
    return again.ok;
}

/* --- Detours ---------------------------------------------------------------------------------------------------- */

void doctor_clear_detours(cg_device *dev) {
    for (int kind = 0; kind < CG_WORK_COUNT; kind++)
        cg_device_set_detour(dev, cg_work_name((cg_work)kind), CG_DETOUR_NONE);
    for (int row = 0; row < CG_ROW_COUNT; row++)
        cg_device_set_detour(dev, catalog_row_at(row)->name, CG_DETOUR_NONE);
    cg_error_clear(dev);
}

/* Whether the operation is right with this detour, which then stays in force; else the one before does. */
static bool try_detour(cg_device *dev, const doctor_options *o, doctor_check *check, const char *name,
                       cg_detour detour) {
    const cg_detour before = cg_device_get_detour(dev, name);
    if (cg_device_set_detour(dev, name, detour) == CG_OK && is_right(dev, o, check)) return true;
    cg_error_clear(dev);
    cg_device_set_detour(dev, name, before);
    return false;
}

/* The kinds of work that the operation is made of, special ones before those that nearly all are made of. */
static int work_of(cg_device *dev, const doctor_check *check, const char *names[CG_WORK_COUNT]) {
    const catalog_observation o = catalog_operation_observe(&check->operation, dev, check->dtype);
    int n = 0;
    for (int kind = CG_WORK_COUNT - 1; kind >= 0; kind--)
        if (o.work[kind]) names[n++] = cg_work_name((cg_work)kind);
    return n;
}

static bool find_detours(cg_device *dev, const doctor_options *o, doctor_check *check) {
    static const cg_detour ladder[] = {CG_DETOUR_OTHER_KERNEL, CG_DETOUR_COMPOSED, CG_DETOUR_CPU};
    const char *names[CG_WORK_COUNT];
    if (check->operation.row >= 0) return try_detour(dev, o, check, check->operation.name, CG_DETOUR_CPU);
    const int n = work_of(dev, check, names);
    for (size_t step = 0; step < sizeof ladder / sizeof *ladder; step++)
        for (int i = 0; i < n; i++)
            if (try_detour(dev, o, check, names[i], ladder[step])) return true;
    cg_detour before[CG_WORK_COUNT];
    for (int i = 0; i < n; i++) {
        before[i] = cg_device_get_detour(dev, names[i]);
        cg_device_set_detour(dev, names[i], CG_DETOUR_CPU);
    }
    if (n > 0 && is_right(dev, o, check)) return true;
    cg_error_clear(dev);
    for (int i = 0; i < n; i++) cg_device_set_detour(dev, names[i], before[i]);
    return false;
}

void doctor_check_run(cg_device *dev, const doctor_options *o, doctor_check *check) {
    judge(dev, o, check);
    if (check->ok) return;
    check->avoided = find_detours(dev, o, check);
    cg_error_clear(dev);
    if (check->avoided) snprintf(check->detours, sizeof check->detours, "%s", cg_device_detours(dev));
}
