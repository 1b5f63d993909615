#include "support/device_test.h"
#include "support/files.h"

#include <math.h>
#include <string.h>

/* Writes down what it is asked; score (x - 3)^2 + y. */
typedef struct notes {
    int n, stop_at;
    double value[400][3];
    uint64_t seed[400];
    volatile sig_atomic_t flag;
} notes;

static cg_status bowl(void *context, const double *value, uint64_t seed, double *score) {
    notes *n = context;
    memcpy(n->value[n->n], value, 2 * sizeof *value);
    n->seed[n->n++] = seed;
    if (n->n == n->stop_at) n->flag = 1;
    *score = (value[0] - 3) * (value[0] - 3) + value[1];
    return CG_OK;
}

static const double ones[] = {1, 3, 2};
static const cg_hyperparameter grid[] = {{.name = "x", .n = 3, .values = ones},
                                         {.name = "y", .low = 0, .high = 1, .steps = 3}};

HOST_TEST(search, grid) {
    notes n = {0};
    cg_search *s = cg_grid_search(2, grid, bowl, &n, (cg_search_options){0});
    static const double want[9][2] = {{1, 0}, {1, 0.5}, {1, 1},   {3, 0}, {3, 0.5},
                                      {3, 1}, {2, 0},   {2, 0.5}, {2, 1}};
    if (!CHECK_MSG(s != NULL, "%s", cg_error_message(NULL))) return;
    CHECK(n.n == 9 && cg_search_trials(s) == 9);
    for (int i = 0; i < 9; i++)
        CHECK_MSG(n.value[i][0] == want[i][0] && n.value[i][1] == want[i][1], "trial %d: %g, %g", i,
                  n.value[i][0], n.value[i][1]);
    for (int i = 1; i < 9; i++) CHECK(cg_search_trial(s, i - 1)->score <= cg_search_trial(s, i)->score);
    CHECK(cg_search_trial(s, 0)->number == 3 && cg_search_trial(s, 0)->value[0] == 3);
    CHECK(cg_search_value(s, 0, "x") == 3 && cg_search_value(s, 0, "y") == 0 &&
          isnan(cg_search_value(s, 0, "z")));
    CHECK(isnan(cg_search_value(s, 9, "x")) && cg_search_trial(s, 9) == NULL &&
          cg_search_trial(s, -1) == NULL);
    CHECK(n.seed[0] != n.seed[1] && cg_search_trial(s, 0)->seconds >= 0);
    cg_search_free(s);
    n = (notes){0};
    s = cg_grid_search(2, grid, bowl, &n, (cg_search_options){.maximize = true});
    CHECK(cg_search_trial(s, 0)->score == 5 && cg_search_trial(s, 8)->score == 0);
    cg_search_free(s);
    CHECK(cg_search_trials(NULL) == 0 && cg_search_trial(NULL, 0) == NULL);
    cg_search_free(NULL);
}

/* Points of ranges: even, even in the logarithm, whole and no more than there are. */
HOST_TEST(search, points_of_ranges) {
    static const struct {
        cg_hyperparameter h;
        int n;
        double want[5];
    } ranges[] = {{{.name = "a", .low = -1, .high = 1}, 5, {-1, -0.5, 0, 0.5, 1}},
                  {{.name = "a", .low = 1e-4, .high = 1, .log = true}, 5, {1e-4, 1e-3, 1e-2, 1e-1, 1}},
                  {{.name = "a", .low = 1, .high = 3, .whole = true}, 3, {1, 2, 3}},
                  {{.name = "a", .low = 8, .high = 128, .whole = true, .log = true}, 5, {8, 16, 32, 64, 128}},
                  {{.name = "a", .low = 1, .high = 5, .whole = true, .log = true}, 5, {1, 2, 3, 4, 5}},
                  {{.name = "a", .low = 1, .high = 6, .whole = true, .log = true}, 4, {1, 2, 4, 6}},
                  {{.name = "a", .low = 1, .high = 100, .whole = true, .log = true}, 5, {1, 3, 10, 32, 100}},
                  {{.name = "a", .low = 2, .high = 9, .whole = true, .log = true, .steps = 1}, 1, {2}},
                  {{.name = "a", .low = 7, .high = 7}, 1, {7}},
                  {{.name = "a", .low = 2, .high = 4, .steps = 1}, 1, {2}}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        notes n = {0};
        const cg_hyperparameter space[] = {{.name = "b", .low = 0, .high = 0}, ranges[i].h};
        cg_search *s = cg_grid_search(2, space, bowl, &n, (cg_search_options){0});
        check_case("range %zu", i);
        CHECK_MSG(n.n == ranges[i].n, "%d points", n.n);
        for (int k = 0; k < ranges[i].n; k++)
            CHECK_MSG(fabs(n.value[k][1] - ranges[i].want[k]) <= 1e-12 * fabs(ranges[i].want[k]),
                      "point %d: %.17g", k, n.value[k][1]);
        cg_search_free(s);
    }
}

/* A budget takes a random part of the grid: each combination about as often, none twice. */
HOST_TEST(search, part_of_a_grid) {
    int often[9] = {0};
    for (uint64_t seed = 0; seed < 300; seed++) {
        notes n = {0};
        cg_search *s = cg_grid_search(2, grid, bowl, &n, (cg_search_options){.budget = 3, .seed = seed});
        CHECK(cg_search_trials(s) == 3 && n.n == 3);
        int last = -1;
        for (int k = 0; k < 3; k++) {
            const int x = n.value[k][0] == 1   ? 0
                          : n.value[k][0] == 3 ? 1
                                               : 2,
                      at = 3 * x + (int)(2 * n.value[k][1]);
            CHECK(at > last);
            last = at;
            often[at]++;
        }
        cg_search_free(s);
    }
    for (int i = 0; i < 9; i++)
        CHECK_MSG(often[i] > 60 && often[i] < 140, "combination %d: %d of 300", i, often[i]);
}

/* The work is that of the budget, not of the grid: 2^52 combinations. */
HOST_TEST(search, part_of_a_huge_grid) {
    const cg_hyperparameter huge[] = {{.name = "x", .low = 0, .high = 1, .steps = 1 << 26},
                                      {.name = "y", .low = 0, .high = 1, .steps = 1 << 26}};
    notes a = {0}, b = {0}, c = {0};
    cg_search *s = cg_grid_search(2, huge, bowl, &a, (cg_search_options){.budget = 100, .seed = 4});
    CHECK(cg_search_trials(s) == 100);
    for (int k = 1; k < 100; k++)
        CHECK(a.value[k - 1][0] < a.value[k][0] ||
              (a.value[k - 1][0] == a.value[k][0] && a.value[k - 1][1] < a.value[k][1]));
    CHECK(a.value[0][0] < 0.2 && a.value[99][0] > 0.8); /* each misses once in 5e9 seeds */
    cg_search_free(s);
    s = cg_grid_search(2, huge, bowl, &b, (cg_search_options){.budget = 100, .seed = 4});
    cg_search_free(s);
    s = cg_grid_search(2, huge, bowl, &c, (cg_search_options){.budget = 100, .seed = 5});
    cg_search_free(s);
    CHECK(memcmp(a.value, b.value, 100 * sizeof *a.value) == 0 &&
          memcmp(a.value, c.value, 100 * sizeof *a.value) != 0);
}

static cg_status note_three(void *context, const double *value, uint64_t seed, double *score) {
    notes *n = context;
    memcpy(n->value[n->n], value, 3 * sizeof *value);
    n->seed[n->n++] = seed;
    *score = value[0];
    return CG_OK;
}

HOST_TEST(search, random) {
    const cg_hyperparameter space[] = {{.name = "lr", .low = 1e-4, .high = 1, .log = true},
                                       {.name = "layers", .low = 1, .high = 4, .whole = true},
                                       {.name = "choice", .n = 3, .values = ones}};
    static notes a, b, c;
    const cg_search_options o = {.budget = 400, .seed = 9};
    cg_search *first = cg_random_search(3, space, note_three, &a, o),
              *again =
                  cg_random_search(3, space, note_three, &b, (cg_search_options){.budget = 200, .seed = 9}),
              *other =
                  cg_random_search(3, space, note_three, &c, (cg_search_options){.budget = 200, .seed = 10});
    if (!CHECK(first && again && other)) return;
    CHECK(memcmp(a.value, b.value, 200 * sizeof *a.value) == 0 &&
          memcmp(a.seed, b.seed, 200 * sizeof *a.seed) == 0);
    CHECK(memcmp(a.value, c.value, 200 * sizeof *a.value) != 0);
    int decade[4] = {0}, layers[5] = {0}, choice[4] = {0};
    for (int i = 0; i < 400; i++) {
        const double lr = a.value[i][0];
        if (!CHECK(lr >= 1e-4 && lr <= 1 && a.value[i][1] >= 1 && a.value[i][1] <= 4)) return;
        decade[lr < 1e-3 ? 0 : lr < 1e-2 ? 1 : lr < 1e-1 ? 2 : 3]++;
        layers[(int)a.value[i][1]]++;
        choice[(int)a.value[i][2]]++;
        CHECK(a.value[i][1] == floor(a.value[i][1]));
    }
    /* 400 draws into 4 parts: 100 each, standard deviation 8.7; into 3: 133, 9.4 */
    for (int i = 0; i < 4; i++)
        CHECK_MSG(abs(decade[i] - 100) < 40 && abs(layers[i + 1] - 100) < 40, "part %d: %d, %d", i, decade[i],
                  layers[i + 1]);
    for (int i = 1; i < 4; i++) CHECK_MSG(abs(choice[i] - 133) < 43, "choice %d: %d", i, choice[i]);
    cg_search_free(first);
    cg_search_free(again);
    cg_search_free(other);
}

/* The second trial fails, the third has no number for a score, the others get worse. */
static cg_status moody(void *context, const double *value, uint64_t seed, double *score) {
    int *n = context;
    (void)value;
    (void)seed;
    *score = ++*n == 3 ? (double)NAN : *n;
    return *n == 2 ? CG_ERROR_DEVICE : CG_OK;
}

HOST_TEST(search, failed_trials_and_csv) {
    int n = 0;
    const char *path = test_path("trials.csv");
    cg_search *s = cg_grid_search(1, grid + 1, moody, &n, (cg_search_options){0});
    CHECK(cg_search_trials(s) == 3);
    static const int order[] = {0, 1, 2};
    for (int i = 0; i < 3; i++) CHECK(cg_search_trial(s, i)->number == order[i]);
    CHECK(cg_search_trial(s, 1)->status == CG_ERROR_DEVICE && isnan(cg_search_trial(s, 1)->score));
    CHECK_MSG(cg_search_save(s, path) == CG_OK, "%s", cg_error_message(NULL));
    size_t bytes = 0;
    const char *text = read_file(path, &bytes);
    CHECK(text && !strncmp(text, "trial,status,score,seconds,y\n0,CG_OK,1,", 39));
    CHECK(text && strstr(text, "\n1,CG_ERROR_DEVICE,,") && strstr(text, ",0.5\n2,CG_OK,,"));
    CHECK(cg_search_save(s, "/nowhere/x") == CG_ERROR_IO && cg_search_save(NULL, path) == CG_ERROR_ARGUMENT);
    cg_search_free(s);
    remove_test_folder();
}

HOST_TEST(search, interrupted) {
    notes n = {.stop_at = 2};
    cg_search *s = cg_grid_search(2, grid, bowl, &n, (cg_search_options){.interrupt = &n.flag});
    CHECK(cg_search_trials(s) == 2 && cg_search_trial(s, 0)->score <= cg_search_trial(s, 1)->score);
    cg_search_free(s);
    n = (notes){.stop_at = 3};
    s = cg_random_search(2, grid, bowl, &n, (cg_search_options){.budget = 9, .interrupt = &n.flag});
    CHECK(cg_search_trials(s) == 3);
    cg_search_free(s);
}

HOST_TEST(search, refused) {
    static const struct {
        cg_hyperparameter h;
        const char *part;
    } bad[] = {{{.name = NULL}, "no name"},
               {{.name = "a,b"}, "no name"},
               {{.name = "x"}, "two hyperparameters are called 'x'"},
               {{.name = "a", .n = 2}, "'a' has no values"},
               {{.name = "a", .n = -1}, "'a' has no values"},
               {{.name = "a", .low = 2, .high = 1}, "is no range"},
               {{.name = "a", .low = 0, .high = 1, .log = true}, "logarithmic"},
               {{.name = "a", .low = 0, .high = 1, .steps = -1}, "is no range"},
               {{.name = "a", .low = 0.5, .high = 2, .whole = true}, "whole ends"}};
    notes n = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const cg_hyperparameter space[] = {grid[0], bad[i].h};
        CHECK(cg_grid_search(2, space, bowl, &n, (cg_search_options){0}) == NULL);
        CHECK_MSG(cg_error_code(NULL) == CG_ERROR_ARGUMENT && strstr(cg_error_message(NULL), bad[i].part),
                  "%s", cg_error_message(NULL));
        CHECK(cg_random_search(2, space, bowl, &n, (cg_search_options){.budget = 1}) == NULL);
    }
    CHECK(cg_random_search(2, grid, bowl, &n, (cg_search_options){0}) == NULL);
    CHECK(strstr(cg_error_message(NULL), "expected a budget") != NULL);
    CHECK(cg_random_search(2, grid, bowl, &n, (cg_search_options){.budget = -1}) == NULL);
    CHECK(cg_grid_search(2, grid, NULL, &n, (cg_search_options){0}) == NULL);
    CHECK(cg_grid_search(0, grid, bowl, &n, (cg_search_options){0}) == NULL);
    const cg_hyperparameter huge[] = {{.name = "a", .low = 0, .high = 1, .steps = 100000},
                                      {.name = "b", .low = 0, .high = 1, .steps = 100000}};
    CHECK(cg_grid_search(2, huge, bowl, &n, (cg_search_options){0}) == NULL);
    CHECK(strstr(cg_error_message(NULL), "too many") != NULL && n.n == 0);
}
