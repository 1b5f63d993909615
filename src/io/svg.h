/*
 * What all pictures share: text, colours, the head of the file, and writing it. A picture is one file without scripts,
 * fonts or links; it carries colours for light and dark viewers (prefers-color-scheme) and its own background.
 */
#ifndef CLGRAD_IO_SVG_H
#define CLGRAD_IO_SVG_H

#include "core/error.h"

enum {
    SVG_EDGE = 18,   /* free space around everything */
    SVG_LINE = 18,   /* height of a line of text */
    SVG_COLOURS = 6, /* the classes c0 to c5 set the colour of a line, f0 to f5 that of an area */
    SVG_MIN_SIZE = 160,
    SVG_MAX_SIZE = 10000
};

/* Text as XML content; what XML cannot hold becomes "?". */
void svg_put_text(FILE *out, const char *text);

/* The width of text in pixels: an estimate, the viewer chooses the font. */
double svg_text_width(const char *text);

/* Whether there is any text. */
bool svg_given(const char *text);

/* A text element at (x, y); nothing without text. */
void svg_put_label(FILE *out, const char *class, double x, double y, const char *text);

/* The head of a picture: size, title, style sheet, background. It ends with "</svg>\n". */
void svg_put_head(FILE *out, int width, int height, const char *title);

/* Draws a picture, with numbers as the C locale has them, and writes it whole or not at all; `what` names the caller. */
cg_status svg_write(const char *path, const char *what, void (*put)(FILE *out, void *picture), void *picture,
                    cg_error *err);

#endif
