/*
 * Bounds and names.
 */
#include "net/tally.h"

const struct duration_bounds turn_bounds = {
    .count = 14,
    .us = {50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000,
           1000000},
};

/* The clock of connections counts milliseconds. */
const struct duration_bounds round_trip_bounds = {
    .count = 13,
    .us = {1000, 2000, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000,
           10000000},
};

enum { FIRST_CODE = 1000, LIBRARY_CODES = 3000, APPLICATION_CODES = 4000 };

const char *const close_class_names[CLOSE_CLASSES] = {
    "1000", "1001", "1002", "1003", "1004", "1005", "1006", "1007", "1008",
    "1009", "1010", "1011", "1012", "1013", "1014", "1015", "3xxx", "4xxx",
};

size_t close_class(uint16_t code)
{
    if (code >= APPLICATION_CODES) {
        return CLOSE_CLASSES - 1;
    }
    if (code >= LIBRARY_CODES) {
        return CLOSE_CLASSES - 2;
    }
    return code >= FIRST_CODE && code < FIRST_CODE + CLOSE_CLASSES - 2 ? (size_t)(code - FIRST_CODE)
                                                                       : 6; /* 1006 */
}
