/* Preloaded into a process, it fails the n-th call that writes below a directory, and counts such calls.

   cc -shared -fPIC -o failing_writes.so failing_writes.c -ldl

   Python, SQLite and TensorFlow reach the disk through the functions of libc that stand here. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char below[PATH_MAX];
static atomic_long seen;
static long first = -1;
static int number, stays;

/* From now on: the call at this place fails with this errno, and where it stays so all that come after it. */
void fail_writes(const char *directory, long place, int with, int from_then_on) {
    strncpy(below, directory, sizeof below - 1);
    first = place;
    number = with;
    stays = from_then_on;
    seen = 0;
}

long writes_seen(void) { return seen; }

static int fails(const char *path) {
    if (!below[0] || !path || strncmp(path, below, strlen(below))) return 0;
    long place = seen++;
    if (first < 0 || place < first || (place > first && !stays)) return 0;
    errno = number;
    return 1;
}

static int fails_open(int descriptor) {
    char link[64], path[PATH_MAX];
    if (!below[0]) return 0;
    int kept = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = kept;
    if (length < 0) return 0;
    path[length] = 0;
    return fails(path);
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define MODE mode_t mode = 0; if (flags & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }
#define WRITES (flags & (O_CREAT | O_WRONLY | O_RDWR))
#define OPEN(name) int name(const char *path, int flags, ...) { REAL(name); MODE if (WRITES && fails(path)) return -1; return real(path, flags, mode); }
#define OPENAT(name) int name(int at, const char *path, int flags, ...) { REAL(name); MODE if (WRITES && fails(path)) return -1; return real(at, path, flags, mode); }
#define FOPEN(name) FILE *name(const char *path, const char *mode) { REAL(name); if (mode[0] != 'r' && fails(path)) return NULL; return real(path, mode); }
OPEN(open) OPEN(open64) OPENAT(openat) OPENAT(openat64) FOPEN(fopen) FOPEN(fopen64)

ssize_t write(int fd, const void *data, size_t size) { REAL(write); return fails_open(fd) ? -1 : real(fd, data, size); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { REAL(pwrite); return fails_open(fd) ? -1 : real(fd, data, size, at); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) { REAL(pwrite64); return fails_open(fd) ? -1 : real(fd, data, size, at); }
ssize_t writev(int fd, const struct iovec *parts, int count) { REAL(writev); return fails_open(fd) ? -1 : real(fd, parts, count); }
size_t fwrite(const void *data, size_t size, size_t count, FILE *file) { REAL(fwrite); return fails_open(fileno(file)) ? 0 : real(data, size, count, file); }
int fflush(FILE *file) { REAL(fflush); return file && fails_open(fileno(file)) ? EOF : real(file); }
int fsync(int fd) { REAL(fsync); return fails_open(fd) ? -1 : real(fd); }
int fdatasync(int fd) { REAL(fdatasync); return fails_open(fd) ? -1 : real(fd); }
int ftruncate(int fd, off_t size) { REAL(ftruncate); return fails_open(fd) ? -1 : real(fd, size); }
int ftruncate64(int fd, off64_t size) { REAL(ftruncate64); return fails_open(fd) ? -1 : real(fd, size); }
int mkdir(const char *path, mode_t mode) { REAL(mkdir); return fails(path) ? -1 : real(path, mode); }
int rename(const char *from, const char *to) { REAL(rename); return fails(to) ? -1 : real(from, to); }
int renameat(int at, const char *from, int into, const char *to) { REAL(renameat); return fails(to) ? -1 : real(at, from, into, to); }
