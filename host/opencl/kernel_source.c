/* The text of a kernel request: defines, then the file with its includes put in. */
#define _GNU_SOURCE
#include "host/opencl/opencl.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/env.h"
#include "host/opencl/embedded.h"

enum { MAX_INCLUDE_DEPTH = 8 };

typedef struct source_writer {
    FILE *out;
    const char *program; /* what takes the place of program.h; NULL: nothing does */
    char missing[64];    /* the file that could not be found, "" if all could */
} source_writer;

/* A file from $CLGRAD_KERNEL_DIR, malloc'ed with a NUL behind it; NULL if it is not there. */
static char *read_kernel_file(const char *folder, const char *name) {
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) return NULL;
    FILE *f = fopen(path, "rbe");
    if (!f) return NULL;
    char *text = NULL;
    size_t room = 0;
    ssize_t n = getdelim(&text, &room, 0, f); /* a text has no NUL: this is all of it */
    fclose(f);
    if (n > 0) return text;
    free(text);
    return NULL;
}

/* The embedded text, or the file's if CLGRAD_KERNEL_DIR is set: then *to_free is set too. */
static const char *kernel_file(const char *name, char **to_free) {
    *to_free = NULL;
    const char *folder = cg_env("CLGRAD_KERNEL_DIR");
    if (folder && (*to_free = read_kernel_file(folder, name))) return *to_free;
    for (size_t i = 0; i < cg_embedded_kernel_count; i++)
        if (strcmp(cg_embedded_kernels[i].name, name) == 0) return cg_embedded_kernels[i].text;
    return NULL;
}

static void write_file(source_writer *w, const char *name, int depth);

/* The name in a line `#include "name"`, which is copied out; false if the line is none. */
static bool included_name(const char *line, char name[64]) {
    static const char start[] = "#include \"";
    if (strncmp(line, start, sizeof start - 1) != 0) return false;
    line += sizeof start - 1;
    size_t n = strcspn(line, "\"\n");
    if (line[n] != '"' || n >= 64) return false;
    memcpy(name, line, n);
    name[n] = 0;
    return true;
}

static void write_text(source_writer *w, const char *text, int depth) {
    for (const char *line = text; *line;) {
        const char *end = strchr(line, '\n');
        size_t n = end ? (size_t)(end - line) + 1 : strlen(line);
        char name[64];
        if (!included_name(line, name))
            fwrite(line, 1, n, w->out);
        else if (w->program && strcmp(name, "program.h") == 0)
            write_text(w, w->program, depth + 1);
        else
            write_file(w, name, depth + 1);
        line += n;
    }
    fputc('\n', w->out);
}

static void write_file(source_writer *w, const char *name, int depth) {
    char *to_free = NULL;
    const char *text = depth <= MAX_INCLUDE_DEPTH ? kernel_file(name, &to_free) : NULL;
    if (text)
        write_text(w, text, depth);
    else
        snprintf(w->missing, sizeof w->missing, "%s", name);
    free(to_free);
}

static void write_defines(FILE *out, const cg_kernel_request *r) {
    fprintf(out, "#define TYPE %d\n#define W %d\n", (int)r->type, r->width > 0 ? r->width : 1);
    for (int i = 0; i < r->n_defines; i++)
        fprintf(out, "#define %s %lld\n", r->define[i].name, (long long)r->define[i].value);
}

char *cg_cl_source(cg_hw_opencl *hw, const cg_kernel_request *r) {
    char *program = r->program ? cg_program_text(r->program, &r->layout) : NULL, *text = NULL;
    size_t size = 0;
    FILE *out = r->program && !program ? NULL : open_memstream(&text, &size);
    source_writer w = {.out = out, .program = program};
    bool failed = !out;
    if (out) {
        write_defines(out, r);
        write_file(&w, r->file, 0);
        failed = ferror(out) != 0;
        failed = fclose(out) != 0 || failed;
    }
    free(program);
    if (!failed && !w.missing[0]) return text;
    free(text);
    if (failed)
        CG_FAIL(hw->base.err, CG_ERROR_MEMORY, "%s: no memory for the text of kernel %s", r->file, r->entry);
    else
        CG_FAIL(hw->base.err, CG_ERROR_BUILD, "%s: kernel file %s not found", r->file, w.missing);
    return NULL;
}
