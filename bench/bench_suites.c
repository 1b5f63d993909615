#include "bench_suites.h"

#include <string.h>

const bench_case *bench_any_case_at(int i) {
    static int cases; /* counted once */
    if (cases == 0)
        while (bench_case_at(cases)) cases++;
    return i < cases ? bench_case_at(i) : bench_operation_at(i - cases);
}

/* A case's suite is the first of these that it belongs to; what is in none is a suite by itself. */
static const bench_suite suites[] = {
    {"gemm", "products of matrices, linear layers", "matmul gemm linear*"},
    {"map", "elementwise passes over memory, fused chains", "map chain bias_relu"},
    {"reduce", "sums, softmax, cross-entropy", "sum column_sums softmax cross_entropy reduce loss"},
    {"order", "sort, argsort, running sums", "order"},
    {"linalg", "factorizations and solvers, distances", "linalg distances"},
    {"conv", "convolutions and pooling", "conv pool"},
    {"norm", "normalizations and attention", "layer_norm* rms_norm batch_norm norm_* attention"},
    {"random", "random numbers", "random"},
    {"train", "training steps, optimizers", "train* replay* adam adamw sgd momentum rmsprop adagrad"},
    {"overhead", "what a call costs", "overhead"},
    {"memory", "between host and device", "memory"},
    {"start", "processes from their start", "start"},
    {"ops", "every operation of the catalog by itself", "ops"},
    {"sweep", "speed over size: square products, maps, softmax", NULL},
};
enum { SUITES = sizeof suites / sizeof *suites };

const bench_suite *bench_suite_at(int i) { return i < SUITES ? &suites[i] : NULL; }

static bool named(const char *name, size_t length, const char *text) {
    return strlen(text) == length && strncmp(name, text, length) == 0;
}

/* Cases of one kind of work that differ in one size alone, as a curve needs them. */
static bool in_sweep(const bench_case *what) {
    const char *work = what->work->suite;
    const int64_t *size = what->size[BENCH_FULL];
    if (strcmp(work, "matmul") == 0) return size[0] == size[1] && size[1] == size[2] && size[3] == 0;
    return strcmp(work, "map") == 0 || strcmp(work, "softmax") == 0;
}

/* Whether one of `words` is the text, or ends in "*" and begins it. */
static bool one_is(const char *words, const char *text) {
    for (const char *word = words; *word;) {
        word += strspn(word, " ");
        const size_t length = strcspn(word, " ");
        const bool begins = length > 0 && word[length - 1] == '*';
        if (begins ? strncmp(word, text, length - 1) == 0 : named(word, length, text)) return true;
        word += length;
    }
    return false;
}

static bool belongs(const bench_suite *suite, const bench_case *what) {
    return suite->works ? one_is(suite->works, what->work->suite) : in_sweep(what);
}

const char *bench_suite_of(const bench_case *what) {
    for (int i = 0; i < SUITES; i++)
        if (belongs(&suites[i], what)) return suites[i].name;
    return what->work->suite;
}

static bool name_has(const char *name, size_t length, const bench_case *what) {
    for (int i = 0; i < SUITES; i++)
        if (named(name, length, suites[i].name) && belongs(&suites[i], what)) return true;
    return named(name, length, what->work->suite);
}

/* The name that a comma list begins with, and the rest of the list; NULL after the last. */
static const char *next_name(const char *list, size_t *length) {
    *length = strcspn(list, ",");
    return list[*length] ? list + *length + 1 : NULL;
}

bool bench_suites_have(const char *list, const bench_case *what) {
    if (!list) return true;
    for (const char *name = list, *rest; name; name = rest) {
        size_t length;
        rest = next_name(name, &length);
        if (name_has(name, length, what)) return true;
    }
    return false;
}

bool bench_titles_have(const char *list, const char *title) {
    if (!list) return true;
    for (const char *name = list, *rest; name; name = rest) {
        size_t length;
        rest = next_name(name, &length);
        if (named(name, length, title)) return true;
    }
    return false;
}

static bool known_title(const char *name, size_t length) {
    for (int i = 0; bench_any_case_at(i); i++)
        if (named(name, length, bench_case_title(bench_any_case_at(i)))) return true;
    return false;
}

static bool known_suite(const char *name, size_t length) {
    for (int i = 0; i < SUITES; i++)
        if (named(name, length, suites[i].name)) return true;
    for (int i = 0; bench_any_case_at(i); i++)
        if (name_has(name, length, bench_any_case_at(i))) return true;
    return false;
}

/* The first name of a comma list that is not known; NULL if all are. */
static const char *first_unknown(const char *list, bool (*known)(const char *, size_t), size_t *length) {
    for (const char *name = list, *rest; name; name = rest) {
        rest = next_name(name, length);
        if (!known(name, *length)) return name;
    }
    return NULL;
}

const char *bench_suites_unknown(const char *list, size_t *length) {
    return first_unknown(list, known_suite, length);
}

const char *bench_titles_unknown(const char *list, size_t *length) {
    return first_unknown(list, known_title, length);
}
