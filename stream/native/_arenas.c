/* Gives Python's small objects memory in huge pages, where the kernel grants them to those that ask (madvise).
 *
 * States are many small objects that are used in any order. In pages of 2 MiB the processor finds them without walking the
 * page table, and the kernel clears 2 MiB at once. Python asks for memory in arenas of 1 MiB: those come from here, all else
 * from where it came before.
 *
 * Source: PyObject_SetArenaAllocator of Python's C API; madvise(2).
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <sys/mman.h>

#define ARENA ((size_t)1 << 20)
#define HUGE_PAGE ((size_t)2 << 20)
#define REGION ((size_t)32 << 20) /* bytes taken from the kernel at once; only what is used counts */
#define WARM 64                   /* free arenas that keep their pages: the next batch uses them again */
#define COLD (1 << 16)            /* free arenas that keep their addresses only */

static PyObjectArenaAllocator before;
static char *next, *end; /* of the region at work */
static void *warm[WARM], *cold[COLD];
static int warm_count, cold_count, installed;

static int take_region(void) {
    char *found = mmap(NULL, REGION + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (found == MAP_FAILED) return -1;
    next = (char *)(((uintptr_t)found + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1));
    end = next + REGION;
#ifdef MADV_HUGEPAGE
    madvise(next, REGION, MADV_HUGEPAGE); /* a kernel without them gives small pages */
#endif
    return 0;
}

static void *allocate(void *context, size_t size) {
    if (size != ARENA) return before.alloc(before.ctx, size);
    if (warm_count) return warm[--warm_count];
    if (cold_count) return cold[--cold_count];
    if (next == end && take_region() < 0) return NULL;
    void *arena = next;
    next += ARENA;
    return arena;
}

/* Gives the pages of a free arena back to the kernel, and keeps its address. */
static void cool(void *arena) {
    madvise(arena, ARENA, MADV_DONTNEED);
    if (cold_count < COLD) cold[cold_count++] = arena;
}

static void release(void *context, void *arena, size_t size) {
    if (size != ARENA) before.free(before.ctx, arena, size);
    else if (warm_count < WARM) warm[warm_count++] = arena;
    else cool(arena);
}

static PyObject *install(PyObject *module, PyObject *unused) {
    static PyObjectArenaAllocator own = {NULL, allocate, release};
    if (!installed) {
        PyObject_GetArenaAllocator(&before);
        PyObject_SetArenaAllocator(&own);
        installed = 1;
    }
    Py_RETURN_NONE;
}

static PyObject *trim(PyObject *module, PyObject *unused) {
    while (warm_count) cool(warm[--warm_count]);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"install", install, METH_NOARGS, "Gives the arenas of this process memory in huge pages from now on."},
    {"trim", trim, METH_NOARGS, "Gives the pages of all free arenas back to the kernel."},
    {NULL}};

static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "stream.native._arenas", NULL, -1, functions};

PyMODINIT_FUNC PyInit__arenas(void) { return PyModule_Create(&definition); }
