/* Tables as text: numbers in the C locale whatever the program's is, files whole or not at all. */
#ifndef CLGRAD_TRAIN_TEXT_H
#define CLGRAD_TRAIN_TEXT_H

#include "clgrad/status.h"

typedef void cg_text_printer(FILE *out, const void *what);

/* What `print` prints of `what`, in new memory; NULL without memory. */
char *cg_text_of(cg_text_printer *print, const void *what);

/* Writes it to a file. Errors: on cg_error_message(NULL), beginning with `op`. */
cg_status cg_text_save(const char *path, const char *op, cg_text_printer *print, const void *what);

/* A number that is read back exactly; nothing for NaN. */
void cg_text_number(FILE *out, double value);

/* Reads what cg_text_number wrote, from *at up to a comma or the end of the line; false if it is no number. */
bool cg_text_read_number(const char **at, double *value);

#endif
