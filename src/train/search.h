/* The insides of a search. */
#ifndef CLGRAD_TRAIN_SEARCH_H
#define CLGRAD_TRAIN_SEARCH_H

#include "clgrad/train.h"

struct cg_search {
    int n;       /* hyperparameters */
    char **name; /* of each */
    int trials;  /* made */
    bool maximize;
    cg_trial *trial; /* room for all */
    double *value;   /* behind them: n for each trial */
};

#endif
