#include "predict_output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool predict_report_begin(predict_report *r, bool labelled) {
    r->labelled = labelled;
    r->confusion = calloc((size_t)(r->classes * r->classes) + 1, sizeof *r->confusion);
    if (!r->confusion) return false;
    if (r->rows && r->csv) puts(labelled ? "sample,label,class,probability" : "image,class,probability");
    if (r->rows && !r->csv)
        puts(labelled ? "sample  label  class  probability" : "class  probability  image");
    return true;
}

/* A name as a field of CSV: in quotes where it has to be. */
static void print_field(const char *text) {
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text; text++) {
        if (*text == '"') putchar('"');
        putchar(*text);
    }
    putchar('"');
}

static void print_named(const predict_report *r, const char *name, int best, double probability) {
    if (r->csv) {
        print_field(name);
        printf(",%d,%.6f\n", best, probability);
    } else {
        printf("%5d  %11.4f  %s\n", best, probability, name);
    }
}

void predict_report_add(predict_report *r, const prediction *p, const cg_dataset *labels,
                        char *const *names) {
    for (int64_t i = 0; i < p->samples; i++) {
        int label = -1;
        if (labels) (void)cg_dataset_sample(labels, i, &label);
        if (label >= 0) r->confusion[label * r->classes + p->best[i]]++;
        if (r->rows && labels)
            printf(r->csv ? "%lld,%d,%d,%.6f\n" : "%6lld  %5d  %5d  %11.4f\n", (long long)(r->samples + i),
                   label, p->best[i], (double)p->probability[i]);
        if (r->rows && !labels) print_named(r, names[i], p->best[i], (double)p->probability[i]);
    }
    r->samples += p->samples;
}

/* Columns as wide as the largest number needs. */
static void print_confusion(const predict_report *r, FILE *out) {
    int64_t largest = r->classes;
    for (int64_t i = 0; i < r->classes * r->classes; i++)
        if (r->confusion[i] > largest) largest = r->confusion[i];
    int width = 1;
    for (int64_t n = largest; n >= 10; n /= 10) width++;
    fprintf(out, "label \\ class");
    for (int64_t j = 0; j < r->classes; j++) fprintf(out, " %*lld", width, (long long)j);
    fputc('\n', out);
    for (int64_t i = 0; i < r->classes; i++) {
        fprintf(out, "%13lld", (long long)i);
        for (int64_t j = 0; j < r->classes; j++)
            fprintf(out, " %*lld", width, (long long)r->confusion[i * r->classes + j]);
        fputc('\n', out);
    }
}

void predict_report_end(const predict_report *r) {
    FILE *out = r->csv ? stderr : stdout;
    int64_t hits = 0;
    if (!r->labelled || r->samples == 0) return;
    for (int64_t i = 0; i < r->classes; i++) hits += r->confusion[i * r->classes + i];
    if (r->rows && !r->csv) putchar('\n');
    print_confusion(r, out);
    fprintf(out, "accuracy %.4f of %lld samples\n", (double)hits / (double)r->samples, (long long)r->samples);
}

void predict_report_free(predict_report *r) {
    free(r->confusion);
    r->confusion = NULL;
}
