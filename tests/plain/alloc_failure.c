/*
 * Every allocation of the library fails once, and from there on (SQLite's loop): a clean error, inputs as
 * they were, nothing leaked. The CPU backend only: a driver that runs out of memory may abort.
 *
 * Linked with --wrap (tests.cmake), so that the library's calls come here, and nobody else's.
 */
#include "plain/faults/faults.h"

#include <jansson.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* --- the allocator -------------------------------------------------------------------------------------- */

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
char *__real_strdup(const char *text);
void __real_free(void *block);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
char *__wrap_strdup(const char *text);
void __wrap_free(void *block);

static struct {
    bool armed, sticky, fired;
    long countdown;
} fault;

/* The live blocks: an open hash table, so that a block of somebody else's is not counted when freed. */
enum { SLOTS = 1 << 16 };
static void *live[SLOTS];
static long n_live, n_calls; /* blocks that live; blocks ever made */
static void *const deleted = live;

static size_t slot_of(const void *block) { return ((uintptr_t)block >> 4) * 0x9e3779b1u % SLOTS; }

static void *count(void *block) {
    if (!block) return NULL;
    size_t i = slot_of(block);
    while (live[i] && live[i] != deleted) i = (i + 1) % SLOTS;
    live[i] = block;
    n_live++;
    n_calls++;
    return block;
}

static void forget(const void *block) {
    for (size_t i = slot_of(block); live[i]; i = (i + 1) % SLOTS)
        if (live[i] == block) {
            live[i] = deleted;
            n_live--;
            return;
        }
}

static bool fails(void) {
    if (!fault.armed) return false;
    if (fault.fired && fault.sticky) return true;
    if (--fault.countdown != 0) return false;
    fault.fired = true;
    return true;
}

void *__wrap_malloc(size_t bytes) { return fails() ? NULL : count(__real_malloc(bytes)); }
void *__wrap_calloc(size_t n, size_t bytes) { return fails() ? NULL : count(__real_calloc(n, bytes)); }
char *__wrap_strdup(const char *text) { return fails() ? NULL : count(__real_strdup(text)); }

void *__wrap_aligned_alloc(size_t alignment, size_t bytes) {
    return fails() ? NULL : count(__real_aligned_alloc(alignment, bytes));
}

void *__wrap_realloc(void *block, size_t bytes) {
    if (fails()) return NULL;
    if (block) forget(block);
    return count(__real_realloc(block, bytes));
}

void __wrap_free(void *block) {
    if (block) forget(block);
    __real_free(block);
}

static void arm(long nth, bool sticky) {
    memset(&fault, 0, sizeof fault);
    fault.countdown = nth;
    fault.sticky = sticky;
    fault.armed = true;
}

static bool disarm(void) {
    fault.armed = false;
    return fault.fired;
}

/* --- what the scenarios share ----------------------------------------------------------------------------- */

const float x_data[N] = {1, -2, 3, 4, -5, 6, 7, 8, -9, 10, 11, 12};
char training_path[64], weights_path[64], other_path[64], optimizer_path[64], images_path[64],
    labels_path[64], table_path[64], folder_path[64];

bool holds(const cg_tensor *x, double sum) {
    double v = 0;
    cg_tensor *s = cg_sum((cg_tensor *)x, CG_ALL_AXES, false);
    return s && cg_item(s, &v) == CG_OK && fabs(v - sum) <= 1e-3 * fmax(1, fabs(sum));
}

void check_memory_error(cg_status code, const char *message) {
    CHECK_MSG(code == CG_ERROR_MEMORY || code == CG_ERROR_DEVICE_MEMORY, "%s: '%s'", cg_status_name(code),
              message);
    CHECK_MSG(message[0] != 0, "the error has no message");
}

/* --- the loop ------------------------------------------------------------------------------------------- */

static void read_weights(const fixture *f, float *to) {
    for (int i = 0; i < cg_parameter_count(f->net); i++) {
        cg_tensor *x = cg_parameter(f->net, i, NULL);
        CHECK(cg_to_host(x, to, (size_t)cg_numel(x) * sizeof *to) == CG_OK);
        to += cg_numel(x);
    }
}

static bool make_fixture(fixture *f) {
    memset(f, 0, sizeof *f);
    f->dev = cg_device_open("cpu");
    if (!CHECK(f->dev != NULL)) return false;
    f->x = cg_from_f32(f->dev, cg_shape(3, 4), x_data);
    f->w = cg_ones(f->dev, CG_F32, cg_shape(4, 4));
    f->labels = cg_from_i32(f->dev, cg_shape(3), (const int32_t[]){0, 2, 1});
    f->net = cg_mlp(f->dev, 3, (const int64_t[]){4, 5, 3}, "relu");
    f->optimizer = cg_adam(f->net, (cg_adam_options){.lr = 0.1});
    read_weights(f, f->weights);
    return CHECK_MSG(cg_error_code(f->dev) == CG_OK, "%s", cg_error_message(f->dev));
}

static void drop_fixture(fixture *f) {
    cg_optimizer_free(f->optimizer);
    cg_module_free(f->net);
    cg_device_close(f->dev);
}

/* What an error must leave as it was. */
static void check_unchanged(const fixture *f, bool ok) {
    float now[256] = {0}, x[N] = {0};
    if (!ok) {
        read_weights(f, now);
        CHECK_MSG(!memcmp(now, f->weights, sizeof(float) * (size_t)cg_parameter_elements(f->net)),
                  "the weights have changed");
    }
    CHECK(cg_to_host(f->x, x, sizeof x) == CG_OK && !memcmp(x, x_data, sizeof x));
}

static void check_outcome(fixture *f, const fault_scenario *s, bool ok, bool fired) {
    cg_status code = cg_error_code(f->dev) ? cg_error_code(f->dev) : cg_error_code(NULL);
    const char *message = cg_error_code(f->dev) ? cg_error_message(f->dev) : cg_error_message(NULL);
    if (!ok) {
        CHECK_MSG(fired, "it fails without a fault: %s", message);
        if (!f->second_device_failed && (code == CG_OK || code != s->also)) check_memory_error(code, message);
    }
    cg_error_clear(f->dev);
    cg_error_clear(NULL);
}

/* One fault; returns whether it came to pass. */
static bool run_fault(const fault_scenario *s, long nth, bool sticky) {
    fixture f;
    long before = n_live;
    check_case("%s, allocation %ld%s", s->name, nth, sticky ? " and all after it" : "");
    if (!make_fixture(&f)) return false;
    cg_scope *scope = cg_scope_begin(f.dev);
    arm(nth, sticky);
    bool ok = s->run(&f);
    cg_scope_end(scope);
    bool fired = disarm();
    check_outcome(&f, s, ok, fired);
    check_unchanged(&f, ok);
    drop_fixture(&f);
    CHECK_MSG(n_live == before, "%ld blocks are left", n_live - before);
    n_live = before;
    return fired;
}

/* A path in the folder of pictures, until the next call. */
static const char *in_folder(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder_path, name);
    return path;
}

/* One batch an epoch, of the fixture's x. */
static bool one_batch(void *context, cg_tensor **x, cg_tensor **target) {
    fixture *f = context;
    *x = f->x;
    *target = f->labels;
    return f->batches++ % 2 == 0;
}

/* A training in the file that "resume" reads. */
static void write_training(fixture *f) {
    const cg_fit_options o = {.epochs = 2,
                              .source = one_batch,
                              .source_context = f,
                              .restore_best = true,
                              .checkpoint = training_path};
    cg_history *history = cg_fit(f->net, f->optimizer, NULL, o);
    CHECK_MSG(history != NULL, "%s", cg_error_message(f->dev));
    cg_history_free(history);
}

static void write_files(void) {
    fixture f;
    if (!make_fixture(&f)) return;
    CHECK(cg_module_save(f.net, weights_path) == CG_OK);
    CHECK(cg_optimizer_save(f.optimizer, optimizer_path) == CG_OK);
    write_training(&f);
    CHECK(cg_idx_write(images_path, cg_shape(4, 2), (const uint8_t[]){1, 2, 3, 4, 5, 6, 7, 8}) == CG_OK);
    CHECK(cg_idx_write(labels_path, cg_shape(4), (const uint8_t[]){0, 1, 2, 0}) == CG_OK);
    CHECK(mkdir(folder_path, 0700) == 0 && mkdir(in_folder("class"), 0700) == 0);
    const cg_array picture = {CG_U8, cg_shape(2, 2), (uint8_t[]){1, 2, 3, 4}};
    CHECK(cg_image_write(in_folder("class/1.pgm"), &picture) == CG_OK);
    FILE *table = fopen(table_path, "w");
    CHECK(table && fputs("a,\"b\"\n1,x\n2,y\n", table) >= 0 && fclose(table) == 0);
    drop_fixture(&f);
}

/* Under the address sanitizer, which makes a training of thousands of allocations slow, one in STRIDE beyond the first. */
#ifdef __SANITIZE_ADDRESS__
enum { EACH = 100, STRIDE = 37 };
#else
enum { EACH = 1, STRIDE = 1 };
#endif

/* --- what is steady ------------------------------------------------------------------------------------- */

static bool small_step(fixture *f) {
    cg_scope *scope = cg_scope_begin(f->dev);
    cg_tensor *y = cg_sum(cg_mul(cg_tanh(f->x), f->x), CG_ALL_AXES, false);
    const bool ok = cg_eval(y) && cg_backward(y) == CG_OK;
    cg_zero_grad(f->x);
    cg_scope_end(scope);
    return ok;
}

/* A device keeps what its operations and walks let go of: after the first ones none asks the host for memory. */
static void check_steady(void) {
    fixture f;
    if (!make_fixture(&f)) return;
    CHECK(cg_require_grad(f.x, true) && small_step(&f) && small_step(&f));
    const long before = n_calls;
    for (int i = 0; i < 10; i++) CHECK(small_step(&f));
#ifndef __SANITIZE_ADDRESS__
    CHECK_MSG(n_calls == before, "%ld blocks in 10 steps", n_calls - before);
#else
    CHECK(n_calls > before); /* there nothing is kept */
#endif
    drop_fixture(&f);
}

/* In a process of its own, so that a crash is the failure of one scenario. Gives the number of faults. */
static void run_scenario(const fault_scenario *s, volatile long *faults) {
    json_set_alloc_funcs(__wrap_malloc, __wrap_free); /* the parser of file headers fails too */
    run_fault(s, 1L << 40, false);                    /* what is made once per process is made now */
    for (int sticky = 0; sticky < 2; sticky++)
        for (long nth = 1; run_fault(s, nth, sticky); nth += nth < EACH ? 1 : STRIDE) *faults = nth;
}

static bool in_a_child(const fault_scenario *s, volatile long *faults) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (s)
            run_scenario(s, faults);
        else
            write_files(), check_steady();
        fflush(NULL);
        _exit(check_failures() != 0);
    }
    int status = -1;
    if (child < 0 || waitpid(child, &status, 0) != child) return false;
    if (WIFSIGNALED(status))
        fprintf(stderr, "FAIL %s: signal %d after fault %ld\n", s ? s->name : "files", WTERMSIG(status),
                *faults);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The names of all files, for this process. */
static const struct {
    char *path;
    const char *end;
} files[] = {{weights_path, "weights"}, {training_path, "training"},
             {other_path, "other"},     {optimizer_path, "optimizer"},
             {images_path, "images"},   {labels_path, "labels"},
             {table_path, "csv"}};

static void name_files(void) {
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        snprintf(files[i].path, sizeof other_path, "/tmp/clgrad-fault-%ld.%s", (long)getpid(), files[i].end);
    snprintf(folder_path, sizeof folder_path, "/tmp/clgrad-fault-%ld.folder", (long)getpid());
}

static void remove_files(void) {
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) unlink(files[i].path);
    unlink(in_folder("class/1.pgm"));
    rmdir(in_folder("class"));
    rmdir(folder_path);
}

/* Returns how many scenarios of a family failed. */
static int run_family(const fault_scenario *family, volatile long *faults, long *total) {
    int bad = 0;
    for (const fault_scenario *s = family; s->name; s++) {
        *faults = 0;
        const bool ok = in_a_child(s, faults);
        printf("%-18s %4ld allocations, each failed once and for good: %s\n", s->name, *faults,
               ok ? "ok" : "FAILED");
        *total += 2 * *faults;
        bad += !ok;
    }
    return bad;
}

int main(void) {
    static const fault_scenario *const families[] = {fault_operations, fault_gradients, fault_layers,
                                                     fault_training, fault_data};
    check_test("plain_alloc_failure");
    name_files();
    volatile long *faults =
        mmap(NULL, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (faults == MAP_FAILED || !in_a_child(NULL, faults)) return 1;
    long total = 0;
    int bad = 0;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        bad += run_family(families[i], faults, &total);
    remove_files();
    printf("%ld faults, %d scenarios failed\n", total, bad);
    return bad != 0 || total < 500;
}
