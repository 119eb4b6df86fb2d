/* Best fit as a shared object:
 *   cc -O2 -shared -fPIC -I. best_fit.c -o best_fit.so      (tracemill.h: tracemill.include() in Python)
 *   tracemill simulate --workload study --cluster study:100 --scheduler plugin:./best_fit.so
 */
#include <math.h>
#include <stdlib.h>
#include "tracemill.h"

const int tm_scheduler_abi = TRACEMILL_ABI_VERSION;

typedef struct { int64_t cpu, memory, disk, gpu; } largest;

static int64_t share(int64_t amount, int64_t whole) {
  return whole > 0 ? (int64_t)floor(fmin((double)amount / (double)whole * 0x1p40, 0x1p60)) : 0;
}

#define MOST(most, column) for (int64_t m = 0; m < c->count; m++) if (column[m] > most) most = column[m]

void *tm_scheduler_begin(void *context, const tm_cluster *c) {
  largest *most = calloc(1, sizeof *most);
  MOST(most->cpu, c->cpu_nano);
  MOST(most->memory, c->memory_bytes);
  MOST(most->disk, c->disk_bytes);
  MOST(most->gpu, c->gpu_milli);
  return most;
}

int64_t tm_scheduler_place(void *state, const tm_task *t, const tm_cluster *c) {
  const largest *most = state;
  int64_t best = TM_WAIT, least = INT64_MAX;
  for (int64_t m = 0; m < c->count; m++) {
    if (!c->up[m] || t->cpu_nano > c->free_cpu_nano[m] || t->memory_bytes > c->free_memory_bytes[m] ||
        t->disk_bytes > c->free_disk_bytes[m] || t->gpu_milli > c->free_gpu_milli[m] ||
        (t->allowed && !t->allowed[m]))
      continue;
    int64_t room = share(c->free_cpu_nano[m], most->cpu) + share(c->free_memory_bytes[m], most->memory) +
                   share(c->free_disk_bytes[m], most->disk) + share(c->free_gpu_milli[m], most->gpu);
    if (room < least) least = room, best = m;
  }
  return best;
}

void tm_scheduler_end(void *state) { free(state); }
