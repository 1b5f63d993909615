/* What clgrad predict prints. */
#ifndef CLGRAD_CLI_PREDICT_OUTPUT_H
#define CLGRAD_CLI_PREDICT_OUTPUT_H

#include "prediction.h"

typedef struct predict_report {
    bool rows, csv; /* a row for each sample; as CSV */
    int64_t classes;
    bool labelled;
    int64_t samples, *confusion; /* (classes, classes): label, class predicted */
} predict_report;

/* Begins the table; false without memory. */
bool predict_report_begin(predict_report *r, bool labelled);

/* Adds samples: with labels from a data set, else with names. */
void predict_report_add(predict_report *r, const prediction *p, const cg_dataset *labels, char *const *names);

/* The summary: of labelled samples accuracy and confusion matrix. */
void predict_report_end(const predict_report *r);

void predict_report_free(predict_report *r);

#endif
