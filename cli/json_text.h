/* Text as JSON. */
#ifndef CLGRAD_CLI_JSON_TEXT_H
#define CLGRAD_CLI_JSON_TEXT_H

#include <jansson.h>

/* A JSON string; "?" for what is not valid UTF-8, which a driver's answer need not be. */
json_t *json_text(const char *value);

#endif
