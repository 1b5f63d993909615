#include "bench_page.h"

#include "bench_file.h"
#include "bench_page_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* JSON inside a script element: "<" would let "</script>" in a driver's name end it. */
static bool put_json(FILE *stream, const json_t *document, const json_t *earlier) {
    json_t *both = json_pack("{s:O, s:O?}", "run", document, "against", earlier);
    char *text = both ? json_dumps(both, JSON_COMPACT) : NULL;
    json_decref(both);
    if (!text) {
        errno = ENOMEM;
        return false;
    }
    for (const char *at = text; *at; at++)
        if (*at == '<')
            fputs("\\u003c", stream);
        else
            fputc(*at, stream);
    free(text);
    return !ferror(stream);
}

/* The page with its parts in the places that are marked for them: a line that is "@style", "@data" or "@script". */
static bool put_page(FILE *stream, const json_t *document, const json_t *earlier) {
    for (const char *line = bench_page_text.html; *line;) {
        const size_t length = strcspn(line, "\n") + 1;
        if (strncmp(line, "@style\n", length) == 0)
            fputs(bench_page_text.style, stream);
        else if (strncmp(line, "@script\n", length) == 0)
            fputs(bench_page_text.script, stream);
        else if (strncmp(line, "@data\n", length) != 0)
            fwrite(line, 1, length, stream);
        else if (!put_json(stream, document, earlier))
            return false;
        line += length;
    }
    return !ferror(stream);
}

bool bench_page_write(const json_t *document, const json_t *earlier, const char *path) {
    bench_file file = bench_file_begin(path);
    return bench_file_end(&file, file.stream && put_page(file.stream, document, earlier));
}
