/* Data sets of pictures in folders, one folder a class: data.h, at cg_dataset_from_image_folder. */
#include "data/dataset.h"

#include "clgrad/image.h"
#include "core/shape.h"
#include "io/system_error.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* Paths or names, sorted as bytes. */
typedef struct name_list {
    char **name;
    int64_t n, room;
} name_list;

static void free_names(name_list *list) {
    for (int64_t i = 0; i < list->n; i++) free(list->name[i]);
    free(list->name);
    *list = (name_list){0};
}

static cg_status add_name(name_list *list, const char *folder, const char *name, cg_error *err) {
    if (list->n == list->room) {
        const int64_t room = list->room ? 2 * list->room : 32;
        char **grown = realloc(list->name, (size_t)room * sizeof *grown);
        if (!grown)
            return CG_FAIL(err, CG_ERROR_MEMORY, "dataset: out of memory for %lld names", (long long)room);
        list->name = grown;
        list->room = room;
    }
    const size_t bytes = strlen(folder) + strlen(name) + 2;
    char *path = malloc(bytes);
    if (!path) return CG_FAIL(err, CG_ERROR_MEMORY, "dataset: out of memory for a path");
    snprintf(path, bytes, "%s/%s", folder, name);
    list->name[list->n++] = path;
    return CG_OK;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_picture(const char *name) {
    static const char *const ends[] = {".png", ".jpg", ".jpeg", ".pgm", ".ppm"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof ends / sizeof *ends; i++)
        if (!strcasecmp(dot, ends[i])) return true;
    return false;
}

/* The paths of the folders in a folder, or of its pictures. */
static cg_status list_folder(const char *folder, bool folders, name_list *list, cg_error *err) {
    DIR *dir = opendir(folder);
    if (!dir) return CG_FAIL_ERRNO(err, "dataset: cannot open the folder", folder);
    const struct dirent *item;
    while (err->code == CG_OK && (errno = 0, item = readdir(dir))) {
        if (item->d_name[0] == '.' || (!folders && !is_picture(item->d_name))) continue;
        if (add_name(list, folder, item->d_name, err) != CG_OK) break;
        struct stat about;
        const char *path = list->name[list->n - 1];
        if (folders && (stat(path, &about) != 0 || !S_ISDIR(about.st_mode))) free(list->name[--list->n]);
    }
    if (err->code == CG_OK && errno != 0) CG_FAIL_ERRNO(err, "dataset: cannot read the folder", folder);
    closedir(dir);
    if (list->n > 1) qsort(list->name, (size_t)list->n, sizeof *list->name, compare_names);
    return err->code;
}

/* Classes, and the pictures of all of them: those of class c are begin[c] to begin[c + 1]. */
typedef struct picture_list {
    name_list classes, pictures;
    int64_t *begin;
} picture_list;

static cg_status list_pictures(const char *folder, picture_list *list, cg_error *err) {
    if (!folder) return CG_FAIL(err, CG_ERROR_ARGUMENT, "dataset: the folder is NULL");
    if (list_folder(folder, true, &list->classes, err) != CG_OK) return err->code;
    const int64_t classes = list->classes.n;
    if (classes == 0)
        return CG_FAIL(err, CG_ERROR_IO,
                       "dataset: folder " CG_PATH_FORMAT " holds no folder, one for each class", folder);
    list->begin = calloc((size_t)classes + 1, sizeof *list->begin);
    if (!list->begin)
        return CG_FAIL(err, CG_ERROR_MEMORY, "dataset: out of memory for %lld classes", (long long)classes);
    for (int64_t c = 0; c < classes; c++) {
        name_list pictures = {0};
        list_folder(list->classes.name[c], false, &pictures, err);
        if (err->code == CG_OK && pictures.n == 0)
            CG_FAIL(err, CG_ERROR_IO, "dataset: folder " CG_PATH_FORMAT " holds no .png, .jpg, .pgm or .ppm",
                    list->classes.name[c]);
        for (int64_t i = 0; err->code == CG_OK && i < pictures.n; i++) {
            char *slash = strrchr(pictures.name[i], '/');
            add_name(&list->pictures, list->classes.name[c], slash + 1, err);
        }
        free_names(&pictures);
        if (err->code != CG_OK) return err->code;
        list->begin[c + 1] = list->pictures.n;
    }
    return CG_OK;
}

static void free_pictures(picture_list *list) {
    free_names(&list->classes);
    free_names(&list->pictures);
    free(list->begin);
}

/* Reads a picture as the options have it. The functions of image.h report to the thread's error, which is err. */
static cg_status read_picture(const char *path, const cg_image_folder_options *o, const cg_dims *shape,
                              cg_array *picture, cg_error *err) {
    const cg_image_options how = {.dtype = CG_F32, .channels = o->gray ? 1 : 3};
    if (cg_image_read(path, how, picture) != CG_OK || cg_dims_equal(&picture->shape, shape)) return err->code;
    cg_array resized = {0};
    if (o->resize)
        cg_image_resize(picture, shape->dim[1], shape->dim[2], &resized);
    else
        CG_FAIL(err, CG_ERROR_SHAPE, "dataset: picture " CG_PATH_FORMAT " is %s; expected %s", path,
                CG_SHAPE_STR(&picture->shape), CG_SHAPE_STR(shape));
    cg_array_free(picture);
    *picture = resized;
    return err->code;
}

/* What the options leave open is as in the first picture. */
static cg_status sample_shape_of(const picture_list *list, const cg_image_folder_options *o, cg_dims *shape,
                                 cg_error *err) {
    *shape = cg_shape(o->gray ? 1 : 3, o->height, o->width);
    if (o->height < 0 || o->width < 0)
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "dataset: pictures of %lld x %lld", (long long)o->height,
                       (long long)o->width);
    if (o->height > 0 && o->width > 0) return CG_OK;
    cg_array first;
    if (cg_image_read(list->pictures.name[0], (cg_image_options){.dtype = CG_U8}, &first) != CG_OK)
        return err->code;
    for (int axis = 1; axis < 3; axis++)
        if (shape->dim[axis] == 0) shape->dim[axis] = first.shape.dim[axis];
    cg_array_free(&first);
    return CG_OK;
}

static cg_status name_by_folders(cg_dataset *set, const picture_list *list, cg_error *err) {
    const char **name = malloc((size_t)list->classes.n * sizeof *name);
    if (!name) return CG_FAIL(err, CG_ERROR_MEMORY, "dataset: out of memory for the names of classes");
    for (int64_t c = 0; c < list->classes.n; c++) name[c] = strrchr(list->classes.name[c], '/') + 1;
    cg_dataset_name_classes(set, list->classes.n, name, err);
    free(name);
    return err->code;
}

static cg_status fill(cg_dataset *set, const picture_list *list, const cg_image_folder_options *o,
                      cg_error *err) {
    for (int64_t c = 0; c < list->classes.n; c++)
        for (int64_t i = list->begin[c]; i < list->begin[c + 1]; i++) {
            cg_array picture;
            if (read_picture(list->pictures.name[i], o, &set->shape, &picture, err) != CG_OK)
                return err->code;
            memcpy(set->memory->x + i * set->features, picture.data, (size_t)set->features * sizeof(float));
            cg_array_free(&picture);
            cg_dataset_labels(set)[i] = (int32_t)c;
        }
    cg_dataset_count_classes(set);
    return name_by_folders(set, list, err);
}

cg_dataset *cg_dataset_from_image_folder(const char *folder, cg_image_folder_options options) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    picture_list list = {0};
    cg_dims shape;
    const cg_dims scalar = cg_shape();
    cg_dataset *set = NULL;
    if (list_pictures(folder, &list, err) == CG_OK && sample_shape_of(&list, &options, &shape, err) == CG_OK)
        set = cg_dataset_new(list.pictures.n, &shape, CG_I32, &scalar, err);
    if (set && fill(set, &list, &options, err) != CG_OK) {
        cg_dataset_free(set);
        set = NULL;
    }
    free_pictures(&list);
    return set;
}
