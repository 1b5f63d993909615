#include "reference/ref_metrics.h"

ref_array ref_top_k_accuracy(ref_array logits, ref_array labels, int64_t k) {
    int64_t hits = 0, classes = logits.shape[1];
    for (int64_t row = 0; row < labels.n; row++) {
        const long double *v = logits.v + row * classes;
        const int64_t label = (int64_t)labels.v[row];
        int64_t before = 0;
        if (label < 0 || label >= classes) continue;
        for (int64_t c = 0; c < classes; c++) before += v[c] > v[label] || (v[c] == v[label] && c < label);
        hits += before < k;
    }
    return ref_array_scalar((long double)hits / (long double)labels.n);
}

ref_array ref_confusion_matrix(ref_array labels, ref_array predicted, int64_t classes) {
    ref_array m = ref_array_new(2, (const int64_t[]){classes, classes});
    for (int64_t i = 0; i < classes; i++)
        for (int64_t j = 0; j < classes; j++)
            for (int64_t k = 0; k < labels.n; k++)
                m.v[i * classes + j] += labels.v[k] == (long double)i && predicted.v[k] == (long double)j;
    return m;
}

ref_array ref_share_of_class(ref_array m, ref_share share) {
    const int64_t n = m.shape[0];
    ref_array out = ref_array_new(1, &n);
    for (int64_t c = 0; c < n; c++) {
        long double row = 0, column = 0, hits = m.v[c * n + c];
        for (int64_t k = 0; k < n; k++) {
            row += m.v[c * n + k];
            column += m.v[k * n + c];
        }
        const long double precision = column > 0 ? hits / column : 0, recall = row > 0 ? hits / row : 0;
        out.v[c] = share == REF_PRECISION   ? precision
                   : share == REF_RECALL    ? recall
                   : precision + recall > 0 ? 2 * precision * recall / (precision + recall)
                                            : 0;
    }
    return out;
}

ref_array ref_r2_score(ref_array predicted, ref_array target) {
    long double mean = 0, rest = 0, all = 0;
    for (int64_t i = 0; i < target.n; i++) mean += target.v[i] / (long double)target.n;
    for (int64_t i = 0; i < target.n; i++) {
        rest += (target.v[i] - predicted.v[i]) * (target.v[i] - predicted.v[i]);
        all += (target.v[i] - mean) * (target.v[i] - mean);
    }
    return ref_array_scalar(1 - rest / all);
}

ref_array ref_roc_auc(ref_array scores, ref_array labels) {
    long double won = 0, pairs = 0;
    for (int64_t i = 0; i < scores.n; i++)
        for (int64_t j = 0; j < scores.n; j++) {
            if (labels.v[i] == 0 || labels.v[j] != 0) continue;
            pairs++;
            won += scores.v[i] > scores.v[j] ? 1 : scores.v[i] == scores.v[j] ? 0.5L : 0;
        }
    return ref_array_scalar(won / pairs);
}
