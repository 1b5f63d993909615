/* What came out of a search. */
#include "train/search.h"

#include "train/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int cg_search_trials(const cg_search *s) { return s ? s->trials : 0; }

const cg_trial *cg_search_trial(const cg_search *s, int i) {
    return s && i >= 0 && i < s->trials ? &s->trial[i] : NULL;
}

double cg_search_value(const cg_search *s, int i, const char *name) {
    const cg_trial *trial = cg_search_trial(s, i);
    for (int k = 0; trial && name && k < s->n; k++)
        if (strcmp(s->name[k], name) == 0) return trial->value[k];
    return (double)NAN;
}

static void print(FILE *out, const void *what) {
    const cg_search *s = what;
    fputs("trial,status,score,seconds", out);
    for (int k = 0; k < s->n; k++) fprintf(out, ",%s", s->name[k]);
    fputc('\n', out);
    for (int i = 0; i < s->trials; i++) {
        const cg_trial *t = &s->trial[i];
        fprintf(out, "%d,%s,", t->number, cg_status_name(t->status));
        cg_text_number(out, t->score);
        fprintf(out, ",%.6f", t->seconds);
        for (int k = 0; k < s->n; k++) fputc(',', out), cg_text_number(out, t->value[k]);
        fputc('\n', out);
    }
}

cg_status cg_search_save(const cg_search *s, const char *path) {
    if (!s) return CG_ERROR_ARGUMENT;
    return cg_text_save(path, "search_save", print, s);
}

void cg_search_free(cg_search *s) {
    if (!s) return;
    for (int i = 0; s->name && i < s->n; i++) free(s->name[i]);
    free(s->name);
    free(s->trial);
    free(s->value);
    free(s);
}
