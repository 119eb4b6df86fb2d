// Writes made-up `task_events` parts in the layout of Google clusterdata-2011-2, for bench-ingest:
//
//   bench-ingest-input FOLDER PARTS [ROWS_A_PART [SEED]]
//
// What is real in it: the mix of priorities, and for each how often a task is submitted, and its
// attempts are scheduled, evicted, fail, finish, are killed and lost (published counts of the whole
// table); 29 days' rate of tasks and jobs; three quarters of the jobs with one task; 12,500 machines;
// about 130,000 tasks open at any time, so that lives are spread over many parts; a snapshot of open
// tasks at time 0; 44-character user hashes; requests printed as in the published files.
// What is made up: run times are log-normal, arrivals Poisson, requests drawn from a list.
// The same arguments give the same bytes.

import Foundation

struct Generator {
  var state: UInt64
  /// SplitMix64 (Steele, Lea, Flood, 2014).
  mutating func word() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
  mutating func uniform() -> Double { (Double(word() >> 11) + 0.5) / 9007199254740992 }
  mutating func below(_ n: Int) -> Int { Int(truncatingIfNeeded: word() % UInt64(n)) }
  mutating func exponential(_ mean: Double) -> Double { -mean * log(uniform()) }
  mutating func normal() -> Double { sqrt(-2 * log(uniform())) * cos(2 * .pi * uniform()) }
}

/// Published counts: distinct tasks, submits, schedules, evictions, failures, finishes, kills, losses.
let published: [[Double]] = [
  [6_472_128, 25_358_652, 24_640_306, 5_290_793, 11_036_256, 3_626_617, 5_386_416, 4066],
  [2_453_482, 3_819_300, 3_745_699, 461_654, 721_333, 1_699_238, 923_231, 1172],
  [1_111_810, 1_231_479, 1_200_766, 47_440, 26_294, 990_365, 164_475, 45],
  [1027, 1203, 1203, 153, 1, 987, 62, 0],
  [14_197_733, 15_299_112, 15_099_442, 43_566, 643_807, 11_238_276, 3_361_759, 3294],
  [104, 104, 104, 0, 0, 104, 0, 0],
  [639_784, 690_156, 689_599, 422, 53_526, 499_092, 135_559, 42],
  [400, 796, 796, 0, 0, 0, 796, 0],
  [254_680, 275_297, 274_962, 2997, 17_184, 114_106, 138_154, 32],
  [286_269, 1_657_471, 1_656_760, 16_825, 1_309_946, 49_190, 227_918, 102],
  [1403, 32_131, 32_128, 503, 21_422, 0, 9383, 1],
  [7538, 9465, 9408, 0, 0, 0, 1927, 0],
]
let tasksInAll = published.reduce(0) { $0 + $1[0] }
let secondsInAll = 29.0 * 86400
let tasksAJob = tasksInAll / 672_000
let openTasks = 130_000
let (median, sigma) = (400.0, 2.38)  // of run times in seconds: a mean of 6,800

struct Job {
  var text: String  // everything in a row that does not change: user,class,priority,requests
  var id: Int64
  var priority: Int
}
struct OpenTask {
  var job: Int32
  var index: Int32
  var machine: Int64
}
struct Event {
  var time: Int64
  var sequence: Int64
  var task: Int32
  var code: Int8
  static func < (a: Event, b: Event) -> Bool {
    a.time != b.time ? a.time < b.time : a.sequence < b.sequence
  }
}

struct Heap {
  var items: [Event] = []
  mutating func push(_ event: Event) {
    items.append(event)
    var child = items.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard items[child] < items[parent] else { return }
      items.swapAt(child, parent)
      child = parent
    }
  }
  mutating func pop() -> Event {
    let top = items[0]
    let last = items.removeLast()
    guard !items.isEmpty else { return top }
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < items.count else { break }
      if child + 1 < items.count, items[child + 1] < items[child] { child += 1 }
      guard items[child] < last else { break }
      items[parent] = items[child]
      parent = child
    }
    items[parent] = last
    return top
  }
}

let arguments = CommandLine.arguments
guard arguments.count >= 3, let parts = Int(arguments[2]) else {
  fatalError("usage: bench-ingest-input FOLDER PARTS [ROWS_A_PART [SEED]]")
}
let folder = arguments[1]
let rowsAPart = arguments.count > 3 ? Int(arguments[3])! : 290_000
var random = Generator(state: arguments.count > 4 ? UInt64(arguments[4])! : 2011)

let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
let users = (0..<933).map { _ in
  String(decoding: (0..<43).map { _ in letters[random.below(64)] }, as: UTF8.self) + "="
}
let machines = (0..<12_500).map { _ in
  random.uniform() < 0.7
    ? Int64(random.below(4_000_000_000)) + 1_000_000 : Int64(random.below(500_000)) + 3000
}
let cpus = [0.0125, 0.0625, 0.03125, 0.125, 0.25, 0.006248, 0.02499, 0.01875, 0.05, 0.09375]

var jobs: [Job] = []
var tasks: [OpenTask] = []
var freeTasks: [Int32] = []
var heap = Heap()
var sequence: Int64 = 0
var nextJob: Int64 = 3_418_309

func push(_ seconds: Double, after time: Int64, _ task: Int32, _ code: Int8) {
  sequence += 1
  heap.push(
    Event(time: time + Int64(seconds * 1e6), sequence: sequence, task: task, code: code))
}

func newJob() -> Int32 {
  var place = random.uniform() * tasksInAll
  var priority = 0
  while priority < published.count - 1, place >= published[priority][0] {
    place -= published[priority][0]
    priority += 1
  }
  nextJob += Int64(1 + random.below(18_000))
  let user = users[min(users.count - 1, Int(exp(random.uniform() * log(Double(users.count)))) - 1)]
  let cpu = String(format: "%.4g", cpus[random.below(cpus.count)])
  let memory = String(format: "%.4g", exp(-4.5 + 1.2 * random.normal()))
  let disk = String(format: "%.4g", exp(-8 + 1.5 * random.normal()))
  let schedulingClass = priority >= 9 ? random.below(4) : random.below(3)
  let different = random.uniform() < 0.05 ? 1 : 0
  jobs.append(
    Job(
      text: "\(user),\(schedulingClass),\(priority),\(cpu),\(memory),\(disk),\(different)\n",
      id: nextJob, priority: priority))
  return Int32(jobs.count - 1)
}

/// One task in three quarters of the jobs; otherwise exponential, with the trace's mean over all.
func jobSize() -> Int {
  random.uniform() < 0.75
    ? 1 : max(2, min(50_000, Int(random.exponential((tasksAJob - 0.75) / 0.25))))
}

func newTask(_ job: Int32, _ index: Int) -> Int32 {
  let task = OpenTask(job: job, index: Int32(index), machine: -1)
  if let free = freeTasks.popLast() {
    tasks[Int(free)] = task
    return free
  }
  tasks.append(task)
  return Int32(tasks.count - 1)
}

func runTime() -> Double { min(secondsInAll, median * exp(sigma * random.normal())) }

/// The way in which an attempt of `priority` ends.
func end(of priority: Int) -> Int8 {
  let counts = published[priority]
  var place = random.uniform() * counts[3...7].reduce(0, +)
  for (offset, count) in counts[3...7].enumerated() {
    if place < count { return Int8(2 + offset) }
    place -= count
  }
  return 4
}

/// Whether a task of `priority` comes back after `code`: evicted and failed ones first, until there
/// are as many submissions as were published; killed ones for the rest.
func comesBack(_ priority: Int, after code: Int8) -> Bool {
  let counts = published[priority]
  let extra = counts[1] - counts[0]
  let first = counts[3] + counts[4]
  switch code {
  case 2, 3: return random.uniform() < min(1, extra / max(1, first))
  case 5: return random.uniform() < max(0, extra - first) / max(1, counts[6])
  default: return false
  }
}

// The snapshot: tasks that run when the trace begins, the longer ones more often.
var left = openTasks
while left > 0 {
  let job = newJob()
  for index in 0..<min(left, jobSize()) {
    let task = newTask(job, index)
    tasks[Int(task)].machine = machines[random.below(machines.count)]
    push(0, after: 0, task, 0)
    push(0, after: 0, task, 1)
    let whole = min(secondsInAll, median * exp(sigma * sigma + sigma * random.normal()))
    push(600 + whole * random.uniform(), after: 0, task, end(of: jobs[Int(job)].priority))
    left -= 1
  }
}
push(600, after: 0, -1, 0)  // task -1: the next job arrives

try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
var out: [UInt8] = []
let meanGap = secondsInAll / 672_000
for part in 0..<parts {
  out.removeAll(keepingCapacity: true)
  out.reserveCapacity(rowsAPart * 110)
  var rows = 0
  while rows < rowsAPart {
    let event = heap.pop()
    if event.task < 0 {
      let job = newJob()
      for index in 0..<jobSize() { push(0, after: event.time, newTask(job, index), 0) }
      push(random.exponential(meanGap), after: event.time, -1, 0)
      continue
    }
    let task = tasks[Int(event.task)]
    let job = jobs[Int(task.job)]
    let hasMachine = event.code != 0 && task.machine >= 0
    out +=
      "\(event.time),,\(job.id),\(task.index),\(hasMachine ? String(task.machine) : ""),\(event.code),"
      .utf8
    out += job.text.utf8
    rows += 1
    switch event.code {
    case 0 where event.time > 0:
      let counts = published[job.priority]
      tasks[Int(event.task)].machine = -1
      if random.uniform() < counts[2] / counts[1] {
        push(random.exponential(8), after: event.time, event.task, 1)
      } else {
        push(random.exponential(60), after: event.time, event.task, 5)  // killed while pending
      }
    case 1 where event.time > 0:
      tasks[Int(event.task)].machine = machines[random.below(machines.count)]
      let time = runTime()
      if random.uniform() < 0.03 { push(time / 2, after: event.time, event.task, 8) }
      push(time, after: event.time, event.task, end(of: job.priority))
    case 2...6:
      if comesBack(job.priority, after: event.code) {
        push(random.exponential(10), after: event.time, event.task, 0)
      } else {
        freeTasks.append(event.task)
      }
    default: break
    }
  }
  let name = String(format: "part-%05d-of-%05d.csv", part, parts)
  try Data(out).write(to: URL(fileURLWithPath: folder + "/" + name))
}
