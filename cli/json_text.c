#include "json_text.h"

#include <stdlib.h>
#include <string.h>

void text_printable(char *text) {
    for (unsigned char *at = (unsigned char *)text; *at; at++) {
        const bool c1 = at[0] == 0xC2 && at[1] >= 0x80 && at[1] < 0xA0; /* U+0080 to U+009F in UTF-8 */
        if (*at == '\n' || *at == '\t') *at = ' ';
        if (*at < 0x20 || *at == 0x7F || c1) *at = '?';
        if (c1) *++at = '?';
    }
}

json_t *json_text(const char *value) {
    char *printable = value ? strdup(value) : NULL;
    if (printable) text_printable(printable);
    json_t *json = printable ? json_string(printable) : NULL;
    free(printable);
    return json ? json : json_string("?");
}

bool json_texts_printable(json_t *json) {
    if (json_is_string(json)) {
        json_t *printable = json_text(json_string_value(json));
        const bool done = printable && json_string_set(json, json_string_value(printable)) == 0;
        json_decref(printable);
        return done;
    }
    const char *key;
    json_t *value;
    json_object_foreach(json, key, value) if (!json_texts_printable(value)) return false;
    for (size_t i = 0; i < json_array_size(json); i++)
        if (!json_texts_printable(json_array_get(json, i))) return false;
    return true;
}
