/* Finding the IDX files of a data set in a folder: data.h, at cg_dataset_open. */
#include "data/dataset.h"

#include "core/shape.h"
#include "io/system_error.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "<prefix>images-idx3-ubyte" and its labels, "<prefix>labels-idx1-ubyte"; '.' in place of the first '-'. */
typedef struct idx_pair {
    char *images, *labels; /* paths; NULL: there is none */
} idx_pair;

typedef enum idx_role { ROLE_TRAIN, ROLE_TEST, ROLE_OTHER, ROLE_COUNT } idx_role;

static const char *const looked_for = "train-images-idx3-ubyte, train-labels-idx1-ubyte and the same with "
                                      "t10k- or test-, or one such pair with "
                                      "any or no prefix";

static bool ends_with(const char *text, size_t length, const char *end) {
    size_t n = strlen(end);
    return length >= n && memcmp(text + length - n, end, n) == 0;
}

/* The length of the prefix of a name of images, -1 if it is no such name. The rank may be any digit. */
static int images_prefix(const char *name) {
    static const char pattern[] = "images?idx#-ubyte";
    size_t length = strlen(name), n = sizeof pattern - 1;
    if (length < n) return -1;
    const char *tail = name + length - n;
    for (size_t i = 0; i < n; i++) {
        bool fits = pattern[i] == '?'   ? tail[i] == '-' || tail[i] == '.'
                    : pattern[i] == '#' ? tail[i] >= '1' && tail[i] <= '8'
                                        : tail[i] == pattern[i];
        if (!fits) return -1;
    }
    return (int)(length - n);
}

static idx_role role_of(const char *prefix, size_t length) {
    if (ends_with(prefix, length, "train-")) return ROLE_TRAIN;
    if (ends_with(prefix, length, "t10k-") || ends_with(prefix, length, "test-")) return ROLE_TEST;
    return ROLE_OTHER;
}

static void pair_free(idx_pair *pair) {
    free(pair->images);
    free(pair->labels);
    *pair = (idx_pair){0};
}

static char *join(const char *folder, int prefix, const char *name, const char *rest) {
    size_t room = strlen(folder) + strlen(name) + strlen(rest) + 2;
    char *path = malloc(room);
    if (path) snprintf(path, room, "%s/%.*s%s", folder, prefix, name, rest);
    return path;
}

/* Takes in a file of images; a second one in the same role is an error. */
static cg_status add_images(idx_pair pairs[ROLE_COUNT], const char *folder, const char *name, int prefix,
                            cg_error *err) {
    idx_pair *pair = &pairs[role_of(name, (size_t)prefix)];
    if (pair->images)
        return CG_FAIL(err, CG_ERROR_IO,
                       "dataset: in folder " CG_PATH_FORMAT " '%s' and '%.100s' contend; one of them must go",
                       folder, strrchr(pair->images, '/') + 1, name);
    bool dots = name[(size_t)prefix + strlen("images")] == '.';
    pair->images = join(folder, (int)strlen(name), name, "");
    pair->labels = join(folder, prefix, name, dots ? "labels.idx1-ubyte" : "labels-idx1-ubyte");
    if (pair->images && pair->labels) return CG_OK;
    return CG_FAIL(err, CG_ERROR_MEMORY, "dataset: out of memory");
}

static cg_status scan_folder(const char *folder, idx_pair pairs[ROLE_COUNT], cg_error *err) {
    if (!folder) return CG_FAIL(err, CG_ERROR_ARGUMENT, "dataset: the folder is NULL");
    DIR *dir = opendir(folder);
    if (!dir) return CG_FAIL_ERRNO(err, "dataset: cannot open the folder", folder);
    cg_status status = CG_OK;
    const struct dirent *item;
    while (status == CG_OK && (errno = 0, item = readdir(dir))) {
        int prefix = images_prefix(item->d_name);
        if (prefix >= 0) status = add_images(pairs, folder, item->d_name, prefix, err);
    }
    if (status == CG_OK && errno != 0) status = CG_FAIL_ERRNO(err, "dataset: cannot read the folder", folder);
    closedir(dir);
    return status;
}

/* Every k-th sample in a shuffled order goes to *test, k = round(1 / share), the others to *train. */
static cg_status every_kth_tests(const cg_dataset *all, double share, uint64_t seed, cg_dataset **train,
                                 cg_dataset **test, cg_error *err) {
    if (!(share > 0 && share <= 0.5))
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "dataset: a test share of %g; above 0, at most 0.5 is allowed",
                       share);
    const double every = round(1 / share);
    if (every > (double)all->samples)
        return CG_FAIL(err, CG_ERROR_ARGUMENT,
                       "dataset: of %lld samples, a test share of %g leaves none to test on",
                       (long long)all->samples, share);
    const int64_t k = (int64_t)every, n = all->samples;
    int64_t *order = cg_shuffled_order(n, seed, CG_ORDER_SPLIT), *tests = malloc((size_t)n * sizeof *tests);
    int64_t n_train = 0, n_test = 0;
    for (int64_t i = 0; order && tests && i < n; i++)
        if (i % k == k - 1)
            tests[n_test++] = order[i];
        else
            order[n_train++] = order[i];
    if (!order || !tests)
        CG_FAIL(err, CG_ERROR_MEMORY, "dataset: out of memory to divide it");
    else if ((*train = cg_dataset_part(all, n_train, order, err)))
        *test = cg_dataset_part(all, n_test, tests, err);
    free(order);
    free(tests);
    return err->code;
}

static cg_status open_pairs(const char *folder, const idx_pair pairs[ROLE_COUNT], double test_share,
                            uint64_t seed, cg_dataset **train, cg_dataset **test, cg_error *err) {
    if (pairs[ROLE_TRAIN].images && pairs[ROLE_TEST].images) {
        *train = cg_dataset_from_idx(pairs[ROLE_TRAIN].images, pairs[ROLE_TRAIN].labels);
        *test = *train ? cg_dataset_from_idx(pairs[ROLE_TEST].images, pairs[ROLE_TEST].labels) : NULL;
        if (*test && !cg_dims_equal(&(*test)->shape, &(*train)->shape))
            return CG_FAIL(err, CG_ERROR_SHAPE,
                           "dataset: " CG_PATH_FORMAT " has samples of %s to train on, of %s to test on",
                           folder, CG_SHAPE_STR(&(*train)->shape), CG_SHAPE_STR(&(*test)->shape));
        return err->code;
    }
    const idx_pair *only = NULL;
    int found = 0;
    for (int i = 0; i < ROLE_COUNT; i++)
        if (pairs[i].images) {
            only = &pairs[i];
            found++;
        }
    if (found != 1)
        return CG_FAIL(err, CG_ERROR_IO, "dataset: folder " CG_PATH_FORMAT " holds %s; looked for: %s",
                       folder, found ? "several sets of images" : "no IDX images", looked_for);
    cg_dataset *all = cg_dataset_from_idx(only->images, only->labels);
    if (!all) return err->code;
    cg_status status = every_kth_tests(all, test_share, seed, train, test, err);
    cg_dataset_free(all);
    return status;
}

cg_status cg_dataset_open(const char *folder, double test_share, uint64_t seed, cg_dataset **train,
                          cg_dataset **test) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    *train = *test = NULL;
    idx_pair pairs[ROLE_COUNT] = {{0}};
    cg_status status = scan_folder(folder, pairs, err);
    if (status == CG_OK) status = open_pairs(folder, pairs, test_share, seed, train, test, err);
    for (int i = 0; i < ROLE_COUNT; i++) pair_free(&pairs[i]);
    if (status != CG_OK) {
        cg_dataset_free(*train);
        cg_dataset_free(*test);
        *train = *test = NULL;
    }
    return status;
}
