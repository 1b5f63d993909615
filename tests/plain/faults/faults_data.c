/* Data sets, files and pictures. */
#include "plain/faults/faults.h"

#ifdef CG_WITH_PNG
enum { PNG = 1 };
#else
enum { PNG = 0 };
#endif

static bool loader(fixture *f) {
    cg_dataset *set = cg_dataset_from_idx(images_path, labels_path);
    cg_loader *batches = cg_loader_new(f->dev, set, 2, true);
    cg_tensor *x = NULL, *y = NULL;
    bool ok = batches && cg_loader_next(batches, &x, &y) &&
              holds(cg_mul(cg_accuracy(cg_one_hot(y, 3, CG_F32), y), 5), 5);
    cg_loader_free(batches);
    cg_dataset_free(set);
    return ok;
}

/* Batches from another thread, which takes no memory; parts of a set; a table and its data set. */
static bool streams(fixture *f) {
    cg_dataset *set = cg_dataset_from_idx(images_path, labels_path), *train = NULL, *test = NULL,
               *fold[2] = {0};
    bool ok = set &&
              cg_dataset_split(set, (cg_dataset_split_options){.test = 0.5}, &train, NULL, &test) == CG_OK &&
              cg_dataset_fold(set, (cg_dataset_fold_options){.folds = 2}, &fold[0], &fold[1]) == CG_OK;
    cg_loader *loader = cg_loader_new_with(f->dev, ok ? train : NULL,
                                           (cg_loader_options){.batch = 1, .shuffle = true, .queue = 2});
    cg_tensor *x = NULL, *y = NULL;
    ok = loader && cg_loader_next(loader, &x, &y) &&
         cg_loader_seek(loader, cg_loader_tell(loader)) == CG_OK && cg_loader_next(loader, &x, &y) &&
         holds(cg_cast(cg_ge(x, 0), CG_F32), 2);
    cg_loader_free(loader);
    cg_dataset_free(fold[0]);
    cg_dataset_free(fold[1]);
    cg_dataset_free(train);
    cg_dataset_free(test);
    cg_dataset_free(set);
    return ok;
}

static bool tables(fixture *f) {
    static const double values[] = {1, 2, 3, 4};
    const cg_array a = {CG_F64, cg_shape(2, 2), (void *)values};
    (void)f;
    if (cg_csv_write(other_path, &a, (const char *const[]){"a", "b"}) != CG_OK) return false;
    cg_table *t = cg_csv_read(other_path, (cg_csv_options){0}),
             *text = t ? cg_csv_read(table_path, (cg_csv_options){0}) : NULL;
    cg_dataset *set = text ? cg_dataset_from_table(text, (cg_table_options){0}) : NULL;
    cg_array all = {0};
    bool ok = t && set && cg_table_array(t, CG_F32, &all) == CG_OK && cg_array_get(&all, 3) == 4 &&
              !strcmp(cg_dataset_class_name(set, 1), "y");
    cg_array_free(&all);
    cg_dataset_free(set);
    cg_table_free(t);
    cg_table_free(text);
    return ok;
}

static bool arrays(fixture *f) {
    cg_array a = {0}, b = {0};
    bool ok = cg_npy_save(other_path, f->x) == CG_OK && holds(cg_npy_load(f->dev, other_path), 46) &&
              cg_to_array(f->x, &a) == CG_OK && holds(cg_from_array(f->dev, &a), 46);
#ifdef CG_WITH_ZIP
    ok = ok && cg_npz_write(other_path, 1, &(cg_named_array){"x", a}, true) == CG_OK;
    cg_npz *file = ok ? cg_npz_open(other_path) : NULL;
    ok = file && cg_npz_read(file, "x", &b) == CG_OK && cg_array_get(&b, 3) == 4;
    cg_npz_close(file);
#endif
    cg_array_free(&a);
    cg_array_free(&b);
    return ok;
}

static bool pictures(fixture *f) {
    cg_array small = {0}, read = {0};
    const cg_array image = {CG_U8, cg_shape(1, 2, 2), (uint8_t[]){1, 2, 3, 4}};
    const char *const ends[] = {".pgm", ".png"};
    (void)f;
    bool ok = cg_image_resize(&image, 1, 1, &small) == CG_OK;
    for (int i = 0; ok && i < (PNG ? 2 : 1); i++) {
        char path[80];
        snprintf(path, sizeof path, "%s%s", other_path, ends[i]);
        cg_array_free(&read);
        ok = cg_image_write(path, &image) == CG_OK &&
             cg_image_read(path, (cg_image_options){0}, &read) == CG_OK;
        unlink(path);
    }
    cg_array_free(&small);
    cg_array_free(&read);
    cg_dataset *set =
        ok ? cg_dataset_from_image_folder(folder_path,
                                          (cg_image_folder_options){.height = 3, .width = 1, .resize = true})
           : NULL;
    ok = set && cg_dataset_samples(set) == 1 && cg_dataset_features(set) == 9;
    cg_dataset_free(set);
    return ok;
}

static bool plot(fixture *f) {
    (void)f;
    static const double x[] = {0, 1, 2};
    const cg_curve curve = {"c", 3, x, x};
    static const float values[] = {0, 1};
    const cg_picture picture = {"p", 1, 2, values};
    return cg_plot_svg(other_path, 1, &curve, (cg_plot_options){.title = "t"}) == CG_OK &&
           cg_pictures_svg(other_path, 1, &picture, (cg_picture_options){.title = "t"}) == CG_OK;
}

const fault_scenario fault_data[] = {
    {"loader", loader, CG_OK},
    {"streams", streams, CG_OK},
    {"tables", tables, CG_OK},
    {"arrays", arrays, CG_OK},
    {"pictures", pictures, CG_OK},
    {"plot", plot, CG_OK},
    {0},
};
