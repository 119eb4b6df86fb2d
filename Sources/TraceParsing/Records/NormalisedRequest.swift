/// What a task asks for as its trace has it: fractions of the largest machine's capacity. NaN is
/// "the trace says nothing".
struct NormalisedRequest: BitwiseCopyable {
  var cpu: Double
  var memory: Double
  var disk: Double

  static let unknown = NormalisedRequest(cpu: .nan, memory: .nan, disk: .nan)

  init(cpu: Double, memory: Double, disk: Double) {
    self.cpu = cpu
    self.memory = memory
    self.disk = disk
  }

  /// CPU, memory and disk of a vector.
  @inline(__always) init(_ vector: SIMD4<Double>) {
    self.init(cpu: vector[0], memory: vector[1], disk: vector[2])
  }

  /// This where it is known, otherwise `other`.
  @inline(__always) func or(_ other: NormalisedRequest) -> NormalisedRequest {
    NormalisedRequest(
      cpu: cpu == cpu ? cpu : other.cpu, memory: memory == memory ? memory : other.memory,
      disk: disk == disk ? disk : other.disk)
  }

  /// Whether the bits are the same: NaN is "nothing said" and equals itself here.
  @inline(__always) func isSame(as other: NormalisedRequest) -> Bool {
    (cpu.bitPattern ^ other.cpu.bitPattern) | (memory.bitPattern ^ other.memory.bitPattern)
      | (disk.bitPattern ^ other.disk.bitPattern) == 0
  }

  /// The larger of each, where both are known; otherwise the known one.
  @inline(__always) func maximum(_ other: NormalisedRequest) -> NormalisedRequest {
    NormalisedRequest(
      cpu: Self.larger(cpu, other.cpu), memory: Self.larger(memory, other.memory),
      disk: Self.larger(disk, other.disk))
  }

  @inline(__always) private static func larger(_ a: Double, _ b: Double) -> Double {
    b > a || a != a ? b : a
  }

  /// CPU, memory, disk and nothing.
  var vector: SIMD4<Double> { SIMD4(cpu, memory, disk, .nan) }
}
