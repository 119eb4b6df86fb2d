import Testing
import Workload

@Suite struct UnitTests {
  @Test func microsecondsSaturateInsteadOfTrapping() {
    #expect(Microseconds.never + Microseconds(5) == .never)
    #expect(Microseconds(-5) + Microseconds(.min) == Microseconds(.min))
    #expect(Microseconds(.min) - Microseconds(1) == Microseconds(.min))
    #expect(Microseconds(seconds: 1e300) == .never)
    #expect(Microseconds(seconds: 1.0000005).rawValue == 1_000_001)
    #expect(Microseconds.never.scaled(by: 0.5) == .never)
  }

  @Test func tenTenthsOfACoreAreOneCore() {
    let tenth = Cores(0.1)
    #expect((0..<10).reduce(Cores.zero) { sum, _ in sum + tenth } == Cores(1))
  }

  @Test func energyIsInKilowattHoursAtTheEdge() {
    #expect(Watts(1000).over(Microseconds(seconds: 3600)).kilowattHours == 1)
  }

  @Test func fittingNeedsEveryDimension() {
    let room = Resources(cpu: Cores(2), memory: Bytes(10), disk: Bytes(10), milliGPU: 500)
    #expect(room.fits(in: room))
    for tooMuch in [
      Resources(cpu: Cores(2.1)), Resources(memory: Bytes(11)), Resources(disk: Bytes(11)),
      Resources(milliGPU: 501),
    ] { #expect(!tooMuch.fits(in: room)) }
  }
}

@Suite struct SymbolTableTests {
  @Test func numbersGoByFirstAppearance() {
    var table = SymbolTable()
    #expect(table.intern("") == 0)
    let numbers = (0..<1000).map { table.intern("user \($0 % 200)") }
    #expect(numbers == (0..<1000).map { UInt32($0 % 200 + 1) })
    #expect(table[7] == "user 6")
    #expect(table[9999] == "")
    #expect(table.count == 201)
  }
}

@Suite struct RandomStreamTests {
  /// Random123's known answers for philox4x64-10 (kat_vectors), counters (0,0,0,0) and all ones.
  /// The stream's first block has counter 1, so the answers are those of the function itself.
  @Test func philoxGivesThePublishedAnswers() {
    #expect(
      RandomStream.philox(counter: (0, 0, 0, 0), key: (0, 0)) == (
        0x1655_4d9e_ca36_314c, 0xdb20_fe9d_672d_0fdc, 0xd7e7_72ce_e186_176b, 0x7e68_b68a_ec7b_a23b
      ))
    let ones = UInt64.max
    #expect(
      RandomStream.philox(counter: (ones, ones, ones, ones), key: (ones, ones)) == (
        0x87b0_92c3_013f_e90b, 0x438c_3c67_be8d_0224, 0x9cc7_d7c6_9cd7_77b6, 0xa09c_aebf_594f_0ba0
      ))
  }

  @Test func namesAndItemsAreApart() {
    var seen: Set<UInt64> = []
    for name in ["arrivals", "requests", "agent/17"] {
      for item in 0..<50 {
        var stream = RandomStream(seed: 1, name: name).at(UInt64(item))
        for _ in 0..<20 { seen.insert(stream.next()) }
      }
    }
    #expect(seen.count == 3 * 50 * 20)
  }

  @Test func anItemsDrawsDoNotDependOnOthers() {
    let stream = RandomStream(seed: 3, name: "x")
    var one = stream.at(5)
    var other = stream
    for _ in 0..<100 { _ = other.next() }
    var again = other.at(5)
    for _ in 0..<10 { #expect(one.next() == again.next()) }
  }

  @Test func belowIsUniform() {
    var stream = RandomStream(seed: 11, name: "below")
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[stream.below(7)] += 1 }
    let chiSquare = counts.map { Double(($0 - 10_000) * ($0 - 10_000)) / 10_000 }.reduce(0, +)
    #expect(chiSquare < 22.46)  // p = 0.001 at 6 degrees of freedom
  }

  @Test func uniformsStayInside() {
    var stream = RandomStream(seed: 12, name: "uniform")
    for _ in 0..<10_000 {
      let (closed, open) = (stream.uniform(), stream.openUniform())
      #expect(closed >= 0 && closed < 1 && open > 0 && open < 1)
    }
  }
}
