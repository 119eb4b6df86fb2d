// Draws the study's workload and adds up what comes: `bench-generate TASKS`.
// Prints tasks, CPU-seconds and the sums (so that nothing can be left out).
import Foundation
import Generation
import Workload

@main struct BenchGenerate {
  static func main() throws {
    let tasks = Int(CommandLine.arguments.dropFirst().first ?? "") ?? 20_000_000
    var source = try SyntheticWorkload(.study, .tasks(tasks), seed: 1)
    let start = clock()
    var (work, memory, deadlines) = (0.0, 0.0, 0.0)
    var last = Microseconds.zero
    var count = 0
    while let task = source.next() {
      work += task.runTime.seconds * task.request.cpu.value
      memory += task.request.memory.gibibytes
      deadlines += (task.deadline - task.submit).seconds
      last = task.submit
      count += 1
    }
    let seconds = Double(clock() - start) / Double(CLOCKS_PER_SEC)
    print(count, seconds, last.seconds, work, memory, deadlines)
  }
}
