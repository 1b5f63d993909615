#include "json_text.h"

json_t *json_text(const char *value) {
    json_t *json = json_string(value);
    return json ? json : json_string("?");
}
