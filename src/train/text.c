#include "train/text.h"

#include "io/atomic_file.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* strtod and printf follow the locale of the thread: it is C's between these two. */
typedef struct c_locale {
    locale_t own, before;
} c_locale;

static bool c_locale_begin(c_locale *l) {
    l->own = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!l->own) return false;
    l->before = uselocale(l->own);
    return true;
}

static void c_locale_end(c_locale *l) {
    uselocale(l->before);
    freelocale(l->own);
}

char *cg_text_of(cg_text_printer *print, const void *what) {
    char *text = NULL;
    size_t bytes = 0;
    c_locale locale;
    if (!c_locale_begin(&locale)) return NULL;
    FILE *out = open_memstream(&text, &bytes);
    bool ok = out != NULL;
    if (out) {
        print(out, what);
        ok = !ferror(out);
        if (fclose(out) != 0) ok = false;
    }
    c_locale_end(&locale);
    if (ok) return text;
    free(text);
    return NULL;
}

cg_status cg_text_save(const char *path, const char *op, cg_text_printer *print, const void *what) {
    cg_error *err = cg_error_of_thread(), why = {0};
    *err = (cg_error){0};
    char *text = cg_text_of(print, what);
    if (!text) return CG_FAIL(err, CG_ERROR_MEMORY, "%s: out of memory", op);
    cg_atomic_file file;
    cg_status status = cg_atomic_begin(&file, path, &why);
    if (status == CG_OK) status = cg_atomic_write(&file, text, strlen(text), &why);
    status = cg_atomic_end(&file, status, &why);
    if (status != CG_OK) CG_FAIL(err, status, "%s: %s", op, why.message);
    free(text);
    return status;
}

void cg_text_number(FILE *out, double value) {
    if (!isnan(value)) fprintf(out, "%.17g", value);
}

bool cg_text_read_number(const char **at, double *value) {
    c_locale locale;
    *value = (double)NAN;
    const char *begin = *at;
    if (*begin && *begin != ',' && *begin != '\n' && *begin != '\r') {
        if (!c_locale_begin(&locale)) return false;
        char *end;
        *value = strtod(begin, &end);
        c_locale_end(&locale);
        if (end == begin) return false;
        *at = end;
    }
    return !**at || **at == ',' || **at == '\n' || **at == '\r';
}
