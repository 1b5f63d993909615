/* Histories as CSV: epoch,loss,METRIC...,validation_loss,validation_METRIC...,lr,seconds. */
#include "train/history.h"

#include "io/input_file.h"
#include "io/system_error.h"
#include "train/text.h"

#include <stdlib.h>
#include <string.h>

static const char prefix[] = "validation_";

void cg_history_print(FILE *out, const void *what) {
    const cg_history *h = what;
    fputs("epoch,loss", out);
    for (int i = 0; i < h->n_metrics; i++) fprintf(out, ",%s", h->metric[i]);
    fprintf(out, ",%sloss", prefix);
    for (int i = 0; i < h->n_metrics; i++) fprintf(out, ",%s%s", prefix, h->metric[i]);
    fputs(",lr,seconds\n", out);
    for (int row = 0; row < h->n; row++) {
        const cg_epoch *e = &h->epoch[row];
        fprintf(out, "%d,", row + 1);
        cg_text_number(out, e->loss);
        for (int i = 0; i < h->n_metrics; i++) fputc(',', out), cg_text_number(out, e->metric[i]);
        fputc(',', out), cg_text_number(out, e->validation_loss);
        for (int i = 0; i < h->n_metrics; i++) fputc(',', out), cg_text_number(out, e->validation_metric[i]);
        fputc(',', out), cg_text_number(out, e->lr);
        fputc(',', out), cg_text_number(out, e->seconds);
        fputc('\n', out);
    }
}

cg_status cg_history_save(const cg_history *history, const char *path) {
    if (!history) return CG_ERROR_ARGUMENT;
    return cg_text_save(path, "history_save", cg_history_print, history);
}

/* --- Reading ------------------------------------------------------------------------------------------------------ */

typedef struct reader {
    const char *at, *where;
    int line;
    cg_error *err;
} reader;

static bool fail(const reader *r, const char *what) {
    CG_FAIL(r->err, CG_ERROR_FORMAT, "history: " CG_PATH_FORMAT ": line %d: %s", r->where, r->line, what);
    return false;
}

static bool skip(reader *r, const char *text) {
    const size_t n = strlen(text);
    if (strncmp(r->at, text, n) != 0) return false;
    r->at += n;
    return true;
}

static bool end_line(reader *r) {
    (void)skip(r, "\r");
    if (*r->at && !skip(r, "\n")) return false;
    r->line++;
    return true;
}

/* Names up to "validation_loss" are metrics. The rest of the line must repeat them. */
static cg_history *read_names(reader *r) {
    char *name[CG_MAX_METRICS] = {0};
    int n = 0;
    bool ok = skip(r, "epoch,loss,") || fail(r, "it does not begin with epoch,loss");
    while (ok && !skip(r, "validation_loss")) {
        const size_t length = strcspn(r->at, ",\r\n");
        ok = (n < CG_MAX_METRICS && r->at[length] == ',' && length > 0) ||
             fail(r, "expected metrics, then validation_loss");
        if (ok) name[n] = strndup(r->at, length), ok = name[n++] || fail(r, "out of memory");
        r->at += ok ? length + 1 : 0;
    }
    for (int i = 0; ok && i < n; i++)
        ok = (skip(r, ",") && skip(r, prefix) && skip(r, name[i])) ||
             fail(r, "expected the validation_ metrics");
    ok = ok && ((skip(r, ",lr,seconds") && end_line(r)) || fail(r, "expected lr,seconds at its end"));
    cg_history *history = ok ? cg_history_new(n, (const char *const *)name) : NULL;
    if (ok && !history) CG_FAIL(r->err, CG_ERROR_MEMORY, "history: out of memory");
    for (int i = 0; i < n; i++) free(name[i]);
    return history;
}

static bool read_field(reader *r, double *value) {
    return skip(r, ",") && cg_text_read_number(&r->at, value);
}

static bool read_row(reader *r, cg_history *h) {
    cg_epoch e = cg_epoch_empty();
    double number;
    bool ok = cg_text_read_number(&r->at, &number) && number == h->n + 1 && read_field(r, &e.loss);
    for (int i = 0; ok && i < h->n_metrics; i++) ok = read_field(r, &e.metric[i]);
    ok = ok && read_field(r, &e.validation_loss);
    for (int i = 0; ok && i < h->n_metrics; i++) ok = read_field(r, &e.validation_metric[i]);
    ok = ok && read_field(r, &e.lr) && read_field(r, &e.seconds) && end_line(r);
    if (!ok) return fail(r, "it is no row of numbers as the first line names them, or not the next epoch's");
    if (cg_history_append(h, &e)) return true;
    CG_FAIL(r->err, CG_ERROR_MEMORY, "history: out of memory");
    return false;
}

cg_history *cg_history_parse(const char *text, const char *where, cg_error *err) {
    reader r = {text, where, 1, err};
    cg_history *history = read_names(&r);
    while (history && *r.at)
        if (!read_row(&r, history)) {
            cg_history_free(history);
            return NULL;
        }
    return history;
}

cg_history *cg_history_load(const char *path) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    cg_input_file file;
    if (cg_input_open(&file, path, err) != CG_OK) return NULL;
    cg_history *history = NULL;
    char *text = malloc((size_t)file.bytes + 1);
    if (!text)
        CG_FAIL(err, CG_ERROR_MEMORY, "history: out of memory for " CG_PATH_FORMAT, path);
    else if (cg_input_read(&file, text, (size_t)file.bytes, 0, err) == CG_OK) {
        text[file.bytes] = 0;
        history = cg_history_parse(text, path, err);
    }
    free(text);
    cg_input_close(&file);
    return history;
}
