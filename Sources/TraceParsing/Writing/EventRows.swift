import Quoting
import Tables
import TraceInput
import Workload

/// Rows of `task_events` or `job_events`.
struct EventRows {
  private let table: Google2011Table
  private let scale: MachineScale
  /// By user, ready to be written.
  private let users: [[UInt8]]

  init(_ table: Google2011Table, _ scale: MachineScale, _ symbols: SymbolTable) {
    self.table = table
    self.scale = scale
    users = symbols.strings.map { Array(Quoting.csvField($0).utf8) }
  }

  func append(_ event: LifecycleEvent, to text: inout [UInt8]) {
    text.append(number: event.time.rawValue)
    text += event.flags.contains(.missingInfo) ? ",0,".utf8 : ",,".utf8
    text.append(number: event.id.job)
    text.append(comma)
    if table == .taskEvents {
      text.append(number: Int64(event.id.index))
      text.append(comma)
      if event.machine >= 0 { text.append(number: event.machine) }
      text.append(comma)
    }
    text.append(number: Int64(event.kind.rawValue))
    text.append(comma)
    text += users[Int(event.user.rawValue)]
    text.append(comma)
    if event.schedulingClass >= 0 { text.append(number: Int64(event.schedulingClass)) }
    guard table == .taskEvents else {
      text += ",,\n".utf8
      return
    }
    text.append(comma)
    text.append(number: Int64(Self.priority(event)))
    let request = event.request.vector
    for lane in 0..<3 {
      text.append(comma)
      if !request[lane].isNaN { text += scale.text(request[lane], lane: lane).utf8 }
    }
    text += event.flags.contains(.differentMachines) ? ",1\n".utf8 : ",0\n".utf8
  }

  /// The trace's own priority, or the lowest of its class's band where there is none.
  private static func priority(_ event: LifecycleEvent) -> Int16 {
    if event.priority >= 0 { return event.priority }
    return switch event.priorityClass {
    case .unknown, .bestEffort: 0
    case .batch: 2
    case .mid: 8
    case .production: 9
    case .monitoring: 12
    }
  }
}

/// Rows of `machine_events`.
struct MachineRows {
  private let scale: MachineScale
  private let symbols: SymbolTable
  private let shift: Microseconds

  init(_ scale: MachineScale, _ symbols: SymbolTable, shift: Microseconds) {
    self.scale = scale
    self.symbols = symbols
    self.shift = shift
  }

  func append(_ event: MachineEvent, to text: inout [UInt8]) {
    let capacity = scale.normalised(event.capacity)
    func amount(_ lane: Int) -> String {
      // What is not known stays unsaid.
      let isUnknown = event.capacity == .zero || (lane == 1 && event.unknown.contains(.memory))
      return isUnknown ? "" : scale.text(capacity[lane], lane: lane)
    }
    let time = event.time == .zero ? .zero : event.time + shift
    text += "\(time.rawValue),\(event.machine),\(event.kind.rawValue),".utf8
    text += "\(Quoting.csvField(symbols[event.platform])),\(amount(0)),\(amount(1))\n".utf8
  }
}

private let comma = UInt8(ascii: ",")

extension [UInt8] {
  fileprivate mutating func append(number: Int64) {
    guard number >= 0 else { return self += String(number).utf8 }
    let start = count
    var rest = number
    repeat {
      append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    self[start...].reverse()
  }
}

extension MachineScale {
  /// The shortest decimal that reads back as the same amount: published requests have four or five
  /// digits, which whole bytes divided by the machine's would not show.
  func text(_ normalised: Double, lane: Int) -> String {
    func amount(_ value: Double) -> Resources {
      var all = SIMD4<Double>.zero
      all[lane] = value
      return resources(all)
    }
    let meant = amount(normalised)
    var power = 10.0
    for _ in 0..<15 {
      let short = (normalised * power).rounded() / power
      if short != 0, amount(short) == meant { return decimal(short) }
      power *= 10
    }
    return decimal(normalised)
  }
}
