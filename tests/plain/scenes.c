/*
 * The library with nothing installed, with broken drivers, with one driver and with two devices: each scene
 * is this program run again in an environment of its own, which says what it found.
 *
 * Children print: "device ID PLATFORM usable|broken", "reason TEXT", "choice ID TEXT", "trained ID LOSS",
 * "drawn HASH".
 */
#include "clgrad/clgrad.h"
#include "support/check.h"
#include "support/files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the child ------------------------------------------------------------------------------------------ */

/* Ten steps of a small network; the last loss with all its digits. */
static void train(const char *id) {
    cg_device *dev = cg_device_open(id);
    if (!dev) {
        printf("untrained %s %s\n", id, cg_error_message(NULL));
        return;
    }
    cg_module *net = cg_mlp(dev, 3, (const int64_t[]){8, 70, 3}, "tanh");
    cg_optimizer *adam = cg_adam(net, (cg_adam_options){.lr = 0.02});
    double loss = 0;
    for (int i = 0; i < 10; i++) {
        cg_scope *scope = cg_scope_begin(dev);
        cg_tensor *x = cg_normal(dev, CG_F32, cg_shape(200, 8), 0, 1);
        cg_tensor *labels = cg_cast(cg_gt(cg_sum(x, cg_axes(1), false), 0), CG_I32);
        cg_tensor *e = cg_cross_entropy(cg_forward(net, x), labels, CG_MEAN);
        if (cg_backward(e) != CG_OK || cg_optimizer_step(adam) != CG_OK || cg_item(e, &loss) != CG_OK)
            loss = (double)NAN;
        cg_scope_end(scope);
    }
    if (isfinite(loss))
        printf("trained %s %a\n", id, loss);
    else
        printf("untrained %s %s\n", id, cg_error_message(dev));
    cg_optimizer_free(adam);
    cg_module_free(net);
    cg_device_close(dev);
}

/* The bytes of a result, mixed in order into `hash` (FNV-1a). */
static uint64_t mix(uint64_t hash, cg_tensor *x) {
    const size_t bytes = x ? (size_t)cg_numel(x) * cg_dtype_size(cg_dtype_of(x)) : 0;
    unsigned char *data = malloc(bytes + 1);
    if (!data || cg_to_host(x, data, bytes) != CG_OK) hash = 0;
    for (size_t i = 0; data && i < bytes; i++) hash = (hash ^ data[i]) * UINT64_C(0x100000001b3);
    free(data);
    return hash;
}

/* Enough random numbers of each kind that every thread has some. */
static void draw(void) {
    cg_device *dev = cg_device_open("cpu");
    const cg_dims n = cg_shape(200003);
    uint64_t hash = mix(UINT64_C(0xcbf29ce484222325), cg_normal(dev, CG_F32, n, 0, 1));
    hash = mix(hash, cg_uniform(dev, CG_F64, n, 0, 1));
    hash = mix(hash, cg_gamma(dev, CG_F32, n, 0.5, 1));
    hash = mix(hash, cg_beta(dev, CG_F64, n, 2, 3));
    hash = mix(hash, cg_integers(dev, CG_I64, n, INT64_MIN, 1));
    hash = mix(hash, cg_bernoulli(dev, n, 0.3));
    hash = mix(hash, cg_binomial(dev, n, 100, 0.3));
    hash = mix(hash, cg_categorical(cg_uniform(dev, CG_F32, cg_shape(1000), 0, 1), 200003));
    hash = mix(hash, cg_permutation(dev, 200003));
    printf("drawn %016llx\n", (unsigned long long)(cg_error_code(dev) == CG_OK ? hash : 0));
    cg_device_close(dev);
}

static int child(void) {
    cg_device *dev = cg_device_open(NULL);
    printf("choice %s %s\n", dev ? cg_device_properties(dev)->id : "none",
           dev ? cg_device_choice(dev) : cg_error_message(NULL));
    cg_device_close(dev);
    for (int i = 0; i < cg_device_count(); i++) {
        cg_device_info info;
        if (cg_device_describe(i, &info) != CG_OK) return 1;
        printf("device %s %s %s %s\n", info.id, info.platform, info.usable ? "usable" : "broken",
               info.reason);
        if (info.usable) train(info.id);
    }
    draw();
    printf("reason %s\n", cg_opencl_reason());
    return 0;
}

/* --- the parent ----------------------------------------------------------------------------------------- */

static char self[4096], folder[256];
static int scenes, skipped;

/* Runs the child with assignments "A=b" in front; its output in scratch memory, NULL if it failed. */
static const char *scene(const char *name, const char *environment) {
    size_t room = 1 << 16, used = 0;
    char *command = scratch(room), *output = scratch(room);
    check_case("%s", name);
    scenes++;
    snprintf(command, room,
             "env -u OCL_ICD_VENDORS -u CLGRAD_DEVICE -u POCL_DEVICES CLGRAD_CACHE=%s/cache %s timeout 300 "
             "%s child 2>%s/stderr",
             folder, environment, self, folder);
    FILE *pipe = popen(command, "r");
    if (!CHECK(pipe != NULL)) return "";
    for (size_t n; (n = fread(output + used, 1, room - 1 - used, pipe)) > 0;) used += n;
    int status = pclose(pipe);
    CHECK_MSG(status == 0, "the child ended with %x after '%s'", (unsigned)status, output);
    printf("--- %s\n%s", name, output);
    return output;
}

static void has(const char *output, const char *part) {
    CHECK_MSG(strstr(output, part) != NULL, "'%s' is not in the output", part);
}

static void has_not(const char *output, const char *part) {
    CHECK_MSG(strstr(output, part) == NULL, "'%s' is in the output", part);
}

/* Without OpenCL: the CPU backend is chosen, works, and it is said why. */
static void cpu_alone(const char *output, const char *reason) {
    has(output, "choice cpu ");
    has(output, "device cpu native usable");
    has(output, "trained cpu ");
    has_not(output, "device opencl");
    const char *why = strstr(output, "\nreason ");
    CHECK_MSG(why && strlen(why) > strlen("\nreason \n"), "no reason is given");
    CHECK_MSG(why && strstr(why, reason) != NULL, "'%s' is not in the reason", reason);
    const char *choice = strstr(output, "choice cpu ");
    CHECK_MSG(choice && strchr(choice, '\n') > choice + strlen("choice cpu ") + 5,
              "the choice is not explained");
}

static const char *in_folder(const char *name) {
    char *path = scratch(strlen(folder) + strlen(name) + 2);
    sprintf(path, "%s/%s", folder, name);
    return path;
}

static const char *assignment(const char *variable, const char *value) {
    char *text = scratch(strlen(variable) + strlen(value) + 2);
    sprintf(text, "%s=%s", variable, value);
    return text;
}

static void make_file(const char *sub, const char *name, const char *text) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, sub);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/%s/%s", folder, sub, name);
    write_file(path, text, strlen(text));
}

static void nothing_installed(void) {
    make_file("no-library", "libOpenCL.so.1", "");
    make_file("no-library", "libOpenCL.so", "");
    make_file("no-driver", "readme", "");
    make_file("missing-driver", "x.icd", "/nowhere/libdriver.so\n");
    make_file("wrong-driver", "x.icd", in_folder("wrong-driver/x.icd"));
    make_file("foreign-driver", "x.icd", "libm.so.6\n");
    cpu_alone(scene("no libOpenCL", assignment("LD_LIBRARY_PATH", in_folder("no-library"))), "libOpenCL");
    const char *wrong = assignment("CLGRAD_OPENCL_LIB", in_folder("wrong-driver/x.icd"));
    has(scene("a library that is none: the usual one is taken", wrong), "trained cpu ");
    cpu_alone(scene("no driver", assignment("OCL_ICD_VENDORS", in_folder("no-driver"))), "platform");
    cpu_alone(scene("a driver that is not there", assignment("OCL_ICD_VENDORS", in_folder("missing-driver"))),
              "platform");
    cpu_alone(scene("a driver that is no library", assignment("OCL_ICD_VENDORS", in_folder("wrong-driver"))),
              "platform");
    cpu_alone(
        scene("a library that is no driver", assignment("OCL_ICD_VENDORS", in_folder("foreign-driver"))),
        "platform");
}

/* A driver that ends the process as soon as it is asked anything, built here if there is a compiler. */
static void crashing_driver(const char *name, const char *body) {
    char command[2048], icd[512];
    snprintf(command, sizeof command,
             "echo 'int clIcdGetPlatformIDsKHR(unsigned n, void *p, unsigned *c) { %s } "
             "int clGetPlatformInfo(void *p, unsigned i, long n, void *v, long *r) { %s } "
             "void *clGetExtensionFunctionAddress(const char *f)"
             "{ return f[2] == 73 ? (void *)clIcdGetPlatformIDsKHR : (void *)clGetPlatformInfo; }' "
             "| cc -w -shared -fPIC -x c - -o %s/crash.so 2>/dev/null",
             body, body, folder);
    if (system(command) != 0) {
        skipped++;
        printf("--- %s: skipped, no compiler\n", name);
        return;
    }
    snprintf(icd, sizeof icd, "%s/crash.so\n", folder);
    make_file("crashing-driver", "x.icd", icd);
    cpu_alone(scene(name, assignment("OCL_ICD_VENDORS", in_folder("crashing-driver"))), "driver");
}

static const char *const pocl_icd = "/etc/OpenCL/vendors/pocl.icd";

static void pocl(void) {
    if (access(pocl_icd, R_OK) != 0) {
        skipped += 3;
        printf("--- PoCL is not installed: 3 scenes skipped\n");
        return;
    }
    const char *vendors = assignment("OCL_ICD_VENDORS", pocl_icd);
    char environment[600];
    snprintf(environment, sizeof environment, "%s POCL_CACHE_DIR=%s", vendors, in_folder(""));
    const char *output = scene("PoCL", environment);
    has(output, "choice cpu "); /* OpenCL on a CPU is for those who ask for it */
    has(output, "device opencl:0 Portable");
    has(output, "trained opencl:0 ");
    has(output, "trained cpu ");
    has(output, "reason \n");
    snprintf(environment, sizeof environment, "%s POCL_CACHE_DIR=%s POCL_DEVICES='pthread pthread'", vendors,
             in_folder(""));
    output = scene("two PoCL devices", environment);
    has(output, "trained opencl:0 ");
    has(output, "trained opencl:1 ");
    const char *a = strstr(output, "trained opencl:0 "), *b = strstr(output, "trained opencl:1 ");
    if (a && b) {
        a += strlen("trained opencl:0 ");
        CHECK_MSG(!strncmp(a, b + strlen("trained opencl:1 "), strcspn(a, "\n") + 1),
                  "the two devices differ");
    }
    snprintf(environment, sizeof environment, "%s POCL_CACHE_DIR=%s CLGRAD_DEVICE=opencl", vendors,
             in_folder(""));
    output = scene("PoCL, asked for", environment);
    has(output, "choice opencl:0 ");
    has(output, "CLGRAD_DEVICE");
}

static void driver_without_device(void) {
    if (access(pocl_icd, R_OK) != 0) return;
    char environment[600];
    snprintf(environment, sizeof environment, "OCL_ICD_VENDORS=%s POCL_DEVICES=''", pocl_icd);
    cpu_alone(scene("a driver without a device", environment), "device");
    snprintf(environment, sizeof environment, "OCL_ICD_VENDORS=%s POCL_DEVICES=bogus", pocl_icd);
    cpu_alone(scene("a driver that knows no device of that name", environment), "");
}

static void oclgrind(void) {
    static const char *const library = "/usr/lib/oclgrind/liboclgrind-rt-icd.so";
    if (access(library, R_OK) != 0) {
        skipped++;
        printf("--- oclgrind is not installed: 1 scene skipped\n");
        return;
    }
    const char *output = scene("oclgrind", assignment("OCL_ICD_VENDORS", library));
    has(output, "device opencl:0 Oclgrind usable");
    has(output, "trained opencl:0 ");
}

/* The same bits with any number of threads. */
static void thread_counts(void) {
    const char *first = NULL;
    for (int n = 1; n <= 5; n += 2) {
        char environment[600], name[40];
        snprintf(name, sizeof name, "%d threads", n);
        snprintf(environment, sizeof environment, "CLGRAD_THREADS=%d OCL_ICD_VENDORS=%s", n,
                 in_folder("no-driver"));
        const char *at = strstr(scene(name, environment), "trained cpu ");
        if (!CHECK_MSG(at != NULL, "nothing was trained")) return;
        if (!first) first = at;
        const size_t lines = (size_t)(strstr(first, "reason ") - first); /* the loss, and what was drawn */
        CHECK_MSG(!strncmp(at, first, lines), "the loss or the random numbers are not those of 1 thread");
        CHECK_MSG(strstr(at, "drawn ") && !strstr(at, "drawn 0000000000000000"), "nothing was drawn");
    }
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "child")) return child();
    check_test("plain_scenes");
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0) return 77;
    snprintf(folder, sizeof folder, "/tmp/clgrad-scenes-%ld", (long)getpid());
    mkdir(folder, 0700);
    nothing_installed();
    crashing_driver("a driver that crashes", "return *(volatile int *)0;");
    crashing_driver("a driver that ends the process", "extern void _exit(int); _exit(0); return 0;");
    thread_counts();
    driver_without_device();
    oclgrind();
    pocl();
    char command[300];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0) return 1;
    scratch_free_all();
    printf("%d scenes, %d skipped, %d failures\n", scenes, skipped, check_failures());
    return check_failures() != 0;
}
