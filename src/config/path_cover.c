/*
 * Compares two path patterns: whether one takes everything that the other could.
 */
#include "config/path_pattern.h"

/* A place in a pattern: a byte of a literal, or a whole capture. */
struct cursor {
    const struct path_part *part;
    const struct path_part *end;
    size_t offset; /* in a literal */
};

static bool at_end(const struct cursor *cursor)
{
    return cursor->part == cursor->end;
}

static bool at(const struct cursor *cursor, enum path_part_type type)
{
    return !at_end(cursor) && cursor->part->type == type;
}

static char byte_at(const struct cursor *cursor)
{
    return cursor->part->text[cursor->offset];
}

static void step(struct cursor *cursor)
{
    cursor->offset++;
    if (cursor->part->type != PATH_PART_LITERAL || byte_at(cursor) == '\0') {
        cursor->part++;
        cursor->offset = 0;
    }
}

/* Moves over one segment; false where there is none for certain. None is empty but the last. */
static bool step_segment(struct cursor *cursor)
{
    if (at(cursor, PATH_PART_SEGMENT)) {
        step(cursor);
        return true;
    }
    if (!at(cursor, PATH_PART_LITERAL)) {
        return false;
    }
    const struct path_part *literal = cursor->part;
    while (cursor->part == literal && byte_at(cursor) != '/') {
        step(cursor);
    }
    return true;
}

bool path_pattern_covers(const struct path_part *wide, size_t wide_count,
                         const struct path_part *narrow, size_t narrow_count)
{
    struct cursor w = {.part = wide, .end = wide + wide_count};
    struct cursor n = {.part = narrow, .end = narrow + narrow_count};

    while (!at_end(&w)) {
        if (at(&w, PATH_PART_REST)) {
            return true;
        }
        if (at(&w, PATH_PART_SEGMENT)) {
            if (!step_segment(&n)) {
                return false;
            }
        } else if (at(&n, PATH_PART_LITERAL) && byte_at(&w) == byte_at(&n)) {
            step(&n);
        } else {
            return false;
        }
        step(&w);
    }
    return at_end(&n);
}
