import Testing
import Workload

/// NumPy's `RandomState`.
@Suite struct MersenneTwisterTests {
  /// The C++ standard fixes the ten thousandth word of `mt19937` with its default seed, 5489.
  @Test func wordsAreTheStandards() {
    var random = MersenneTwister(seed: 5489)
    #expect(random.next() == 3_499_211_612)
    for _ in 2..<10_000 { _ = random.next() }
    #expect(random.next() == 4_123_659_995)
  }

  /// `numpy.random.RandomState(42)` of NumPy 2.4.6: `randint(22)`, `random_sample()`, `exponential(25000)`.
  @Test func drawsAreNumPys() {
    var random = MersenneTwister(seed: 42)
    #expect((0..<8).map { _ in random.below(22) } == [6, 19, 14, 10, 7, 20, 6, 18])
    #expect(random.uniform() == 0.09997491581800289)
    #expect(Int(random.exponential(mean: 25_000)) == 15369)
    #expect(random.below(1) == 0)
  }
}
