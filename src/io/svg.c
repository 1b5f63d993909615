/* What all pictures share: svg.h. */
#include "io/svg.h"

#include "io/atomic_file.h"

#include <locale.h>
#include <stdlib.h>

static const double char_width = 6.6; /* of the 12 px font */

/* Okabe and Ito's palette, which the colour-blind can tell apart, but for its yellow and black. */
static const char *const light_colours[SVG_COLOURS] = {"#0072b2", "#d55e00", "#009e73",
                                                       "#cc79a7", "#e69f00", "#56b4e9"};
static const char *const dark_colours[SVG_COLOURS] = {"#4a9edb", "#f07a2a", "#2fbf94",
                                                      "#d98db8", "#ebb030", "#8ccbf2"};

/* The length of the UTF-8 sequence at `text` if XML allows that character, else 0. */
static int character_length(const unsigned char *text) {
    static const unsigned smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (*text < 0x80) return *text >= 0x20;
    int length = *text >= 0xf0 ? 4 : *text >= 0xe0 ? 3 : 2;
    if (*text < 0xc2 || *text > 0xf4) return 0;
    unsigned code = *text & (0x7fu >> length);
    for (int i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | (text[i] & 0x3fu);
    }
    bool allowed = code >= smallest[length] && code <= 0x10ffff && (code & 0xfffff800u) != 0xd800 &&
                   (code & 0xfffffffeu) != 0xfffe;
    return allowed ? length : 0;
}

void svg_put_text(FILE *out, const char *text) {
    while (*text) {
        int length = character_length((const unsigned char *)text);
        if (*text == '&')
            fputs("&amp;", out);
        else if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '>')
            fputs("&gt;", out);
        else if (*text == '"')
            fputs("&quot;", out);
        else if (length > 0)
            fwrite(text, 1, (size_t)length, out);
        else
            fputc('?', out);
        text += length > 0 ? length : 1;
    }
}

double svg_text_width(const char *text) {
    int characters = 0;
    for (; *text; text++) characters += (*text & 0xc0) != 0x80;
    return characters * char_width;
}

bool svg_given(const char *text) { return text && *text; }

void svg_put_label(FILE *out, const char *class, double x, double y, const char *text) {
    if (!svg_given(text)) return;
    fprintf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
    svg_put_text(out, text);
    fputs("</text>\n", out);
}

static void put_colours(FILE *out, const char *const colours[SVG_COLOURS]) {
    for (int i = 0; i < SVG_COLOURS; i++)
        fprintf(out, ".c%d{stroke:%s}.f%d{fill:%s}", i, colours[i], i, colours[i]);
}

void svg_put_head(FILE *out, int width, int height, const char *title) {
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
            "role=\"img\">\n",
            width, height, width, height);
    if (svg_given(title)) {
        fputs("<title>", out);
        svg_put_text(out, title);
        fputs("</title>\n", out);
    }
    fputs(
        "<style>\n"
        "text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#454c55}\n"
        ".title{font-size:15px;font-weight:600;fill:#1c2127}.end{text-anchor:end}.middle{text-anchor:middle}"
        "\n"
        ".paper{fill:#fff}.grid{stroke:#e2e6ea}.fine{stroke:#f0f2f4}.axis{stroke:#8b949e}\n"
        ".curve{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.dots{stroke-width:5}\n"
        ".scatter{stroke-width:4;stroke-opacity:.7}.square{stroke-linecap:square}.bars{fill-opacity:.45}\n",
        out);
    put_colours(out, light_colours);
    fputs("\n@media(prefers-color-scheme:dark){text{fill:#b1bac4}.title{fill:#e6edf3}.paper{fill:#0d1117}\n"
          ".grid{stroke:#2b323b}.fine{stroke:#1b2128}.axis{stroke:#6e7681}\n",
          out);
    put_colours(out, dark_colours);
    fprintf(out, "}\n</style>\n<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n", width, height);
}

/* The picture as text in new memory; NULL without memory. */
static char *draw(void (*put)(FILE *out, void *picture), void *picture, size_t *bytes) {
    char *text = NULL;
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c_locale) return NULL;
    FILE *out = open_memstream(&text, bytes);
    bool complete = false;
    if (out) {
        locale_t before = uselocale(c_locale);
        put(out, picture);
        complete = !ferror(out);
        if (fclose(out) != 0) complete = false;
        uselocale(before);
    }
    freelocale(c_locale);
    if (complete) return text;
    free(text);
    return NULL;
}

cg_status svg_write(const char *path, const char *what, void (*put)(FILE *out, void *picture), void *picture,
                    cg_error *err) {
    size_t bytes = 0;
    char *text = draw(put, picture, &bytes);
    if (!text) return CG_FAIL(err, CG_ERROR_MEMORY, "%s: out of memory", what);
    cg_atomic_file file;
    cg_status status = cg_atomic_begin(&file, path, err);
    if (status == CG_OK) status = cg_atomic_write(&file, text, bytes, err);
    status = cg_atomic_end(&file, status, err);
    free(text);
    return status;
}
