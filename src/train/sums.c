/* Loss and metrics over the batches of an epoch, without waiting for the device. */
#include "train/trainer.h"

#include "clgrad/autograd.h"
#include "clgrad/manipulation.h"
#include "clgrad/ops.h"

#include <math.h>

/* One number, f32 or f64. */
static bool is_scalar(const cg_trainer *t, const cg_tensor *x, const char *name) {
    if (!x) {
        CG_FAIL(&t->dev->error, CG_ERROR_ARGUMENT, "fit: %s gave no tensor", name);
        return false;
    }
    const cg_dtype dtype = cg_dtype_of(x);
    if (cg_numel(x) == 1 && (dtype == CG_F32 || dtype == CG_F64)) return true;
    CG_FAIL(&t->dev->error, CG_ERROR_SHAPE,
            "fit: %s is %s with %lld elements, expected one number, f32 or f64", name, cg_dtype_name(dtype),
            (long long)cg_numel(x));
    return false;
}

cg_tensor *cg_trainer_batch_loss(const cg_trainer *t, cg_tensor *output, cg_tensor *target) {
    cg_tensor *loss = output ? t->loss_function(t->loss_context, output, target) : NULL;
    return is_scalar(t, loss, output ? "the loss" : "the module") ? loss : NULL;
}

/* *sum += mean * count. */
static cg_status add(cg_tensor **sum, cg_tensor *mean, double count) {
    cg_tensor *part = cg_mul(cg_reshape(mean, cg_shape()), count);
    cg_tensor *next = cg_retain(*sum ? cg_add(*sum, part) : part);
    cg_release(*sum);
    *sum = next;
    return next ? CG_OK : cg_error_code(cg_device_of(mean));
}

cg_status cg_sums_add(cg_sums *sums, const cg_trainer *t, cg_tensor *loss, cg_tensor *output,
                      cg_tensor *target, bool metrics) {
    const double count = cg_rank(output) > 0 ? (double)cg_size(output, 0) : 1;
    cg_no_grad_begin(t->dev);
    cg_status status = add(&sums->sum[0], loss, count);
    for (int i = 0; metrics && i < t->options.n_metrics && status == CG_OK; i++) {
        const cg_metric *m = &t->metric[i];
        cg_tensor *mean = m->function(m->context, output, target);
        status = is_scalar(t, mean, m->name) ? add(&sums->sum[1 + i], mean, count) : t->dev->error.code;
    }
    cg_no_grad_end(t->dev);
    sums->samples += count;
    return status;
}

cg_status cg_sums_take(cg_sums *sums, double *loss, double *metric) {
    cg_status status = CG_OK;
    for (int i = 0; i < 1 + CG_MAX_METRICS && status == CG_OK; i++) {
        double *to = i == 0 ? loss : &metric[i - 1];
        *to = (double)NAN;
        if (sums->sum[i]) status = cg_item(sums->sum[i], to);
        *to /= sums->samples;
    }
    cg_sums_drop(sums);
    return status;
}

void cg_sums_drop(cg_sums *sums) {
    for (int i = 0; i < 1 + CG_MAX_METRICS; i++) cg_release(sums->sum[i]);
    *sums = (cg_sums){0};
}
