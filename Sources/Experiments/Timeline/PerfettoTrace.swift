import Simulation
import Workload

/// A ``Timeline`` as a Perfetto trace: TrackEvent packets of the protobuf that
/// https://ui.perfetto.dev opens (perfetto/protos/perfetto/trace/track_event/track_event.proto). Machines are
/// processes, their lanes threads, tasks slices; queue and use are counters.
public struct PerfettoTrace {
  /// The trace as a file has it.
  public private(set) var bytes: [UInt8] = []

  /// The trace of an arranged timeline and a run's use over time. O(n).
  public init(_ timeline: Timeline, series: UsageSeries) {
    bytes.reserveCapacity(timeline.bars.count * 110 + 4096)
    let sequence = Field.number(10, 1)
    for (place, row) in timeline.rows.enumerated() {
      let machine = UInt64(place + 1) << 20
      packet(
        .message(
          60,
          [
            .number(1, machine), .text(2, "machine \(row.machine)"), .number(11, 3),
          ]), sequence)
      for lane in 0..<row.lanes {
        packet(
          .message(
            60,
            [
              .number(1, machine + 1 + UInt64(lane)), .number(5, machine),
              .number(12, UInt64(lane)),
              .text(2, "lane \(lane + 1)"),
            ]), sequence)
      }
    }
    // Lanes in order of time; Perfetto orders the whole.
    var (row, place) = (-1, Int64.min)
    for bar in timeline.bars {
      if bar.machine != place || row < 0 {
        row += 1
        place = bar.machine
      }
      let track = UInt64(row + 1) << 20 + 1 + UInt64(bar.lane)
      packet(
        .number(8, UInt64(max(0, bar.start)) * 1000), sequence,
        .message(
          11,
          [
            .number(9, 1), .number(11, track),
            .text(
              23,
              "job \(bar.job) task \(bar.index)"
                + (timeline.gangs > 0 ? " instance \(bar.instance)" : "")),
            .text(
              22, Int(bar.kind) < timeline.kinds.count ? timeline.kinds[Int(bar.kind)] : "unknown"),
            .message(4, [.text(10, "wait_us"), .number(4, UInt64(max(0, bar.wait)))]),
          ]))
      packet(
        .number(8, UInt64(max(0, bar.end)) * 1000), sequence,
        .message(11, [.number(9, 2), .number(11, track)]))
    }
    counters(series, sequence, hasGangs: timeline.gangs > 0)
  }

  private mutating func counters(_ series: UsageSeries, _ sequence: Field, hasGangs: Bool) {
    let tracks: [(name: String, value: (UsageSeries.Bin) -> Double)] = [
      ("tasks waiting", { $0.waiting }),
      (hasGangs ? "instances running" : "tasks running", { $0.running }),
      ("CPU in use, %", { 100 * $0.cpuUsed / max($0.cpuCapacity, 1e-9) }),
      ("memory in use, %", { 100 * $0.memoryUsed / max($0.memoryCapacity, 1e-9) }),
    ]
    for (place, track) in tracks.enumerated() {
      let id = UInt64(place + 1)
      packet(
        .message(60, [.number(1, id), .text(2, track.name), .message(8, [])]), sequence)
      for bin in series.bins {
        packet(
          .number(8, UInt64(max(0, bin.start.rawValue)) * 1000), sequence,
          .message(11, [.number(9, 4), .number(11, id), .double(44, track.value(bin))]))
      }
    }
  }

  private mutating func packet(_ fields: Field...) {
    Field.message(1, fields).write(to: &bytes)
  }

  /// A field of a protobuf message.
  private indirect enum Field {
    case number(UInt64, UInt64)
    case double(UInt64, Double)
    case text(UInt64, String)
    case message(UInt64, [Field])

    /// How many bytes its value takes.
    private var length: Int {
      switch self {
      case .number(_, let value): Self.length(value)
      case .double: 8
      case .text(_, let text): text.utf8.count
      case .message(_, let fields): fields.reduce(0) { $0 + $1.size }
      }
    }

    /// How many bytes it takes in all.
    private var size: Int {
      let length = self.length
      return switch self {
      case .number(let id, _), .double(let id, _): Self.length(id << 3) + length
      case .text(let id, _), .message(let id, _):
        Self.length(id << 3) + Self.length(UInt64(length)) + length
      }
    }

    func write(to bytes: inout [UInt8]) {
      switch self {
      case .number(let id, let value):
        Self.write(id << 3, to: &bytes)
        Self.write(value, to: &bytes)
      case .double(let id, let value):
        Self.write(id << 3 | 1, to: &bytes)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
      case .text(let id, let text):
        Self.write(id << 3 | 2, to: &bytes)
        Self.write(UInt64(text.utf8.count), to: &bytes)
        bytes.append(contentsOf: text.utf8)
      case .message(let id, let fields):
        Self.write(id << 3 | 2, to: &bytes)
        Self.write(UInt64(length), to: &bytes)
        for field in fields { field.write(to: &bytes) }
      }
    }

    private static func length(_ value: UInt64) -> Int {
      max(1, (64 - value.leadingZeroBitCount + 6) / 7)
    }

    private static func write(_ value: UInt64, to bytes: inout [UInt8]) {
      var value = value
      while value >= 0x80 {
        bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
        value >>= 7
      }
      bytes.append(UInt8(value))
    }
  }
}
