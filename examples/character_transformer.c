/*
 * A transformer that learns to write, character by character, from the first chapters of Pride and Prejudice.
 *
 *     p(next | what stands before) = softmax(transformer(tokens)),   L = -mean log p(the character that did come)
 *
 * L is in nats per character. Guessing evenly among V characters costs log V; knowing how often each occurs, the entropy
 * of that distribution; everything below is knowledge of what stands before: spelling, words, who says what.
 */
#include "example.h"

/* Sequences in a step, steps, how often the held-back loss is measured, and what it has to be at last, in nats. */
typedef struct settings {
    cg_transformer_options model;
    int64_t batch, steps, every;
    double lr, goal;
} settings;
static const settings full = {
    {.context = 64, .width = 96, .heads = 4, .layers = 3}, 32, 1000, 100, 3e-3, 1.9};
static const settings small = {{.context = 32, .width = 32, .heads = 2, .layers = 1}, 16, 150, 50, 1e-2, 2.7};

typedef struct corpus {
    char character[256]; /* of each token */
    cg_tensor *train, *held_back;
    int vocabulary;
    double entropy; /* of the distribution of single characters */
} corpus;

/* --- text ----------------------------------------------------------------------------------------------------- */

static char *read_text(const char *path, size_t *length) {
    static char text[1 << 20];
    FILE *file = fopen(path, "rb");
    *length = file ? fread(text, 1, sizeof text, file) : 0;
    if (file) fclose(file);
    if (*length == 0) fprintf(stderr, "%s: no text\n", path);
    return *length > 0 ? text : NULL;
}

/* Numbers the characters that occur from 0, and cuts off the last tenth to test on. */
static bool load(cg_device *dev, const char *path, corpus *c) {
    static int32_t token[1 << 20];
    int number[256] = {0};
    size_t length;
    const char *text = read_text(path, &length);
    if (!text) return false;
    for (size_t i = 0; i < length; i++) number[(unsigned char)text[i]] = 1;
    for (int i = 0; i < 256; i++)
        if (number[i]) c->character[c->vocabulary] = (char)i, number[i] = c->vocabulary++;
    for (size_t i = 0; i < length; i++) token[i] = number[(unsigned char)text[i]];
    cg_tensor *all = cg_from_i32(dev, cg_shape((int64_t)length), token);
    const int64_t cut = (int64_t)length * 9 / 10;
    c->train = cg_slice(all, 0, 0, cut, 1);
    c->held_back = cg_slice(all, 0, cut, CG_SLICE_OPEN, 1);
    cg_tensor *count = cg_cast(cg_bincount(c->train, c->vocabulary), CG_F32);
    c->entropy = value(cg_entropy(cg_div(count, (double)cut), -1));
    return true;
}

/* --- learning --------------------------------------------------------------------------------------------------- */

/* The loss of the windows that begin at `start` (B, 1): each character is to be told from those before it. */
static cg_tensor *loss_at(cg_module *net, cg_tensor *text, cg_tensor *start, const settings *s) {
    cg_tensor *place =
        cg_add(start, cg_arange(cg_device_of(text), CG_I64, 0, (double)s->model.context, 1)); /* (B, T) */
    cg_tensor *logits = cg_forward(net, cg_take(text, place));                                /* (B, T, V) */
    cg_tensor *next = cg_take(text, cg_add(place, 1));
    return cg_cross_entropy(cg_reshape(logits, cg_shape(-1, s->model.vocabulary)),
                            cg_reshape(next, cg_shape(-1)), CG_MEAN);
}

/* The loss on the held-back text, in windows side by side. */
static double held_back_loss(cg_module *net, const corpus *c, const settings *s) {
    cg_device *dev = cg_module_device(net);
    const int64_t windows = (cg_size(c->held_back, 0) - 1) / s->model.context, at_once = 64;
    double sum = 0;
    cg_module_train(net, false);
    cg_no_grad_begin(dev);
    for (int64_t w = 0; w < windows; w += at_once) {
        cg_scope *scope = cg_scope_begin(dev);
        const int64_t n = windows - w < at_once ? windows - w : at_once;
        cg_tensor *start = cg_mul(cg_add(cg_arange(dev, CG_I64, 0, (double)n, 1), w), s->model.context);
        sum += (double)n * value(loss_at(net, c->held_back, cg_unsqueeze(start, 1), s));
        cg_scope_end(scope);
    }
    cg_no_grad_end(dev);
    cg_module_train(net, true);
    return sum / (double)windows;
}

/* One step on random windows. Returns the loss where it is asked for: reading it waits for the device. */
static double learn(cg_module *net, cg_optimizer *adam, const corpus *c, const settings *s, bool asked) {
    cg_device *dev = cg_module_device(net);
    cg_scope *scope = cg_scope_begin(dev);
    const int64_t last = cg_size(c->train, 0) - s->model.context - 1;
    cg_tensor *loss = loss_at(net, c->train, cg_integers(dev, CG_I64, cg_shape(s->batch, 1), 0, last + 1), s);
    cg_backward(loss);
    cg_clip_grad_norm(net, 1, 2, NULL);
    cg_optimizer_step(adam);
    const double result = asked ? value(loss) : NAN;
    cg_scope_end(scope);
    return result;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* Writes n characters after `text`: each is drawn from softmax(logits / temperature), and read again with the next. */
static void write_text(cg_module *net, const corpus *c, const settings *s, int n, double temperature) {
    cg_device *dev = cg_module_device(net);
    cg_module_train(net, false);
    cg_no_grad_begin(dev);
    cg_tensor *tokens = cg_retain(cg_reshape(cg_slice(c->held_back, 0, 0, 1, 1), cg_shape(1, 1)));
    for (int i = 0; i < n; i++) {
        cg_scope *scope = cg_scope_begin(dev);
        cg_tensor *logits =
            cg_slice(cg_forward(net, tokens), 1, -1, CG_SLICE_OPEN, 1); /* (1, 1, V), of the last */
        cg_tensor *drawn =
            cg_categorical(cg_softmax(cg_div(cg_reshape(logits, cg_shape(1, -1)), temperature), -1), 1);
        const double token = value(drawn);
        if (!(token >= 0))
            n = 0; /* after an error */
        else
            putchar(c->character[(int)token]);
        cg_tensor *both[] = {tokens, cg_cast(drawn, CG_I32)};
        cg_tensor *longer =
            cg_retain(cg_slice(cg_concat(2, both, 1), 1, -s->model.context, CG_SLICE_OPEN, 1));
        cg_release(tokens);
        tokens = longer;
        cg_scope_end(scope);
    }
    cg_release(tokens);
    cg_no_grad_end(dev);
    putchar('\n');
}

int main(int argc, char **argv) {
    cg_device *dev = open_device();
    corpus c = {0};
    const char *path = getenv("TEXT");
    if (!dev || !load(dev, path ? path : "data/text/pride-and-prejudice.txt", &c))
        return cg_device_close(dev), 1;
    settings s = quick(argc, argv) ? small : full;
    s.model.vocabulary = c.vocabulary;
    cg_module *net = cg_transformer(dev, s.model);
    cg_optimizer *adam = cg_adamw(net, (cg_adam_options){.lr = s.lr, .weight_decay = 0.01});
    const cg_schedule schedule = cg_schedule_with_warmup(
        cg_cosine_schedule(s.lr, s.lr / 20, s.steps - s.steps / 20), s.steps / 20, 0.1);
    printf(
        "%lld characters of %d kinds; evenly %.3f nats each, by how often each occurs %.3f; %lld weights\n",
        (long long)cg_size(c.train, 0), c.vocabulary, log(c.vocabulary), c.entropy,
        (long long)cg_parameter_elements(net));

    enum { MOST = 64 };
    double step_of[MOST], training[MOST], held_back[MOST], entropy[MOST];
    int measured = 0;
    for (int64_t step = 0; step <= s.steps; step++) {
        cg_schedule_step(schedule, adam);
        const bool measure = step % s.every == 0;
        const double loss = learn(net, adam, &c, &s, measure);
        if (!measure) continue;
        step_of[measured] = (double)step;
        training[measured] = loss;
        entropy[measured] = c.entropy;
        held_back[measured] = held_back_loss(net, &c, &s);
        printf("step %4lld  loss %.3f  held back %.3f\n", (long long)step, loss, held_back[measured++]);
        fflush(stdout);
    }
    printf("at most %.1f MiB of tensors at once. It writes:\n\n",
           (double)cg_device_statistics(dev).bytes_peak / 1048576);
    write_text(net, &c, &s, quick(argc, argv) ? 80 : 500, 0.8);

    const cg_curve curves[] = {{"training", measured, step_of, training},
                               {"held back", measured, step_of, held_back},
                               {"entropy of single characters", measured, step_of, entropy}};
    const cg_status status = cg_plot_svg(picture(argc, argv, "character_transformer.svg"), 3, curves,
                                         (cg_plot_options){.title = "A transformer learns to write",
                                                           .x_label = "step",
                                                           .y_label = "nats per character"});
    cg_optimizer_free(adam);
    cg_module_free(net);
    /* Nobody guesses English this well from 64 characters (Shannon 1951): below it, it would see what it is to tell. */
    const bool honest = held_back[measured - 1] > 0.7;
    return finish(dev, honest && held_back[measured - 1] < s.goal, status == CG_OK);
}
