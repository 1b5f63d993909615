/* Records and fields of CSV files (RFC 4180), read strictly: csv_text.h. */
#include "io/csv_text.h"

#include "io/input_file.h"
#include "io/system_error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Where the reader is. Fields are written over the bytes they come from, which are never behind them. */
typedef struct csv_reader {
    cg_csv_text *text;
    const char *path;
    char delimiter;
    char *at, *end;
    int64_t line, fields, room_fields, room_records;
} csv_reader;

static cg_status malformed(const csv_reader *r, const char *what, cg_error *err) {
    return CG_FAIL(err, CG_ERROR_FORMAT, "csv: " CG_PATH_FORMAT ", line %lld: %s", r->path,
                   (long long)r->line, what);
}

/* Room for one more element of a growing array. */
static bool grow(void **array, int64_t n, int64_t *room, size_t size) {
    if (n < *room) return true;
    const int64_t more = *room ? 2 * *room : 64;
    void *grown = realloc(*array, (size_t)more * size);
    if (!grown) return false;
    *array = grown;
    *room = more;
    return true;
}

static cg_status add_field(csv_reader *r, char *field, cg_error *err) {
    if (!grow((void **)&r->text->field, r->fields, &r->room_fields, sizeof *r->text->field))
        return CG_FAIL(err, CG_ERROR_MEMORY, "csv: out of memory for %lld fields", (long long)r->fields);
    r->text->field[r->fields++] = field;
    return CG_OK;
}

static bool at_break(const csv_reader *r) {
    return *r->at == '\n' || (*r->at == '\r' && r->at + 1 < r->end && r->at[1] == '\n');
}

/* Takes a quoted field; the reader stands behind its first quote. */
static cg_status take_quoted(csv_reader *r, cg_error *err) {
    char *to = r->at, *field = to;
    const int64_t begun = r->line;
    for (; r->at < r->end; r->at++) {
        if (*r->at == '"') {
            if (r->at + 1 == r->end || r->at[1] != '"') break;
            r->at++;
        }
        if (*r->at == '\n') r->line++;
        *to++ = *r->at;
    }
    if (r->at == r->end) {
        r->line = begun;
        return malformed(r, "a quote is opened and never closed", err);
    }
    r->at++;
    if (r->at < r->end && *r->at != r->delimiter && !at_break(r))
        return malformed(r, "text behind a quoted field", err);
    *to = 0; /* at the closing quote, or before it */
    return add_field(r, field, err);
}

static cg_status take_plain(csv_reader *r, cg_error *err) {
    char *field = r->at;
    while (r->at < r->end && *r->at != r->delimiter && !at_break(r)) {
        if (*r->at == '"') return malformed(r, "a quote within a field that is not quoted", err);
        if (*r->at == '\r') return malformed(r, "a carriage return without a line feed", err);
        r->at++;
    }
    return add_field(r, field, err);
}

/* The field's end becomes a 0 only when it is known what stands there. Gives whether the record goes on. */
static bool pass_separator(csv_reader *r) {
    if (r->at == r->end) {
        *r->at = 0; /* there is one byte of room behind the file */
        return false;
    }
    const bool more = *r->at == r->delimiter, pair = *r->at == '\r';
    *r->at = 0;
    r->at += pair ? 2 : 1;
    if (!more) r->line++;
    return more;
}

static cg_status take_record(csv_reader *r, cg_error *err) {
    const int64_t first = r->fields, line = r->line;
    bool more = true;
    while (more) {
        const bool quoted = r->at < r->end && *r->at == '"';
        if (quoted) r->at++;
        if ((quoted ? take_quoted(r, err) : take_plain(r, err)) != CG_OK) return err->code;
        more = pass_separator(r);
    }
    cg_csv_text *t = r->text;
    const int64_t n = r->fields - first;
    if (!grow((void **)&t->line, t->records, &r->room_records, sizeof *t->line))
        return CG_FAIL(err, CG_ERROR_MEMORY, "csv: out of memory for %lld records", (long long)t->records);
    if (t->records == 0) t->columns = n;
    if (n != t->columns)
        return CG_FAIL(err, CG_ERROR_FORMAT,
                       "csv: " CG_PATH_FORMAT ", line %lld: %lld fields where the first has %lld", r->path,
                       (long long)line, (long long)n, (long long)t->columns);
    t->line[t->records++] = line;
    return CG_OK;
}

static cg_status take_records(csv_reader *r, const cg_csv_options *o, cg_error *err) {
    if (memchr(r->at, 0, (size_t)(r->end - r->at))) return malformed(r, "a zero byte; this is no text", err);
    if (r->end - r->at >= 3 && !memcmp(r->at, "\xef\xbb\xbf", 3)) r->at += 3;
    for (int64_t i = 0; i < o->skip_lines && r->at < r->end; i++) {
        char *next = memchr(r->at, '\n', (size_t)(r->end - r->at));
        r->at = next ? next + 1 : r->end;
        r->line++;
    }
    while (r->at < r->end) {
        const bool last = at_break(r) && r->end - r->at == (*r->at == '\r' ? 2 : 1);
        if (last && r->text->records) return CG_OK; /* an empty line at the end */
        if (take_record(r, err) != CG_OK) return err->code;
    }
    return r->text->records ? CG_OK : malformed(r, "there is no record", err);
}

static cg_status check_csv_options(const cg_csv_options *o, cg_error *err) {
    if ((unsigned char)o->delimiter < 128 && !strchr("\"\r\n.+-0123456789", o->delimiter)) return CG_OK;
    if (o->delimiter == 0) return CG_OK;
    return CG_FAIL(err, CG_ERROR_ARGUMENT, "csv: the delimiter '%c' may stand in a number or a record's end",
                   o->delimiter);
}

cg_status cg_csv_text_read(cg_csv_text *text, const char *path, const cg_csv_options *options,
                           cg_error *err) {
    *text = (cg_csv_text){0};
    cg_input_file file = {.fd = -1};
    if (check_csv_options(options, err) != CG_OK) return err->code;
    if (cg_input_open(&file, path, err) == CG_OK && !(text->bytes = malloc((size_t)file.bytes + 1)))
        CG_FAIL(err, CG_ERROR_MEMORY, "csv: out of memory for %llu bytes", (unsigned long long)file.bytes);
    if (err->code == CG_OK && cg_input_read(&file, text->bytes, (size_t)file.bytes, 0, err) == CG_OK) {
        csv_reader r = {.text = text,
                        .path = path,
                        .delimiter = options->delimiter ? options->delimiter : ',',
                        .at = text->bytes,
                        .end = text->bytes + file.bytes,
                        .line = 1};
        take_records(&r, options, err);
    }
    cg_input_close(&file);
    return err->code;
}

void cg_csv_text_free(cg_csv_text *text) {
    free(text->bytes);
    free(text->field);
    free(text->line);
    *text = (cg_csv_text){0};
}

/* --- Fields --------------------------------------------------------------------------------------------------- */

static const char *past_blanks(const char *at) { return at + strspn(at, " \t"); }

/* Whether a field is `word` in any case, blanks around it. */
static bool is_word(const char *field, const char *word) {
    const size_t n = strlen(word);
    field = past_blanks(field);
    return !strncasecmp(field, word, n) && !*past_blanks(field + n);
}

bool cg_csv_missing(const char *field) {
    static const char *const words[] = {"", "NA", "NaN", "N/A", "null", "?"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (is_word(field, words[i])) return true;
    return false;
}

/* The length of digits, a point and an exponent; 0 if they are no number. */
static size_t number_length(const char *at) {
    const char *begin = at;
    if (*at == '+' || *at == '-') at++;
    size_t digits = strspn(at, "0123456789");
    at += digits;
    if (*at == '.') {
        size_t more = strspn(++at, "0123456789");
        at += more;
        digits += more;
    }
    if (digits == 0) return 0;
    if (*at == 'e' || *at == 'E') {
        const char *sign = at + 1 + (at[1] == '+' || at[1] == '-');
        size_t exponent = strspn(sign, "0123456789");
        if (exponent == 0) return 0;
        at = sign + exponent;
    }
    return (size_t)(at - begin);
}

bool cg_plain_locale_begin(cg_plain_locale *locale) {
    locale->plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!locale->plain) return false;
    locale->before = uselocale(locale->plain);
    return true;
}

void cg_plain_locale_end(cg_plain_locale *locale) {
    uselocale(locale->before);
    freelocale(locale->plain);
}

bool cg_csv_number(const char *field, double *value) {
    static const struct {
        const char *word;
        double value;
    } words[] = {
        {"inf", INFINITY},       {"+inf", INFINITY},       {"-inf", -INFINITY}, {"infinity", INFINITY},
        {"+infinity", INFINITY}, {"-infinity", -INFINITY}, {"nan", NAN}};
    field = past_blanks(field);
    const size_t n = number_length(field);
    if (n > 0 && !*past_blanks(field + n)) {
        *value = strtod(field, NULL);
        return true;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (is_word(field, words[i].word)) {
            *value = words[i].value;
            return true;
        }
    return false;
}
