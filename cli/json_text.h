/* Text as JSON, fit for a terminal: drivers and files may hold anything. */
#ifndef CLGRAD_CLI_JSON_TEXT_H
#define CLGRAD_CLI_JSON_TEXT_H

#include <jansson.h>
#include <stdbool.h>

/* Puts "?" in the place of control characters, which could command a terminal, and spaces for lines and tabs. */
void text_printable(char *text);

/* A JSON string of printable text; "?" for what is not valid UTF-8, which a driver's answer need not be. */
json_t *json_text(const char *value);

/* Makes every text in `json` printable, but for keys. False without memory. */
bool json_texts_printable(json_t *json);

#endif
