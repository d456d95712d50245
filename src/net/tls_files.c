/*
 * Files by inode, size and times.
 */
#include "net/tls_files.h"

#include <stddef.h>
#include <sys/stat.h>

/* FNV-1a over whole numbers: nobody chooses them to collide. */
static uint64_t mix(uint64_t mark, uint64_t number)
{
    return (mark ^ number) * 0x100000001B3U;
}

/* A file that is not there has a mark, too. */
static uint64_t mix_file(uint64_t mark, const char *path)
{
    struct stat status = {0};

    if (path == NULL || stat(path, &status) != 0) {
        return mix(mark, 0);
    }
    mark = mix(mark, status.st_dev);
    mark = mix(mark, status.st_ino);
    mark = mix(mark, (uint64_t)status.st_size);
    mark = mix(mark, (uint64_t)status.st_mtim.tv_sec);
    return mix(mark, (uint64_t)status.st_mtim.tv_nsec);
}

uint64_t tls_files_mark(const struct tls_config *config)
{
    uint64_t mark = 0xCBF29CE484222325U;

    for (size_t i = 0; i < config->certificate_count; i++) {
        mark = mix_file(mark, config->certificates[i].certificate);
        mark = mix_file(mark, config->certificates[i].private_key);
    }
    return mix_file(mark, config->client_ca);
}
