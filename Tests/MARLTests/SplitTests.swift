import Testing

@testable import MARL

@Suite struct SplitTests {
  @Test func heldOutSeedsAreConsecutive() throws {
    #expect(EpisodeSeed.heldOut(3)?.map(\.value) == [1, 2, 3])
    #expect(EpisodeSeed.heldOut(3, from: 2001)?.map(\.value) == [2001, 2002, 2003])
    #expect(EpisodeSeed.heldOut(999)?.last?.value == 999)
    #expect(EpisodeSeed.heldOut(7999, from: 2001)?.last?.value == 9999)
  }

  /// No number is a seed of two splits.
  @Test func splitsAreDisjoint() throws {
    for a in Split.allCases {
      for range in a.ranges {
        for value in [range.lowerBound, range.upperBound] {
          #expect(EpisodeSeed(a, value)?.split == a)
          for b in Split.allCases where b != a { #expect(EpisodeSeed(b, value) == nil) }
        }
        for b in Split.allCases where b != a {
          #expect(!b.ranges.contains { $0.overlaps(range) }, "\(a) \(b)")
        }
      }
    }
    for seed in [0, 1, 7, UInt64(UInt32.max)] {
      for number in [0, 1, 1_000_000, 1 << 30, 1 << 40] {
        #expect(EpisodeSeed.training(seed, number).split == .training)
      }
    }
    #expect(EpisodeSeed.training(3, 5).value == 3 << 32 + 1 << 20 + 5)
    #expect(EpisodeSeed.some(.validation, 1000)?.last?.value == 2000)
    #expect(EpisodeSeed.some(.validation, 1001) == nil)
    #expect(EpisodeSeed.some(.tuning, 20)?.first?.value == 10_001)
  }

  @Test(arguments: [
    (1000, 1), (2, 999), (1, 1000), (1, 1001), (1, 2000), (1, 10_000), (2, 9999), (1, 0), (0, 1),
    (-1, 1), (Int.max, 1), (1, Int.max), (1, Int.min),
  ])
  func seedsOfOtherSplitsAreRefused(count: Int, first: Int) {
    #expect(EpisodeSeed.heldOut(count, from: first) == nil)
  }
}
