/*
 * The type of log.target: a word, or the path of a file.
 */
#include "config/dump.h"
#include "config/reader.h"

#include <stdlib.h>
#include <string.h>

static const struct schema_choice targets[] = {
    {"stderr", LOG_TARGET_STDERR}, {"syslog", LOG_TARGET_SYSLOG}, {NULL, 0}};

/* What looks like a file is one; what does not is a word that is spelt wrongly. */
static bool report_target(struct reader *reader, struct node *node)
{
    static const char *const candidates[] = {"stderr", "syslog", "an absolute path"};

    if (strpbrk(node->text, "./") != NULL) {
        return reader_error(reader, node,
                            "\"%s\": a file has its whole path, as in /var/log/wsrelayd/main.log",
                            node->text);
    }
    return reader_unknown_value(reader, node, candidates, sizeof candidates / sizeof *candidates);
}

static bool read_target(struct reader *reader, const struct schema_row *row, struct node *node,
                        void *object)
{
    struct log_config *log = object;

    (void)row;
    if (!reader_expect_text(reader, node)) {
        return false;
    }
    const struct schema_choice *word = schema_find_choice(targets, node->text);
    if (word != NULL) {
        log->target = (enum log_target)word->value;
        return true;
    }
    if (node->text[0] != '/') {
        return report_target(reader, node);
    }
    log->target = LOG_TARGET_FILE;
    log->path = reader_copy(reader, node, node->text);
    return log->path != NULL;
}

static void write_target(struct dump *dump, const struct schema_row *row, const void *object)
{
    const struct log_config *log = object;

    (void)row;
    if (log->target == LOG_TARGET_FILE) {
        dump_text_line(dump, log->path);
    } else {
        fprintf(dump->stream, " %s\n", targets[log->target].name);
    }
}

static void clear_target(const struct schema_row *row, void *object)
{
    struct log_config *log = object;

    (void)row;
    free(log->path);
}

const struct schema_type schema_log_target = {
    .name = "word", .read = read_target, .write = write_target, .clear = clear_target};
