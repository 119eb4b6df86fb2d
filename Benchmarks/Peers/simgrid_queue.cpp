// SimGrid on the queue workload: simgrid_queue FILE HOSTS CORES. Prints tasks, CPU seconds, mean
// completion and last finish.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include <simgrid/s4u.hpp>

namespace sg4 = simgrid::s4u;

static double cpu_time() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  sg4::Engine engine(&argc, argv);
  if (argc != 4) return 2;
  const int hosts = std::atoi(argv[2]);
  const int cores = std::atoi(argv[3]);
  std::vector<std::pair<double, double>> tasks;
  std::FILE *file = std::fopen(argv[1], "r");
  if (file == nullptr) return 1;
  double arrival, duration;
  while (std::fscanf(file, "%lf,%lf", &arrival, &duration) == 2) tasks.push_back({arrival, duration});
  std::fclose(file);

  auto *zone = sg4::create_full_zone("zone");
  std::vector<sg4::Host *> machines;
  std::vector<sg4::SemaphorePtr> slots;
  for (int index = 0; index < hosts; ++index) {
    machines.push_back(zone->create_host("host" + std::to_string(index), 1e9));
    slots.push_back(sg4::Semaphore::create(cores));
  }
  zone->seal();

  double total = 0, last = 0;
  const double start = cpu_time();
  sg4::Actor::create("arrivals", machines[0], [&] {
    for (std::size_t index = 0; index < tasks.size(); ++index) {
      sg4::this_actor::sleep_until(tasks[index].first);
      const int machine = index % hosts;
      sg4::Actor::create("task", machines[machine], [&, index, machine] {
        const double begin = sg4::Engine::get_clock();
        slots[machine]->acquire();
        sg4::this_actor::sleep_for(tasks[index].second);
        slots[machine]->release();
        last = sg4::Engine::get_clock();
        total += last - begin;
      });
    }
  });
  engine.run();
  const double seconds = cpu_time() - start;
  std::printf("%zu %.6f %.4f %.2f\n", tasks.size(), seconds, total / tasks.size(), last);
}
