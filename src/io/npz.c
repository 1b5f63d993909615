/* .npz files, which are zip archives of .npy arrays: npy.h. */
#include "clgrad/npy.h"

#include "core/dtype.h"
#include "io/array_host.h"
#include "io/missing_library.h"
#include "io/npy_header.h"
#include "io/system_error.h"

#ifdef CG_WITH_ZIP

#include "io/atomic_file.h"
#include "io/input_file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

/* What deflate makes smallest: 1032 bytes of one. An entry that promises more lies. */
enum { MAX_RATIO = 1032, DOS_DATE = 1 << 5 | 1 }; /* 1980-01-01: the same arrays make the same file */

typedef struct npz_entry {
    char *name; /* without ".npy" */
    zip_uint64_t place, bytes;
} npz_entry;

struct cg_npz {
    zip_t *zip;
    char *path;
    int count;
    npz_entry *entry;
};

static cg_status fail_zip(cg_error *err, const char *what, const char *path, zip_error_t *why) {
    const bool memory = zip_error_code_zip(why) == ZIP_ER_MEMORY;
    const bool system = zip_error_system_type(why) == ZIP_ET_SYS;
    return CG_FAIL(err,
                   memory   ? CG_ERROR_MEMORY
                   : system ? CG_ERROR_IO
                            : CG_ERROR_FORMAT,
                   "npz: %s " CG_PATH_FORMAT ": %s", what, path, zip_error_strerror(why));
}

/* Opens a regular file as an archive. */
static zip_t *open_archive(const char *path, cg_error *err) {
    cg_input_file file;
    if (cg_input_open(&file, path, err) != CG_OK) return NULL;
    int code = 0;
    zip_t *zip = zip_fdopen(file.fd, 0, &code);
    if (zip)
        file.fd = -1; /* the archive's now */
    else {
        zip_error_t why;
        zip_error_init_with_code(&why, code);
        fail_zip(err, "cannot open", path, &why);
        zip_error_fini(&why);
    }
    cg_input_close(&file);
    return zip;
}

/* Takes an entry in if it is an array. */
static cg_status add_entry(cg_npz *file, zip_uint64_t place, cg_error *err) {
    zip_stat_t about;
    if (zip_stat_index(file->zip, place, 0, &about) != 0)
        return fail_zip(err, "cannot read", file->path, zip_get_error(file->zip));
    const size_t n = about.valid & ZIP_STAT_NAME ? strlen(about.name) : 0;
    if (n < 4 || strcmp(about.name + n - 4, ".npy") != 0) return CG_OK;
    if (!(about.valid & ZIP_STAT_SIZE) || !(about.valid & ZIP_STAT_COMP_SIZE) ||
        about.size / MAX_RATIO > about.comp_size)
        return CG_FAIL(err, CG_ERROR_FORMAT,
                       "npz: " CG_PATH_FORMAT ": '%.100s' promises more than it can hold", file->path,
                       about.name);
    char *name = strdup(about.name);
    if (!name) return CG_FAIL(err, CG_ERROR_MEMORY, "npz: out of memory");
    name[n - 4] = 0;
    file->entry[file->count++] = (npz_entry){name, place, about.size};
    for (int i = 0; i < file->count - 1; i++)
        if (!strcmp(file->entry[i].name, name))
            return CG_FAIL(err, CG_ERROR_FORMAT, "npz: " CG_PATH_FORMAT ": '%.100s' is there twice",
                           file->path, name);
    return CG_OK;
}

cg_npz *cg_npz_open(const char *path) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    cg_npz *file = calloc(1, sizeof *file);
    if (!file) {
        CG_FAIL(err, CG_ERROR_MEMORY, "npz: out of memory");
        return NULL;
    }
    file->zip = open_archive(path, err);
    const zip_int64_t n = file->zip ? zip_get_num_entries(file->zip, 0) : 0;
    if (file->zip &&
        (!(file->path = strdup(path)) || !(file->entry = calloc((size_t)n + 1, sizeof *file->entry))))
        CG_FAIL(err, CG_ERROR_MEMORY, "npz: out of memory for %lld entries", (long long)n);
    for (zip_int64_t i = 0; err->code == CG_OK && i < n; i++) add_entry(file, (zip_uint64_t)i, err);
    if (err->code == CG_OK) return file;
    cg_npz_close(file);
    return NULL;
}

int cg_npz_count(const cg_npz *file) { return file ? file->count : 0; }

const char *cg_npz_name(const cg_npz *file, int i) {
    return file && i >= 0 && i < file->count ? file->entry[i].name : NULL;
}

typedef struct entry_reader {
    zip_file_t *entry;
    const char *path;
} entry_reader;

static cg_status read_entry(void *context, void *to, size_t bytes, cg_error *err) {
    entry_reader *r = context;
    for (char *at = to; bytes > 0;) {
        const zip_int64_t n = zip_fread(r->entry, at, bytes);
        if (n < 0) return fail_zip(err, "cannot read", r->path, zip_file_get_error(r->entry));
        if (n == 0)
            return CG_FAIL(err, CG_ERROR_FORMAT, "npz: " CG_PATH_FORMAT ": an entry ends early", r->path);
        at += n;
        bytes -= (size_t)n;
    }
    return CG_OK;
}

static cg_status read_array(const cg_npz *file, const npz_entry *entry, cg_array *array, cg_error *err) {
    entry_reader reader = {zip_fopen_index(file->zip, entry->place, 0), file->path};
    if (!reader.entry) return fail_zip(err, "cannot read", file->path, zip_get_error(file->zip));
    cg_npy_source source = {read_entry, &reader, entry->bytes, entry->name};
    cg_npy_read_source(&source, array, err);
    char beyond; /* its checksum is compared at the end alone */
    if (err->code == CG_OK && zip_fread(reader.entry, &beyond, 1) != 0)
        CG_FAIL(err, CG_ERROR_FORMAT, "npz: " CG_PATH_FORMAT ": '%.100s' has a wrong checksum", file->path,
                entry->name);
    zip_fclose(reader.entry);
    if (err->code != CG_OK) cg_array_free(array);
    return err->code;
}

cg_status cg_npz_read(const cg_npz *file, const char *name, cg_array *array) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    *array = (cg_array){.shape = {.rank = -1}};
    if (!file || !name) return CG_FAIL(err, CG_ERROR_ARGUMENT, "npz: no file or no name");
    for (int i = 0; i < file->count; i++)
        if (!strcmp(file->entry[i].name, name)) return read_array(file, &file->entry[i], array, err);
    return CG_FAIL(err, CG_ERROR_ARGUMENT, "npz: " CG_PATH_FORMAT " holds no '%.100s'", file->path, name);
}

void cg_npz_close(cg_npz *file) {
    if (!file) return;
    if (file->zip) zip_discard(file->zip);
    for (int i = 0; i < file->count; i++) free(file->entry[i].name);
    free(file->entry);
    free(file->path);
    free(file);
}

/* --- Writing ------------------------------------------------------------------------------------------------- */

static cg_status check_names(int n, const cg_named_array *arrays, cg_error *err) {
    int64_t numel;
    for (int i = 0; i < n; i++) {
        if (!arrays[i].name || !*arrays[i].name || strlen(arrays[i].name) > 1000)
            return CG_FAIL(err, CG_ERROR_ARGUMENT, "npz: array %d has no name, or one too long", i);
        for (int k = 0; k < i; k++)
            if (!strcmp(arrays[k].name, arrays[i].name))
                return CG_FAIL(err, CG_ERROR_ARGUMENT, "npz: two arrays are called '%.100s'", arrays[i].name);
        if (!cg_array_valid(&arrays[i].array, &numel))
            return CG_FAIL(err, CG_ERROR_ARGUMENT, "npz: '%.100s' has no valid shape, dtype or data",
                           arrays[i].name);
    }
    return CG_OK;
}

/* Adds header and elements as one entry; both must live until the archive is written. */
static bool add_array(zip_t *zip, const cg_named_array *a, char header[CG_NPY_WRITTEN_HEADER],
                      bool compress) {
    char name[1024];
    snprintf(name, sizeof name, "%s.npy", a->name);
    const zip_buffer_fragment_t part[] = {
        {(zip_uint8_t *)header, cg_npy_header_write(&a->array, header)},
        {a->array.data, (zip_uint64_t)cg_array_numel(&a->array) * cg_dtype_size(a->array.dtype)}};
    zip_source_t *source = zip_source_buffer_fragment(zip, part, part[1].length > 0 ? 2 : 1, 0);
    if (!source) return false;
    const zip_int64_t place = zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8);
    if (place < 0) {
        zip_source_free(source);
        return false;
    }
    const zip_uint64_t at = (zip_uint64_t)place;
    return zip_set_file_compression(zip, at, compress ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0) == 0 &&
           zip_file_set_dostime(zip, at, 0, DOS_DATE, 0) == 0;
}

/* The archive as libzip makes it, in memory: its own way to a file renames without fsync. To be freed. */
static zip_source_t *make_archive(const char *path, int n, const cg_named_array *arrays, bool compress,
                                  char (*header)[CG_NPY_WRITTEN_HEADER], cg_error *err) {
    zip_error_t why;
    zip_error_init(&why);
    zip_source_t *memory = zip_source_buffer_create(NULL, 0, 0, &why);
    zip_t *zip = memory ? zip_open_from_source(memory, ZIP_CREATE | ZIP_TRUNCATE, &why) : NULL;
    if (!zip) {
        fail_zip(err, "cannot write", path, &why);
        zip_source_free(memory);
        zip_error_fini(&why);
        return NULL;
    }
    zip_error_fini(&why);
    zip_source_keep(memory);
    bool ok = true;
    for (int i = 0; ok && i < n; i++) ok = add_array(zip, &arrays[i], header[i], compress);
    if (ok && zip_close(zip) == 0) return memory;
    fail_zip(err, "cannot write", path, zip_get_error(zip));
    zip_discard(zip);
    zip_source_free(memory);
    return NULL;
}

/* Appends all bytes of a source. */
static cg_status copy_source(zip_source_t *from, cg_atomic_file *to, cg_error *err) {
    static const size_t room = 1 << 16;
    char *part = malloc(room);
    if (!part) return CG_FAIL(err, CG_ERROR_MEMORY, "npz: out of memory");
    cg_status status = CG_OK;
    zip_int64_t bytes = zip_source_open(from) == 0 ? 1 : -1;
    const bool open = bytes > 0;
    while (status == CG_OK && bytes > 0) {
        bytes = zip_source_read(from, part, room);
        if (bytes > 0) status = cg_atomic_write(to, part, (size_t)bytes, err);
    }
    if (bytes < 0) status = fail_zip(err, "cannot write", to->path, zip_source_error(from));
    if (open) zip_source_close(from);
    free(part);
    return status;
}

static cg_status write_archive(const char *path, int n, const cg_named_array *arrays, bool compress,
                               char (*header)[CG_NPY_WRITTEN_HEADER], cg_error *err) {
    cg_atomic_file file;
    cg_status status = cg_atomic_begin(&file, path, err);
    if (status == CG_OK) {
        zip_source_t *archive = make_archive(path, n, arrays, compress, header, err);
        status = archive ? copy_source(archive, &file, err) : err->code;
        zip_source_free(archive);
    }
    return cg_atomic_end(&file, status, err);
}

cg_status cg_npz_write(const char *path, int n, const cg_named_array *arrays, bool compress) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    if (!path || !*path || n < 1 || !arrays)
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "npz: no path, or no array to write");
    if (check_names(n, arrays, err) != CG_OK) return err->code;
    char(*header)[CG_NPY_WRITTEN_HEADER] = malloc((size_t)n * sizeof *header);
    if (!header) return CG_FAIL(err, CG_ERROR_MEMORY, "npz: out of memory for %d headers", n);
    cg_status status = write_archive(path, n, arrays, compress, header, err);
    free(header);
    return status;
}

#else

static cg_status without_zip(void) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    return CG_FAIL_WITHOUT(err, "npz", "libzip", "CLGRAD_ZIP");
}

cg_npz *cg_npz_open(const char *path) {
    (void)path;
    without_zip();
    return NULL;
}

int cg_npz_count(const cg_npz *file) {
    (void)file;
    return 0;
}

const char *cg_npz_name(const cg_npz *file, int i) {
    (void)file, (void)i;
    return NULL;
}

cg_status cg_npz_read(const cg_npz *file, const char *name, cg_array *array) {
    (void)file, (void)name;
    *array = (cg_array){.shape = {.rank = -1}};
    return without_zip();
}

void cg_npz_close(cg_npz *file) { (void)file; }

cg_status cg_npz_write(const char *path, int n, const cg_named_array *arrays, bool compress) {
    (void)path, (void)n, (void)arrays, (void)compress;
    return without_zip();
}

#endif
