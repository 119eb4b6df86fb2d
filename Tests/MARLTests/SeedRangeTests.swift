import Testing

@testable import MARL

@Suite struct SeedRangeTests {
  @Test func evaluationSeedsAreConsecutiveAndNobodyElses() throws {
    #expect(SeedRange.evaluation(3) == [1, 2, 3])
    #expect(SeedRange.evaluation(3, from: 2001) == [2001, 2002, 2003])
    #expect(SeedRange.evaluation(999)?.last == 999)
    let others = Set(SeedRange.validation(1000) + SeedRange.tuning(1000))
    for first in [1, 990, 2001, 9000] {
      for count in [1, 10, 999] {
        guard let seeds = SeedRange.evaluation(count, from: first) else { continue }
        #expect(seeds == (first..<first + count).map { UInt64($0) })
        #expect(others.isDisjoint(with: seeds))
      }
    }
  }

  @Test(arguments: [
    (1000, 1), (2, 999), (1, 1000), (1, 1001), (1, 2000), (1, 10_000), (2, 9999), (1, 0), (0, 1),
    (-1, 1), (Int.max, 1), (1, Int.max), (1, Int.min),
  ])
  func seedsOfOtherRangesAreRefused(count: Int, first: Int) {
    #expect(SeedRange.evaluation(count, from: first) == nil)
  }
}
