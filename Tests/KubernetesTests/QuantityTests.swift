import KubeObjects
import Testing

@Suite struct QuantityTests {
  @Test(
    arguments: [
      ("250m", 250_000_000), ("0.25", 250_000_000), ("1", 1_000_000_000),
      ("1e3", 1_000_000_000_000),
      ("1k", 1_000_000_000_000), ("1Ki", 1_024_000_000_000), ("1.5Gi", 1_610_612_736_000_000_000),
      ("100n", 100), ("1u", 1000), ("0.1n", 1), ("-1", -1_000_000_000), ("+2", 2_000_000_000),
      (".5", 500_000_000),
      ("5.", 5_000_000_000), ("1E", 1_000_000_000_000_000_000_000_000_000),
      ("1E2", 100_000_000_000), ("12e-1", 1_200_000_000),
    ] as [(String, Int128)])
  func whatKubernetesWrites(text: String, nano: Int128) {
    #expect(Quantity(text)?.nano == nano)
  }

  @Test(arguments: [
    "", "m", "1x", "1 Gi", "Gi", "1Gi ", "--1", "1e", "1e99", "0x10", "1,5", "∞", "99999999999Ei",
    ".",
  ])
  func whatIsNoQuantity(text: String) { #expect(Quantity(text) == nil) }

  @Test func roundsUp() {
    #expect(
      Quantity("1m")!.units == 1 && Quantity("1n")!.milli == 1 && Quantity("1500m")!.units == 2)
    #expect(Quantity("-1500m")!.units == -1)
    #expect(Quantity("7Ei")!.units == 7 << 60 && Quantity("8Ei") == nil)
  }
}
