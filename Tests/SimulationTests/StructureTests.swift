import Testing
import Workload

@testable import Simulation

@Suite struct StructureTests {
  /// Spans from hardly any to nearly all equal, and one that grows as it goes, so that the horizon is
  /// drawn where the sample misleads.
  @Test(arguments: [1, 20, 100_000, 1 << 40, 0])
  func theHeapOrdersByTimeThenSequence(_ span: Int) {
    var rng = RandomStream(seed: 1, name: "test")
    var heap = EventHeap()
    var expected: [(Int64, UInt64)] = []
    var popped: [(Int64, UInt64)] = []
    for round in 0..<20_000 {
      // Grows to thousands, shrinks to few, and again.
      if rng.below(round / 6000 % 2 == 0 ? 9 : 2) > 0 || heap.isEmpty {
        // Never before what has been popped, as in a run.
        let later = span > 0 ? rng.below(span) : 1 << (round % 50)
        let time = (popped.last?.0 ?? 0) + Int64(later)
        expected.append((time, heap.push(at: time, .finish, subject: Int32(round))))
      } else {
        let event = heap.pop()
        popped.append((event.time, event.sequence))
      }
    }
    while !heap.isEmpty {
      let event = heap.pop()
      popped.append((event.time, event.sequence))
    }
    #expect(popped.elementsEqual(expected.sorted { $0 < $1 }, by: ==))
    #expect(heap.nextTime == .max)
  }

  @Test func theIndexIsASortedArray() {
    var rng = RandomStream(seed: 2, name: "test")
    var index = OrderedIndex()
    var model: [OrderedIndex.Entry] = []
    for step in 0..<30_000 {
      // Grow to many runs, then shrink to nothing, twice.
      let grows = step / 7_500 % 2 == 0
      switch rng.below(grows ? 12 : 5) {
      case 0:
        if !model.isEmpty {
          #expect(index.first == model[0])
          index.removeFirst()
          model.removeFirst()
        }
      case 1, 2, 3:
        if !model.isEmpty, !grows || rng.below(3) == 0 {
          let victim = model.remove(at: rng.below(model.count))
          let (found, foundAgain) = (index.remove(victim), index.remove(victim))
          #expect(found && !foundAgain)
        }
      case 4:
        let key = Int64(rng.below(2000))
        let expected = model.first { $0.key >= key }
        #expect(index.first(from: key) == expected)
        if let expected {
          let place = model.firstIndex(of: expected)! + 1
          #expect(index.next(after: expected) == (place < model.count ? model[place] : nil))
        }
      default:
        // Half of them at the end, as a queue's arrivals.
        let key = rng.below(2) == 0 ? 3000 : Int64(rng.below(2000))
        let entry = OrderedIndex.Entry(key: key, tie: UInt64(step), value: Int32(step))
        index.insert(entry)
        let place = model.firstIndex { OrderedIndex.Entry.precedes(entry, $0) } ?? model.count
        model.insert(entry, at: place)
      }
      #expect(index.count == model.count)
    }
    var seen: [OrderedIndex.Entry] = []
    var cursor = index.cursor(from: .min)
    while let place = cursor {
      seen.append(index[place])
      cursor = index.advance(place)
    }
    #expect(seen == model)
  }

  /// Amounts that nodes tell apart exactly, in steps of many, and not at all, being beyond the largest.
  @Test(arguments: [0, 1, 2, 7, 8, 9, 64, 65, 100, 600], [1, 100_000, Int64.max >> 8])
  func theTreeFindsWhatAScanFinds(_ count: Int, _ unit: Int64) {
    var rng = RandomStream(seed: 3, name: "test")
    let largest = Resources(cpu: Cores(nano: 3), memory: Bytes(unit > 1 ? unit * 9 : 9))
    var tree = FitTree(count: count, largest: largest)
    var model = Array(repeating: FitTree.nothing, count: count)
    func draw() -> Resources {
      // A little off, so that amounts differ that share a step.
      let memory = Int64(rng.below(9)) * unit + Int64(rng.below(2))
      return Resources(cpu: Cores(nano: Int64(rng.below(9)) * unit), memory: Bytes(memory))
    }
    for _ in 0..<1000 {
      if count > 0 {
        let machine = rng.below(count)
        model[machine] = rng.below(4) == 0 ? FitTree.nothing : draw()
        tree.update(machine, to: model[machine])
      }
      let request = draw()
      let start = rng.below(count + 1)
      let expected = model.indices.first { $0 >= start && request.fits(in: model[$0]) }
      #expect(tree.first(fitting: request, from: start) == expected)
    }
  }

  @Test func quantilesAreExactThenWithinTheirError() {
    var rng = RandomStream(seed: 4, name: "test")
    var values: [Int64] = []
    var (whole, left, right) = (Tally(), Tally(), Tally())
    for count in 1...20_000 {
      let value = Int64(rng.exponential(mean: 1e7))
      values.append(value)
      whole.record(value)
      if count % 3 == 0 { left.record(value) } else { right.record(value) }
      guard count == Tally.exactLimit || count == 20_000 else { continue }
      let sorted = values.sorted()
      for p in [0.0, 0.001, 0.5, 0.9, 0.99, 0.999, 1] {
        let exact = Double(sorted[max(0, Int((p * Double(count)).rounded(.up)) - 1)])
        #expect(abs(whole.quantile(p) - exact) <= exact * whole.quantileError)
      }
      #expect(whole.quantileError == (count == 20_000 ? 1.0 / 256 : 0))
      #expect(whole.mean == Double(values.reduce(0, +)) / Double(count))
      #expect(whole.minimum == sorted.first)
      #expect(whole.maximum == sorted.last)
      let mean = whole.mean
      let squares = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
      #expect(abs(whole.variance / (squares / Double(count - 1)) - 1) < 1e-9)
    }
    left.merge(right)
    #expect(left == whole)
  }

  @Test func everyBucketHoldsItsValues() {
    for shift in 0..<62 {
      for offset in [-1, 0, 1] {
        let value = max(0, Int64(1) << Int64(shift) + Int64(offset))
        var distribution = Tally()
        for _ in 0...Tally.exactLimit { distribution.record(value) }
        distribution.record(0)
        let quantile = distribution.quantile(0.5)
        #expect(abs(quantile - Double(value)) <= Double(value) / 256)
      }
    }
  }

  @Test func theSeriesKeepsItsIntegralsWhenBinsMerge() {
    var rng = RandomStream(seed: 5, name: "test")
    var series = UsageSeries()
    var (time, total) = (Int64(1000), 0.0)
    for _ in 0..<3000 {
      let next = time + Int64(1 + rng.below(100_000))
      let level = Double(rng.below(100))
      total += level * Double(next - time)
      series.add(
        from: Microseconds(time), to: Microseconds(next),
        level: .init(used: [level, 0], capacity: [100, 1], tasks: [1, 0]))
      time = next
    }
    let bins = series.bins
    #expect((UsageSeries.binLimit / 2...UsageSeries.binLimit).contains(bins.count))
    #expect(bins[0].start.rawValue == 1000)
    let sum = bins.reduce(0.0) { $0 + $1.cpuUsed * Double($1.length.rawValue) }
    #expect(abs(sum / total - 1) < 1e-12)
    #expect(bins.reduce(0) { $0 + $1.length.rawValue } == time - 1000)
    #expect(bins.allSatisfy { abs($0.cpuCapacity - 100) < 1e-9 && abs($0.waiting - 1) < 1e-12 })
  }
}
