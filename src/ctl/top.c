/*
 * Keeping the largest.
 */
#include "ctl/top.h"

#include "ctl/field.h"

#include <string.h>

void top_offer(struct top *top, json_t *row)
{
    double number = field_number(row, top->member);
    size_t place = top->count;

    while (place > 0 && field_number(top->rows[place - 1], top->member) < number) {
        place--;
    }
    if (number <= 0 || place == TOP_MAX) {
        return;
    }
    if (top->count == TOP_MAX) {
        json_decref(top->rows[--top->count]);
    }
    memmove(top->rows + place + 1, top->rows + place, (top->count - place) * sizeof *top->rows);
    top->rows[place] = json_incref(row);
    top->count++;
}

void top_clear(struct top *top)
{
    while (top->count > 0) {
        json_decref(top->rows[--top->count]);
    }
}
