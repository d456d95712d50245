/*
 * Edit distance: how many letters have to be inserted, removed, replaced or swapped with their
 * neighbour to make one word of the other (optimal string alignment).
 */
#include "config/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { WORD_MAX_BYTES = 48, ABBREVIATION_MIN_BYTES = 3 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Both words are at most WORD_MAX_BYTES long. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    /* distance[i][j]: from the first i letters of a to the first j letters of b */
    size_t distance[WORD_MAX_BYTES + 1][WORD_MAX_BYTES + 1];

    for (size_t i = 0; i <= a_length; i++) {
        for (size_t j = 0; j <= b_length; j++) {
            if (i == 0 || j == 0) {
                distance[i][j] = i + j;
                continue;
            }
            size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
            size_t edited = least(distance[i - 1][j], distance[i][j - 1]) + 1;
            distance[i][j] = least(edited, distance[i - 1][j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                distance[i][j] = least(distance[i][j], distance[i - 2][j - 2] + 1);
            }
        }
    }
    return distance[a_length][b_length];
}

static bool is_abbreviation(const char *word, size_t length, const char *candidate)
{
    return length >= ABBREVIATION_MIN_BYTES && strncmp(word, candidate, length) == 0;
}

const char *suggest(const char *word, const char *const *candidates, size_t count)
{
    const char *best = NULL;
    size_t best_distance = WORD_MAX_BYTES;
    size_t length = strnlen(word, WORD_MAX_BYTES + 1);

    if (length > WORD_MAX_BYTES) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        size_t candidate_length = strlen(candidates[i]);
        if (candidate_length > WORD_MAX_BYTES || !isalpha((unsigned char)candidates[i][0])) {
            continue;
        }
        size_t distance = edit_distance(word, length, candidates[i], candidate_length);
        bool near =
            distance <= candidate_length / 3 || is_abbreviation(word, length, candidates[i]);
        if (near && distance < best_distance) {
            best = candidates[i];
            best_distance = distance;
        }
    }
    return best;
}
